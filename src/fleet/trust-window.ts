/**
 * How long a host may believe in its own lease. It counts from before the beat was sent, by its own monotonic clock, and ends
 * a margin before the lease can end: the database counts from when the beat arrived, which is later. So a host stops by
 * itself before anybody can take its agents, even while it cannot reach the database.
 */
export interface TrustWindow {
  /** Monotonic milliseconds. */
  readonly until: number;
}

export const NO_TRUST: TrustWindow = { until: Number.NEGATIVE_INFINITY };

/** An eighth of the lease covers clocks that run at different rates and the time it takes to abort. */
export const marginOf = (leaseMs: number): number => leaseMs / 8;

/** After a beat sent at `sentAt` was confirmed. Answers may overtake each other: trust never shrinks. */
export function extendTrust(window: TrustWindow, sentAt: number, leaseMs: number): TrustWindow {
  return { until: Math.max(window.until, sentAt + leaseMs - marginOf(leaseMs)) };
}

export const isTrusted = (window: TrustWindow, now: number): boolean => now < window.until;

/**
 * An agent in a thread or process of its own has half the margin to end after trust has; then it is ended by force, which the
 * other half is for. So it is gone before anybody else can have the agent.
 */
export const lapseGraceOf = (leaseMs: number): number => marginOf(leaseMs) / 2;
