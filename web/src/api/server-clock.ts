/**
 * The server's clock as seen from here. A browser whose clock is a minute off would call every heartbeat stale, so ages are
 * reckoned from the Date header of answers instead. Pure reckoning; `client.ts` feeds it.
 */
export interface ClockOffset {
  /** Server's time minus ours, ms. */
  readonly offsetMs: number;
  /** Half of the round trip and the half second the header rounds away: how wrong it may be. */
  readonly errorMs: number;
}

/** Narrows the estimate with one more answer; the more exact of the two wins, and an old one widens until it loses. */
export function narrow(
  before: ClockOffset | undefined,
  answer: { sentAt: number; receivedAt: number; date: string | null },
): ClockOffset | undefined {
  if (answer.date === null) return before;
  const serverAt = Date.parse(answer.date);
  if (Number.isNaN(serverAt)) return before;
  // The header names the second in which the answer was made: on average it is half over.
  const measured = {
    offsetMs: serverAt + 500 - (answer.sentAt + answer.receivedAt) / 2,
    errorMs: (answer.receivedAt - answer.sentAt) / 2 + 500,
  };
  if (before === undefined) return measured;
  const aged = { offsetMs: before.offsetMs, errorMs: before.errorMs + 1 };
  return measured.errorMs < aged.errorMs || Math.abs(measured.offsetMs - aged.offsetMs) > measured.errorMs + aged.errorMs ? measured : aged;
}

let estimate: ClockOffset | undefined;

export function observe(answer: { sentAt: number; receivedAt: number; date: string | null }): void {
  estimate = narrow(estimate, answer);
}

/** Milliseconds since 1970 by the server's clock; ours, while the two agree as far as can be told. */
export function serverNow(): number {
  const ours = Date.now();
  if (estimate === undefined || Math.abs(estimate.offsetMs) <= estimate.errorMs + 1_000) return ours;
  return ours + estimate.offsetMs;
}
