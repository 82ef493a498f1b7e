import type { Queryable } from '../../../db/database.ts';
import type { KnownSeries, Metrics } from '../../../state/metrics/metrics.ts';
import type { Selector } from './rule.ts';
import { SampleWindow } from './samples.ts';
import type { TargetIdentity } from './state-store.ts';

/** A series that some rule is about, with its newest value. */
export interface Tracked extends TargetIdentity {
  readonly seriesId: number;
  readonly target: string;
  at: number;
  value: number;
  window: SampleWindow | undefined;
}

/** Series that all rules together may be about. */
export const MOST_TRACKED = 200_000;
/** Numbers are given out before the commit: a lower one may come to light a little later, or else when all are looked for again. */
const NUMBERS_BACK = 100;
const RELOAD_MS = 60_000;
const PAGE = 20_000;
const SERIES_A_READ = 1_000;
/** Samples in memory at once while windows are filled, where one comes every five seconds. */
const MOST_SAMPLES_A_READ = 2_000_000;
const SAMPLE_MS = 5_000;

/** The labels of a series as one line, its agent among them: the same for equal ones. */
export function targetOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

export function matches({ agents, match }: Selector, series: Pick<Tracked, 'agentId' | 'labels'>): boolean {
  if (agents !== undefined && !agents.has(series.agentId)) return false;
  for (const name in match) if (series.labels[name] !== match[name]) return false;
  return true;
}

/** The series of the metrics that rules name: found once, then followed by their newest values alone. */
export class TrackedSeries {
  readonly #metrics: Metrics;
  #byId = new Map<number, Tracked>();
  #byMetric = new Map<string, Map<string, Tracked>>();
  #names: readonly string[] = [];
  #after = 0;
  #loadedAt = Number.NEGATIVE_INFINITY;
  /** Counts every change of which series there are. */
  version = 0;
  /** There are more than may be followed. */
  isTruncated = false;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  of(metricName: string): ReadonlyMap<string, Tracked> {
    return this.#byMetric.get(metricName) ?? new Map();
  }

  /** Looks for new series; for all again where other metrics are asked for, and now and then for those that are gone. */
  async look(reader: Queryable, names: readonly string[], now: number): Promise<void> {
    const isSame = names.length === this.#names.length && names.every((name, index) => name === this.#names[index]);
    if (isSame && now - this.#loadedAt < RELOAD_MS) {
      await this.#load(reader, names, Math.max(0, this.#after - NUMBERS_BACK));
      return;
    }
    const before = this.#byId;
    this.#byId = new Map();
    this.#byMetric = new Map();
    this.#names = names;
    this.#loadedAt = now;
    this.isTruncated = false;
    this.version += 1;
    await this.#load(reader, names, 0, before);
  }

  async #load(
    reader: Queryable,
    names: readonly string[],
    after: number,
    before: ReadonlyMap<number, Tracked> = this.#byId,
  ): Promise<void> {
    for (let from = after; ;) {
      const page = await this.#metrics.series(names, { after: from, limit: PAGE }, reader);
      for (const series of page) this.#add(series, before.get(series.seriesId));
      const last = page.at(-1)?.seriesId;
      if (last === undefined) return;
      this.#after = Math.max(this.#after, last);
      from = last;
      if (page.length < PAGE) return;
    }
  }

  #add(series: KnownSeries, known: Tracked | undefined): void {
    if (this.#byId.has(series.seriesId)) return;
    if (this.#byId.size >= MOST_TRACKED) {
      this.isTruncated = true;
      return;
    }
    const ofMetric = this.#byMetric.get(series.metricName) ?? new Map<string, Tracked>();
    this.#byMetric.set(series.metricName, ofMetric);
    const labels = series.agentId === '' ? series.labels : { ...series.labels, agent: series.agentId };
    let target = known?.target ?? targetOf(labels);
    // Two that differ in nothing but their unit are two targets all the same.
    if (ofMetric.has(target)) target = `${target}${target === '' ? '' : ','}unit=${series.unit}`;
    const tracked: Tracked = known ?? {
      seriesId: series.seriesId,
      metricName: series.metricName,
      agentId: series.agentId,
      unit: series.unit,
      labels,
      target,
      at: Number.NEGATIVE_INFINITY,
      value: Number.NaN,
      window: undefined,
    };
    this.#byId.set(series.seriesId, tracked);
    ofMetric.set(tracked.target, tracked);
    this.version += 1;
  }

  /** One statement for all of them. */
  async readNewest(reader: Queryable): Promise<void> {
    const { seriesIds, times, values } = await this.#metrics.newest([...this.#byId.keys()], reader);
    for (let i = 0; i < seriesIds.length; i += 1) {
      const tracked = this.#byId.get(seriesIds[i] ?? 0);
      const at = times[i] ?? 0;
      if (tracked === undefined || at < tracked.at) continue;
      tracked.at = at;
      tracked.value = values[i] ?? Number.NaN;
      tracked.window?.push(at, tracked.value);
    }
  }

  /** Sees that exactly these series have a window, so long at least, filled with what was stored before. */
  async openWindows(wanted: ReadonlyMap<Tracked, number>, now: number): Promise<void> {
    for (const tracked of this.#byId.values()) {
      const keepMs = wanted.get(tracked);
      if (keepMs === undefined || (tracked.window?.keepMs ?? 0) < keepMs) tracked.window = undefined;
    }
    const keepMs = (tracked: Tracked): number => wanted.get(tracked) ?? 0;
    const without = [...wanted.keys()].filter(({ window }) => window === undefined);
    const longest = without.reduce((ms, tracked) => Math.max(ms, keepMs(tracked)), SAMPLE_MS);
    const seriesARead = Math.max(1, Math.min(SERIES_A_READ, Math.floor((MOST_SAMPLES_A_READ * SAMPLE_MS) / (2 * longest))));
    for (let at = 0; at < without.length; at += seriesARead) {
      const page = without.slice(at, at + seriesARead);
      // As far back again: the sample before the window counts too, and a slow series has none nearer.
      const columns = await this.#metrics.samples(
        page.map((tracked) => ({ series: tracked.seriesId, from: now - 2 * keepMs(tracked), to: now + 300_000 })),
      );
      page.forEach((tracked, index) => {
        const window = new SampleWindow(keepMs(tracked));
        const column = columns[index];
        column?.times.forEach((time, i) => window.push(time, column.values[i] ?? Number.NaN));
        if (Number.isFinite(tracked.at)) window.push(tracked.at, tracked.value);
        tracked.window = window;
      });
    }
  }
}
