import type { Database } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { RejectionReason, SeriesKey } from './metrics.ts';
import { keyOf, refusalOfName } from './series-key.ts';

/** Ids in memory: a name is resolved in SQL once, for joining names in SQL costs twice the insert (12.3 against 5.8 µs a row). */
const CACHED = 200_000;
/** One statement resolves this many at most. */
const PAGE = 1_000;
/** How long a series that was refused is refused without asking again, and how many such are remembered. */
const REFUSED_MS = 60_000;
const REMEMBERED_REFUSALS = 10_000;

export interface SeriesLimits {
  readonly seriesPerMetric: number;
  readonly series: number;
}

/** From names to series ids. New series are created as they come, up to the limits. */
export class SeriesCatalogue {
  readonly #database: Database;
  readonly #limits: SeriesLimits;
  readonly #monotonic: () => number;
  // Two generations instead of a list in order of use: a hit costs one look-up, and what nobody asked for goes all the same.
  #young = new Map<string, number>();
  #old = new Map<string, number>();
  readonly #refused = new Map<string, number>();

  constructor(database: Database, limits: SeriesLimits, monotonic: () => number) {
    this.#database = database;
    this.#limits = limits;
    this.#monotonic = monotonic;
  }

  /** The id of each series in order, or why it has none. */
  async resolve(wanted: readonly SeriesKey[]): Promise<readonly (number | RejectionReason)[]> {
    const found: (number | RejectionReason)[] = Array.from({ length: wanted.length });
    const missing = new Map<string, number[]>();
    wanted.forEach((series, index) => {
      const key = keyOf(series);
      const known = this.#recall(key);
      if (known !== undefined) found[index] = known;
      else {
        const places = missing.get(key);
        if (places === undefined) missing.set(key, [index]);
        else places.push(index);
      }
    });
    const keys: string[] = [];
    for (const [key, [first = 0, ...others]] of missing) {
      const series = wanted[first];
      const refusal = series === undefined ? 'bad_name' : refusalOfName(series);
      if (refusal === undefined) keys.push(key);
      else for (const place of [first, ...others]) found[place] = refusal;
    }
    for (let at = 0; at < keys.length; at += PAGE) {
      const page = keys.slice(at, at + PAGE);
      const ids = await this.#ask(page.map((key) => wanted[missing.get(key)?.[0] ?? 0]).filter((series) => series !== undefined));
      page.forEach((key, index) => {
        const id = ids[index];
        if (id === undefined) this.#refuse(key);
        else this.#remember(key, id);
        for (const place of missing.get(key) ?? []) found[place] = id ?? 'too_many_series';
      });
    }
    return found;
  }

  async #ask(series: readonly SeriesKey[]): Promise<readonly (number | undefined)[]> {
    const { rows } = await this.#database.query<{ ord: number; series_id: number }>(sql`
      select ord, series_id from muster.resolve_series(
        ${series.map((s) => s.metricName)}::text[], ${series.map((s) => s.agentId)}::text[], ${series.map((s) => s.unit)}::text[],
        ${JSON.stringify(series.map((s) => s.labels))}::jsonb, ${this.#limits.seriesPerMetric}, ${this.#limits.series})`);
    const ids: (number | undefined)[] = Array.from({ length: series.length });
    for (const row of rows) ids[row.ord - 1] = row.series_id;
    return ids;
  }

  #recall(key: string): number | RejectionReason | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#remember(key, old);
      return old;
    }
    const until = this.#refused.get(key);
    if (until === undefined) return undefined;
    if (until > this.#monotonic()) return 'too_many_series';
    this.#refused.delete(key);
    return undefined;
  }

  #remember(key: string, id: number): void {
    if (this.#young.size >= CACHED / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, id);
  }

  #refuse(key: string): void {
    if (this.#refused.size >= REMEMBERED_REFUSALS) this.#refused.clear();
    this.#refused.set(key, this.#monotonic() + REFUSED_MS);
  }
}
