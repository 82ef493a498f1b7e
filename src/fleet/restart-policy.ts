/** When an agent that crashed is started again. Pure: time and chance are arguments. */
export interface RestartPolicy {
  /** The pause after the first crash is at most this; each further one doubles it. */
  readonly baseMs: number;
  readonly capMs: number;
  /** So many crashes within `withinMs` mean that starting again does not help: crash_looping. */
  readonly crashes: number;
  readonly withinMs: number;
  /** A life this long clears the record. */
  readonly wellAfterMs: number;
}

export const RESTART_POLICY: RestartPolicy = { baseMs: 1_000, capMs: 300_000, crashes: 5, withinMs: 60_000, wellAfterMs: 60_000 };

export interface CrashRecord {
  /** Crashes since the agent last ran well. */
  readonly attempts: number;
  /** When the recent ones were, monotonic milliseconds, at most as many as the limit counts. */
  readonly times: readonly number[];
  readonly looping: boolean;
}

export const NO_CRASHES: CrashRecord = { attempts: 0, times: [], looping: false };

/** The record after a crash at `now` that ended a life of `livedMs`. */
export function afterCrash(record: CrashRecord, now: number, livedMs: number, policy: RestartPolicy = RESTART_POLICY): CrashRecord {
  const before = livedMs >= policy.wellAfterMs ? NO_CRASHES : record;
  const times = [...before.times.filter((time) => now - time < policy.withinMs), now].slice(-policy.crashes);
  return { attempts: before.attempts + 1, times, looping: before.looping || times.length >= policy.crashes };
}

/**
 * The pause before the next start. Full jitter, so that a thousand agents that lost the same dependency do not come back as
 * one; an agent that loops is tried about every five minutes.
 */
export function restartDelayMs(record: CrashRecord, random: number, policy: RestartPolicy = RESTART_POLICY): number {
  if (record.looping) return policy.capMs * (0.5 + random / 2);
  return random * Math.min(policy.capMs, policy.baseMs * 2 ** Math.max(0, record.attempts - 1));
}
