import { MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import { groupNames, type Asked } from './ask.ts';
import { OTHER, ROOTS, type Dimension } from './dimension.ts';
import { figureView, type Figures } from './figure-view.ts';
import { dimensionFor } from './from-rollups.ts';
import { provenanceOfRollups, type Provenance } from './provenance.ts';
import { readGroups, readSteps, type Wanted } from './read-figures.ts';
import { stepsOf } from './stretch.ts';
import { Tally } from './tally.ts';

export const SERIES_METRICS = [
  'runs',
  'traces',
  'calls',
  'errors',
  'error_rate',
  'latency_p50_seconds',
  'latency_p90_seconds',
  'latency_p95_seconds',
  'latency_p99_seconds',
  'first_token_p50_seconds',
  'first_token_p95_seconds',
  'first_token_p99_seconds',
  'prompt_tokens',
  'completion_tokens',
  'total_tokens',
  'cached_tokens',
  'reasoning_tokens',
  'prompt_cost',
  'completion_cost',
  'total_cost',
  'unpriced_runs',
] as const satisfies readonly (keyof Figures)[];
export type SeriesMetric = (typeof SERIES_METRICS)[number];

export interface SeriesAsked extends Omit<Asked, 'filter'> {
  readonly metrics: readonly SeriesMetric[];
  readonly points: number;
}

export interface Series {
  readonly group: string | null;
  readonly metric: SeriesMetric;
  readonly points: [number, number | null][];
  readonly runs_query: string | null;
}

export interface SeriesTold {
  readonly from: number;
  readonly to: number;
  readonly step_ms: number;
  readonly items: Series[];
  readonly provenance: Provenance;
}

const HOUR_MS = 3_600_000;

/** Over time, from what was added up. Throws INVALID_INPUT for what is not added up together. */
export async function askSeries(database: Database, asked: SeriesAsked): Promise<SeriesTold> {
  const { from, to, now, groupBy, where, order, most, metrics } = asked;
  const projects = asked.projects.map(({ no }) => no);
  const dimension = dimensionFor(asked);
  if (dimension === undefined)
    throw new MusterError('INVALID_INPUT', 'a chart shows one filter or one grouping at a time', {
      remedy: 'Leave out one of them, or group by what you filter by; /api/v1/traces/stats takes them together.',
    });
  const steps = stepsOf(from, to, asked.points, now, dimension);
  const end = steps.start + steps.stepMs * steps.count;
  const wanted: Omit<Wanted, 'stretches'> = { projects, dimension, value: where[dimension] };
  const by = groupBy === null ? null : groupBy === 'project' ? ('project_no' as const) : ('value' as const);
  const stretches = [{ grain: steps.grain, from: steps.start, to: end }];
  const keys = by === null ? [''] : [...(await readGroups(database, { ...wanted, stretches }, { by, order, most })).groups.keys()];
  const groups = by === null ? null : { by, keys };
  const found = await readSteps(database, wanted, steps, groups);
  // As in the figures of a range: of all runs together, the latency of whole traces.
  const times =
    dimension === 'run_type' && where.run_type === undefined && groupBy !== 'run_type'
      ? await readSteps(database, { projects, dimension: 'trace', value: ROOTS }, steps, groups)
      : undefined;
  const total = new Tally();
  const name = groupNames(asked.projects, groupBy);
  const items = keys.flatMap((key) => {
    const views = Array.from({ length: steps.count }, (_, index) => {
      const tally = found.get(key)?.[index];
      if (tally !== undefined) total.addCounts(tally);
      return viewOf(tally, times?.get(key)?.[index], times !== undefined, steps.stepMs);
    });
    const group = by === null ? null : name(key);
    const runs_query = runsQuery(asked, groupBy === null ? null : { key, group });
    return metrics.map((metric) => ({
      group,
      metric,
      points: views.map((view, index): [number, number | null] => [steps.start + index * steps.stepMs, valueOf(view, metric)]),
      runs_query,
    }));
  });
  return { from: steps.start, to: end, step_ms: steps.stepMs, items, provenance: await provenanceOfRollups(database, total, now, false) };
}

function viewOf(tally: Tally | undefined, times: Tally | undefined, isTimedByTraces: boolean, stepMs: number): Figures | undefined {
  if (tally === undefined) return undefined;
  if (!isTimedByTraces) return figureView(tally, stepMs / HOUR_MS);
  const timed = new Tally();
  timed.addCounts(tally);
  timed.firstToken.mergeWith(tally.firstToken);
  if (times !== undefined) timed.latency.mergeWith(times.latency);
  return figureView(timed, stepMs / HOUR_MS);
}

/** Where nothing ran, counts and costs are nothing, and a latency is unknown. */
function valueOf(view: Figures | undefined, metric: SeriesMetric): number | null {
  if (view === undefined) return metric.endsWith('_seconds') || metric === 'error_rate' ? null : 0;
  const value = view[metric];
  return value === null ? null : Number(value);
}

/** The filter of the list of runs that shows what is behind a series; null for the values for which there was no room. */
function runsQuery(asked: SeriesAsked, group: { readonly key: string; readonly group: string | null } | null): string | null {
  const query = new URLSearchParams();
  const { groupBy } = asked;
  if (group !== null && (group.key === OTHER || group.group === null)) return null;
  const projects = groupBy === 'project' && group !== null && group.group !== null ? [group.group] : asked.projects.map(({ name }) => name);
  for (const name of projects.slice(0, 20)) query.append('project', name);
  const values: Readonly<Partial<Record<Dimension, string>>> = {
    ...asked.where,
    ...(group !== null && groupBy !== 'project' ? { [groupBy ?? '']: group.key } : {}),
  };
  for (const [dimension, value] of Object.entries(values)) {
    if (dimension === 'trace') query.set('is_root', 'true');
    else if (dimension === 'name') query.set('filter', `eq(name, ${JSON.stringify(value)})`);
    else query.set(dimension, value);
  }
  return query.toString();
}
