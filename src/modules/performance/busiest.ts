export interface BusiestOptions<Row> {
  /** So many rows are told by name. */
  readonly most: number;
  readonly key: (row: Row) => string;
  /** Totals that only grow, by name. */
  readonly counters: (row: Row) => Readonly<Record<string, number | null>>;
  /** What makes a row busy: the growth of this total. */
  readonly work: (row: Row) => number;
}

export interface Split<Row> {
  readonly top: readonly Row[];
  readonly rest: readonly Row[];
  /** What the counters of the rest have grown by since the first split: itself a counter, whoever moves in or out. */
  readonly restCounters: Readonly<Record<string, number>>;
}

interface Before {
  readonly counters: Readonly<Record<string, number | null>>;
  readonly work: number;
  readonly score: number;
}

/** Of what a row did in one interval so much still counts in the next: half after seven. One spike does not change places, a new load soon does. */
const REMEMBERED = 0.9;

/**
 * Tells the busiest rows by name and the others in sum. Busy is who did most lately, and, while nothing is known of that, who
 * did most in all. A total that went back was reset: what it shows now is what it grew by.
 */
export class Busiest<Row> {
  readonly #options: BusiestOptions<Row>;
  #before: ReadonlyMap<string, Before> = new Map();
  readonly #rest = new Map<string, number>();

  constructor(options: BusiestOptions<Row>) {
    this.#options = options;
  }

  split(rows: readonly Row[]): Split<Row> {
    const { most, key, counters, work } = this.#options;
    const now = new Map<string, Before>();
    for (const row of rows) {
      const before = this.#before.get(key(row));
      const total = work(row);
      const score = before === undefined ? 0 : before.score * REMEMBERED + growth(before.work, total);
      now.set(key(row), { counters: counters(row), work: total, score });
    }
    const ranked = rows.toSorted((a, b) => {
      const [one, other] = [now.get(key(a)), now.get(key(b))];
      return (other?.score ?? 0) - (one?.score ?? 0) || (other?.work ?? 0) - (one?.work ?? 0);
    });
    const rest = ranked.slice(most);
    for (const row of rest) this.#add(this.#before.get(key(row)), counters(row));
    this.#before = now;
    return { top: ranked.slice(0, most), rest, restCounters: Object.fromEntries(this.#rest) };
  }

  /** A row that was not there before has no growth that is known. */
  #add(before: Before | undefined, counters: Readonly<Record<string, number | null>>): void {
    for (const [name, value] of Object.entries(counters)) {
      const was = before?.counters[name] ?? null;
      const grown = value === null || was === null ? 0 : growth(was, value);
      this.#rest.set(name, (this.#rest.get(name) ?? 0) + grown);
    }
  }
}

const growth = (before: number, after: number): number => (after < before ? after : after - before);
