import type { Level } from './notification.ts';
import type { Outcome } from './outcome.ts';

/** Messages are kept, and tried, for so long. */
export const KEEP_MS = 48 * 3_600_000;
/** A message that its receiver refuses is tried so often: what was refused may have been the receiver's own fault. */
const MOST_REFUSALS = 5;
const FIRST_MS = 1_000;
const LONGEST_MS: Readonly<Record<Level, number>> = { emergency: 10_000, critical: 10_000, warning: 30_000, info: 60_000 };
/** A channel that has to be mended is tried so rarely, but tried: nobody need tell us that it works again. */
const BROKEN_FIRST_MS = 10_000;
const BROKEN_LONGEST_MS = 60_000;
/** Between two attempts of a breaker that is open: with bringing what waited, nobody waits for more than ten seconds after a channel works again. */
const PROBE_LONGEST_MS = 8_000;
/** So many failures in a row open the breaker of a channel. */
const FAILURES_THAT_OPEN = 5;
/** A channel that has not worked for so long is told to the others. */
export const FLAG_AFTER_MS = 300_000;

/** What becomes of a message. */
export type Verdict =
  | { readonly state: 'delivered' }
  | { readonly state: 'pending'; readonly inMs: number }
  | { readonly state: 'failed'; readonly reason: string };

export interface Attempted {
  readonly outcome: Outcome;
  /** This one included. */
  readonly attempts: number;
  readonly level: Level;
  /** Since the message was written. */
  readonly ageMs: number;
}

/** Whether a message is done, tried again and when, or given up. `random` in [0, 1). */
export function decide({ ageMs, attempts, level, outcome }: Attempted, random: number): Verdict {
  if (outcome.kind === 'delivered') return { state: 'delivered' };
  if (outcome.kind === 'refused' && attempts >= MOST_REFUSALS)
    return { state: 'failed', reason: `${outcome.reason}, ${attempts} times over` };
  if (ageMs >= KEEP_MS) return { state: 'failed', reason: `${outcome.reason}; it was tried for ${KEEP_MS / 3_600_000} hours` };
  const backOffMs = backOff(attempts, FIRST_MS, LONGEST_MS[level], random);
  // Never before the time the receiver named.
  if (outcome.kind === 'retry') return { state: 'pending', inMs: Math.max(outcome.retryAfterMs ?? 0, backOffMs) };
  return { state: 'pending', inMs: outcome.kind === 'broken' ? backOff(attempts, BROKEN_FIRST_MS, BROKEN_LONGEST_MS, random) : backOffMs };
}

/** What is known of a channel's health. */
export interface Breaker {
  readonly open: boolean;
  /** In a row. */
  readonly failures: number;
  /** For how long it has been failing; null: it is not. */
  readonly failingForMs: number | null;
  /** The other channels know. */
  readonly flagged: boolean;
}

export interface BreakerStep {
  /** Nothing is sent for so long, then one attempt; null: it is closed. */
  readonly openForMs: number | null;
  readonly failures: number;
  /** It works again: whatever waits is due now. */
  readonly recovered: boolean;
  /** The other channels are to hear that it does not work, or that it does again. */
  readonly tell: 'failing' | 'works' | null;
}

/**
 * The breaker of a channel after an attempt. While it is open a single attempt at a time finds out whether the channel works
 * again: at most ten seconds after it does, however many messages wait and however unimportant they are.
 */
export function afterAttempt(breaker: Breaker, outcome: Outcome, random: number): BreakerStep {
  if (outcome.kind === 'delivered' || outcome.kind === 'refused') {
    return { openForMs: null, failures: 0, recovered: breaker.open, tell: breaker.flagged ? 'works' : null };
  }
  const failures = breaker.failures + 1;
  const lasting = outcome.kind === 'broken' || (breaker.failingForMs ?? 0) >= FLAG_AFTER_MS;
  const tell = lasting && !breaker.flagged ? 'failing' : null;
  if (outcome.kind === 'broken') {
    return { openForMs: backOff(failures, BROKEN_FIRST_MS, BROKEN_LONGEST_MS, random), failures, recovered: false, tell };
  }
  // Too many requests, or come back later: that holds for the channel and not for this message alone.
  if (outcome.retryAfterMs !== undefined && outcome.retryAfterMs > 0)
    return { openForMs: outcome.retryAfterMs, failures, recovered: false, tell };
  const opens = breaker.open || failures >= FAILURES_THAT_OPEN;
  const openForMs = opens ? backOff(failures - FAILURES_THAT_OPEN + 1, FIRST_MS, PROBE_LONGEST_MS, random) : null;
  return { openForMs, failures, recovered: false, tell };
}

/** Doubles from the first to the longest; spread over the upper half of that, so that those who failed together do not come together. */
function backOff(attempt: number, firstMs: number, longestMs: number, random: number): number {
  const fullMs = Math.min(firstMs * 2 ** Math.min(Math.max(attempt - 1, 0), 30), longestMs);
  return Math.round(fullMs * (0.5 + random / 2));
}
