/**
 * Until when the host of an isolated agent believes in its lease: a moment of the machine's monotonic clock, in memory that
 * threads share. The agent's side looks at it by itself, because a host that is frozen or blocked tells nobody anything.
 */
export class TrustDeadline {
  readonly memory: SharedArrayBuffer;
  readonly #at: BigInt64Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.memory = memory;
    this.#at = new BigInt64Array(memory);
  }

  /** Nanoseconds as `process.hrtime.bigint()` counts them: the same clock for all processes of a machine. */
  get at(): bigint {
    return Atomics.load(this.#at, 0);
  }

  /** Trust never shrinks: words may overtake each other. */
  extend(at: bigint): void {
    if (at > this.at) Atomics.store(this.#at, 0, at);
  }

  /** Below 0: it has passed. */
  get leftMs(): number {
    return Number(this.at - process.hrtime.bigint()) / 1e6;
  }
}

/** The moment that lies so far ahead. */
export const deadlineIn = (ms: number): bigint => process.hrtime.bigint() + BigInt(Math.round(ms * 1e6));

/** Calls `passed` once the deadline has passed by `afterMs`, and never while it is being extended in time. Ends by itself then. */
export function watchDeadline(deadline: TrustDeadline, afterMs: number, passed: () => void): void {
  const left = deadline.leftMs + afterMs;
  if (left <= 0) return passed();
  setTimeout(() => watchDeadline(deadline, afterMs, passed), Math.min(Math.ceil(left), 60_000)).unref();
}
