import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { timestampOf } from './pg-time.ts';

/** The newest value of a series. */
export interface Newest {
  at: number;
  value: number;
}

/** Whoever judges by newest values waits so long at most for a few of them; what they cost together is bounded by the next. */
const SHORTEST_PAUSE_MS = 100;
/** So few need not wait until many others are paid for: a fault must not be told seconds later because somebody else writes 10,000 series. */
const FEW = 1_000;
/** An upsert of one row costs the server some 17 µs: 2,000 a second are 3% of a core. */
const ROWS_PER_MS = 2;

/**
 * Newest values on their way to muster.latest: many samples of a series, ten upserts a second at most, and fewer the more series there are. It leaves with the
 * next batch of samples, in its transaction, or, where none comes, with the timer. A small batch goes ahead of what waits.
 */
export class LatestValues {
  readonly #monotonic: () => number;
  #pending = new Map<number, Newest>();
  #dueAt = Number.NEGATIVE_INFINITY;
  #fewDueAt = Number.NEGATIVE_INFINITY;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Milliseconds until the next write may leave; 0: now. */
  get pauseMs(): number {
    return Math.max(0, this.#dueAt - this.#monotonic());
  }

  /** Whether a batch may bring so many newest values of its own, ahead of those that wait. Where it may, it counts as done. */
  goAhead(count: number): boolean {
    const now = this.#monotonic();
    if (count === 0 || count > FEW || now < this.#fewDueAt) return false;
    this.#fewDueAt = now + pauseAfter(count);
    return true;
  }

  note(series: number, at: number, value: number): void {
    const known = this.#pending.get(series);
    if (known === undefined) this.#pending.set(series, { at, value });
    else if (known.at <= at) {
      known.at = at;
      known.value = value;
    }
  }

  /** Everything pending; the caller writes it or gives it back. The next is due after a pause that fits its size. */
  take(): ReadonlyMap<number, Newest> {
    const taken = this.#pending;
    this.#pending = new Map();
    const now = this.#monotonic();
    this.#dueAt = now + pauseAfter(taken.size);
    this.#fewDueAt = Math.max(this.#fewDueAt, now + SHORTEST_PAUSE_MS);
    return taken;
  }

  /** What was taken and could not be written. */
  giveBack(values: ReadonlyMap<number, Newest>): void {
    for (const [series, { at, value }] of values) {
      const known = this.#pending.get(series);
      if (known === undefined || known.at < at) this.#pending.set(series, { at, value });
    }
  }
}

const pauseAfter = (rows: number): number => Math.max(SHORTEST_PAUSE_MS, rows / ROWS_PER_MS);

/** In order of series, so that two writers wait for each other and never in a circle. */
export async function upsertLatest(on: Queryable, values: ReadonlyMap<number, Newest>): Promise<void> {
  if (values.size === 0) return;
  const entries = [...values].toSorted(([a], [b]) => a - b);
  await on.query(sql`
    insert into muster.latest as l (series_id, ts, value)
    select * from unnest(${entries.map(([series]) => series)}::int[], ${entries.map(([, { at }]) => timestampOf(at))}::timestamptz[],
                         ${entries.map(([, { value }]) => value)}::float8[])
    on conflict (series_id) do update set ts = excluded.ts, value = excluded.value where l.ts <= excluded.ts`);
}
