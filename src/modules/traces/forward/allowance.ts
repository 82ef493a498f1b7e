/** LangSmith takes 5,000 requests for runs a minute of one key. */
export const REQUESTS_A_MINUTE = 5_000;

/** So many requests a minute, evenly: a twentieth of them at once. */
export class Allowance {
  readonly #perMs: number;
  readonly #most: number;
  #left: number;
  #at: number;

  constructor(perMinute: number, now: number) {
    this.#perMs = perMinute / 60_000;
    this.#most = Math.max(1, perMinute / 20);
    this.#left = this.#most;
    this.#at = now;
  }

  /** Takes one. Answers how long to wait before it is used, ms. */
  take(now: number): number {
    this.#left = Math.min(this.#most, this.#left + Math.max(0, now - this.#at) * this.#perMs) - 1;
    this.#at = now;
    return this.#left >= 0 ? 0 : -this.#left / this.#perMs;
  }
}
