/**
 * Does one thing at a time, and once more where it was asked for meanwhile: who asks is answered by a round that began after
 * they asked, and a hundred who ask at once cost two rounds.
 */
export class OneAtATime<T> {
  readonly #work: () => Promise<T>;
  #running: Promise<T> | undefined;
  #next: Promise<T> | undefined;

  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  run(): Promise<T> {
    if (this.#next !== undefined) return this.#next;
    if (this.#running === undefined) return this.#start();
    const again = (): Promise<T> => this.#start();
    return (this.#next = this.#running.then(again, again));
  }

  /** Until nothing is done or waits to be done. */
  async settled(): Promise<void> {
    for (let last = this.#next ?? this.#running; last !== undefined; last = this.#next ?? this.#running) await last.catch(() => undefined);
  }

  #start(): Promise<T> {
    this.#next = undefined;
    const running = this.#work().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}
