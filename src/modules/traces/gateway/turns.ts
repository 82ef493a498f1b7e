/** Work on the same thing, one after the other in the order it was asked for. What failed holds nobody up. */
export class Turns {
  /** The last of each name. */
  readonly #last = new Map<string, Promise<void>>();

  get size(): number {
    return this.#last.size;
  }

  async take(name: string, work: () => Promise<void>): Promise<void> {
    const before = this.#last.get(name);
    const turn = before === undefined ? work() : before.catch(() => undefined).then(work);
    this.#last.set(name, turn);
    try {
      await turn;
    } finally {
      if (this.#last.get(name) === turn) this.#last.delete(name);
    }
  }
}
