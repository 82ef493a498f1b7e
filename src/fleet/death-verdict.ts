import type { HostId } from '../base/ids.ts';
import type { LifeSigns } from '../state/life-signs.ts';
import type { SurveyedHost } from '../state/survey.ts';

/**
 * Whose death a host looks out for: the next one in the ring of live hosts in the order of their ids, so that each is watched
 * by one other. Hosts that cannot be told by their connections are left out. Undefined: nobody to watch.
 */
export function neighbourOf(hosts: readonly Pick<SurveyedHost, 'hostId' | 'watchable'>[], self: HostId): HostId | undefined {
  const ring = hosts
    .filter((host) => host.watchable && host.hostId !== self)
    .map((host) => host.hostId)
    .toSorted();
  return ring.find((host) => host > self) ?? ring[0];
}

/** What a hint that a host died comes to. */
export type Verdict =
  /** Its lease may end now. */
  | 'dead'
  /** It lives: a connection broke, no more. */
  | 'alive'
  /** It is no host any more. */
  | 'left'
  /** Nothing to go by: its lease decides. */
  | 'undecided'
  | 'look again';

/** Sessions that end need a moment to; those that are still there after so many looks belong to a process that lives. */
const MOST_LOOKS = 10;

export interface Look {
  readonly signs: LifeSigns | undefined;
  /** What this machine knows of the process: certain, where it is one of its own. */
  readonly process: 'gone' | 'there' | 'unknown';
  /** The look before this one, a pause ago. */
  readonly before: LifeSigns | undefined;
  /** Looks so far, this one included. */
  readonly looks: number;
}

/**
 * Decides by a fresh look. A death is concluded only from what a killed process does and nothing else: all its connections
 * ended at one time, shortly after a beat, and for a pause nothing came after. Whoever was silent before is frozen or cut off,
 * and still trusts its lease: that is left to run out.
 */
export function judge({ signs, process, before, looks }: Look): Verdict {
  if (signs === undefined || !signs.live) return 'left';
  if (process === 'gone') return 'dead';
  // It spoke, or asks not to be judged by its connections: it noticed that one broke.
  if (process === 'there' || signs.beatenSince || signs.sessions === null) return 'alive';
  if (!signs.beatenUnderWatch || signs.silentMs < 0 || signs.silentMs > signs.leaseMs / 2) return 'undecided';
  if (signs.sessions > 0) return looks < MOST_LOOKS ? 'look again' : 'alive';
  return before?.sessions === 0 ? 'dead' : 'look again';
}
