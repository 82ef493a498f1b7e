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

  constructor(send: (topics: readonly string[]) => Promise<void>, quietMs: number) {
    this.#send = send;
    this.#quietMs = quietMs;
  }

  add(topic: string): void {
    this.#pending.add(topic);
    if (this.#timer === undefined && this.#sending === undefined) this.#flush();
  }

  #flush(): void {
    const topics = [...this.#pending];
    this.#pending.clear();
    this.#sending = this.#send(topics).finally(() => {
      this.#sending = undefined;
      if (this.#timer === undefined && this.#pending.size > 0) this.#flush();
    });
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#sending === undefined && this.#pending.size > 0) this.#flush();
    }, this.#quietMs);
  }

  /** Sends nothing more; resolves when what is on its way has arrived or failed. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#pending.clear();
    await this.#sending;
  }
}
