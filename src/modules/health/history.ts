/** Counters as they stood, for changes over a window. In memory: after a move to another host the window fills again. */
export class History {
  readonly #windowMs: number;
  readonly #moments: { readonly at: number; readonly counters: ReadonlyMap<string, number> }[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  push(at: number, counters: ReadonlyMap<string, number>): void {
    this.#moments.push({ at, counters });
    // One moment older than the window stays: it is where the window begins.
    while ((this.#moments[1]?.at ?? Number.POSITIVE_INFINITY) <= at - this.#windowMs) this.#moments.shift();
  }

  /**
   * How much a counter grew over the window, or over as much of it as is known. Undefined without two readings, where it restarted, and
   * where it is not known now: what it did before it fell silent tells nothing of the present.
   */
  change(counter: string): number | undefined {
    const known = this.#moments.flatMap(({ counters }) => counters.get(counter) ?? []);
    const [first, last] = [known[0], this.#moments.at(-1)?.counters.get(counter)];
    if (known.length < 2 || first === undefined || last === undefined || last < first) return undefined;
    return last - first;
  }
}
