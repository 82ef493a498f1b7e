export interface BacklogBounds {
  /** Items waiting at most. */
  readonly most: number;
  /** Characters waiting at most. */
  readonly mostSize: number;
}

interface Waiting<T> {
  readonly item: T;
  readonly size: number;
}

/**
 * What waits to be written, of two worths. Where it is full, which is when the database is away for long, the oldest common
 * items go first and the precious ones last.
 */
export class Backlog<T> {
  readonly #bounds: BacklogBounds;
  readonly #dropped: (item: T) => void;
  #common: Waiting<T>[] = [];
  #precious: Waiting<T>[] = [];
  #size = 0;

  /** `dropped` is told of each item that is given up. */
  constructor(bounds: BacklogBounds, dropped: (item: T) => void) {
    this.#bounds = bounds;
    this.#dropped = dropped;
  }

  get length(): number {
    return this.#common.length + this.#precious.length;
  }

  push(item: T, size: number, precious: boolean): void {
    (precious ? this.#precious : this.#common).push({ item, size });
    this.#size += size;
    if (this.length > this.#bounds.most || this.#size > this.#bounds.mostSize) this.#makeRoom();
  }

  /** A tenth at once: shifting one by one would move the whole queue each time. */
  #makeRoom(): void {
    const queue = this.#common.length > 0 ? this.#common : this.#precious;
    const out = queue.splice(0, Math.max(1, Math.ceil(Math.min(queue.length, this.#bounds.most) / 10)));
    for (const { item, size } of out) {
      this.#size -= size;
      this.#dropped(item);
    }
    if (this.length > this.#bounds.most || this.#size > this.#bounds.mostSize) this.#makeRoom();
  }

  /** The next batch, the precious first. One item at least, however large. */
  take(most: number, mostSize: number): readonly T[] {
    const taken: T[] = [];
    let room = mostSize;
    for (const queue of [this.#precious, this.#common]) {
      let count = 0;
      while (count < queue.length && taken.length < most && (taken.length === 0 || (queue[count]?.size ?? 0) <= room)) {
        const next = queue[count];
        if (next === undefined) break;
        taken.push(next.item);
        room -= next.size;
        this.#size -= next.size;
        count += 1;
      }
      queue.splice(0, count);
    }
    return taken;
  }
}
