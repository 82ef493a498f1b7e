const CLOSES_WITHIN_MS = 1_000;

/**
 * Collects topics: the first is sent at once, what follows within `quietMs` goes out together. Bounded by the number of
 * topics, which is small and ours.
 */
export class HintQueue {
  readonly #send: (topics: readonly string[]) => Promise<void>;
  readonly #quietMs: number;
  readonly #pending = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #closed = false;

  constructor(send: (topics: readonly string[]) => Promise<void>, quietMs: number) {
    this.#send = send;
    this.#quietMs = quietMs;
  }

  add(topic: string): void {
    if (this.#closed) return;
    this.#pending.add(topic);
    if (this.#timer === undefined && this.#sending === undefined) this.#flush();
  }

  #flush(): void {
    const topics = [...this.#pending];
    this.#pending.clear();
    this.#sending = this.#send(topics).finally(() => {
      this.#sending = undefined;
      if (!this.#closed && this.#timer === undefined && this.#pending.size > 0) this.#flush();
    });
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#sending === undefined && this.#pending.size > 0) this.#flush();
    }, this.#quietMs);
  }

  /**
   * Sends what waits, and nothing more; resolves when it has arrived or failed, or after a second. The last word of a process is
   * that what it held is free: others would find that out only by polling.
   */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#closed = true;
    const last = (this.#sending ?? Promise.resolve()).then(() => (this.#pending.size > 0 ? this.#send([...this.#pending]) : undefined));
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([last, new Promise((resolve) => (timer = setTimeout(resolve, CLOSES_WITHIN_MS)))]);
    clearTimeout(timer);
  }
}
