import { extendTrust, isTrusted, NO_TRUST, type TrustWindow } from './trust-window.ts';

/**
 * What a host believes about its own lease. Pure: time is an argument, on the host's monotonic clock in milliseconds.
 * unconfirmed → held ⇄ lapsed → taken | over
 */
export interface LeaseBelief {
  readonly phase: 'unconfirmed' | 'held' | 'lapsed' | 'taken' | 'over';
  readonly trust: TrustWindow;
  /** When others may have begun to think that this host died: a beat sent before then proves nothing. */
  readonly doubtedAt: number;
  /** Whether others may still think so. */
  readonly doubted: boolean;
}

export const NO_LEASE: LeaseBelief = { phase: 'unconfirmed', trust: NO_TRUST, doubtedAt: Number.NEGATIVE_INFINITY, doubted: false };

/** Whether the host may run agents and write in their names. */
export const mayAct = (belief: LeaseBelief, now: number): boolean => belief.phase === 'held' && isTrusted(belief.trust, now);

export interface BeatAnswer {
  /** False: somebody took the lease. */
  readonly held: boolean;
  readonly sentAt: number;
  readonly leaseMs: number;
}

/** After a beat was answered. One whose trust is over by the time the answer comes confirms nothing. */
export function afterAnswer(belief: LeaseBelief, answer: BeatAnswer, now: number): LeaseBelief {
  if (belief.phase === 'taken' || belief.phase === 'over') return belief;
  if (!answer.held) return { ...belief, phase: 'taken', trust: NO_TRUST };
  const dispelled = answer.sentAt >= belief.doubtedAt;
  const trust = dispelled ? extendTrust(belief.trust, answer.sentAt, answer.leaseMs) : belief.trust;
  return { ...belief, phase: isTrusted(trust, now) ? 'held' : belief.phase, trust, doubted: belief.doubted && !dispelled };
}

/** After others may take the host for dead in `ms`: until a beat sent from now on is confirmed, it believes no longer than that. */
export function afterDoubt(belief: LeaseBelief, ms: number, now: number): LeaseBelief {
  return { ...belief, trust: { until: Math.min(belief.trust.until, now + ms) }, doubtedAt: now, doubted: true };
}

/** After time has passed: trust that was not renewed has ended. */
export function afterTime(belief: LeaseBelief, now: number): LeaseBelief {
  return belief.phase === 'held' && !isTrusted(belief.trust, now) ? { ...belief, phase: 'lapsed' } : belief;
}

/** After the host gave its lease up. */
export const afterStop = (belief: LeaseBelief): LeaseBelief => ({ ...belief, phase: 'over' });
