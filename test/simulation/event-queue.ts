interface Entry {
  readonly at: number;
  readonly seq: number;
  readonly run: () => void;
}

/** What happens when: a binary heap, first come first served among events of one moment. */
export class EventQueue {
  readonly #heap: Entry[] = [];
  #seq = 0;

  add(at: number, run: () => void): void {
    const heap = this.#heap;
    const entry = { at, seq: (this.#seq += 1), run };
    let n = heap.length;
    while (n > 0) {
      const up = (n - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || !before(entry, parent)) break;
      heap[n] = parent;
      n = up;
    }
    heap[n] = entry;
  }

  /** Takes the next event that is due by `until`. */
  next(until: number): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.at > until) return undefined;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let n = 0;
    for (;;) {
      let down = 2 * n + 1;
      let child = heap[down];
      if (child === undefined) break;
      const other = heap[down + 1];
      if (other !== undefined && before(other, child)) {
        down += 1;
        child = other;
      }
      if (!before(child, last)) break;
      heap[n] = child;
      n = down;
    }
    heap[n] = last;
    return first;
  }
}

const before = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.seq < b.seq);
