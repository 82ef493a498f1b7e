import { MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { decimal } from '../prices/money.ts';
import type { RunFilters } from '../reads/run-filters.ts';
import type { RunType } from '../run/run-type.ts';
import { OTHER, type Dimension } from './dimension.ts';
import { answerFromRollups, dimensionFor, type Answer, type GroupBy, type Question } from './from-rollups.ts';
import { answerFromRuns } from './from-runs.ts';
import type { Sketch } from './sketch.ts';
import { isCostKnown, type Tally } from './tally.ts';
import type { NamedProject } from './visible-projects.ts';

export interface StatisticsAsked {
  readonly projects: readonly NamedProject[];
  readonly now: number;
  /** Milliseconds since 1970. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly runType: RunType | undefined;
  readonly isRoot: boolean | undefined;
  readonly words: string | undefined;
  readonly groupBy:
    | {
        readonly attribute: 'name' | 'run_type' | 'tag' | 'metadata';
        readonly path?: string | undefined;
        readonly max_groups?: number | undefined;
      }
    | undefined;
  readonly filters: RunFilters;
}

/** As far back as days are kept. */
const ALL_DAYS_MS = 1_200 * 86_400_000;
const HOUR_MS = 3_600_000;

/** Metadata of which there are figures, by the names that applications use. */
const METADATA: Readonly<Record<string, GroupBy>> = {
  ls_model_name: 'model',
  user_id: 'user',
  thread_id: 'thread',
  session_id: 'thread',
  conversation_id: 'thread',
  prompt_name: 'prompt',
  lc_hub_repo: 'prompt',
};

/** Statistics in LangSmith's words; by group, an object of them. Throws INVALID_INPUT for a filter or a grouping that is not known. */
export async function runStatistics(database: Database, asked: StatisticsAsked): Promise<Readonly<Record<string, unknown>>> {
  const { projects, now, runType, isRoot, words, filters, groupBy } = asked;
  const where: Partial<Record<Dimension, string>> = {
    ...(runType === undefined ? {} : { run_type: runType }),
    ...(isRoot === true ? { trace: 'root' } : {}),
  };
  const question: Question = {
    projects: projects.map(({ no }) => no),
    from: asked.from ?? now - ALL_DAYS_MS,
    to: asked.to ?? now + HOUR_MS,
    now,
    where,
    groupBy: groupBy === undefined ? null : groupOf(groupBy),
    order: 'runs',
    most: groupBy?.max_groups ?? 50,
  };
  const isPlain = Object.keys(filters).length === 0 && words === undefined && isRoot !== false;
  const dimension = isPlain ? dimensionFor(question) : undefined;
  const answer: Answer =
    dimension === undefined
      ? await answerFromRuns(database, question, { filters: isRoot === false ? { ...filters, isRoot } : filters, words })
      : await answerFromRollups(database, question, dimension);
  const source = dimension === undefined ? 'runs' : 'rollups';
  if (answer.groups !== null)
    return Object.fromEntries([...answer.groups].map(([key, tally]) => [key === OTHER ? '(other)' : key, statisticsOf(tally, source)]));
  const [last, feedback] = await Promise.all([lastStart(database, question), isPlain ? feedbackOf(database, question) : {}]);
  return { ...statisticsOf(answer.total, source), last_run_start_time: last, feedback_stats: feedback };
}

function groupOf({ attribute, path }: NonNullable<StatisticsAsked['groupBy']>): GroupBy {
  if (attribute !== 'metadata') return attribute;
  const group = METADATA[path ?? ''];
  if (group !== undefined && Object.hasOwn(METADATA, path ?? '')) return group;
  throw new MusterError('INVALID_INPUT', `runs are not grouped by the metadata ${path ?? ''}`, {
    remedy: `Group by one of ${Object.keys(METADATA).join(', ')}, or by name, run_type or tag.`,
  });
}

function statisticsOf({ counts, costs, latency, firstToken }: Tally, source: 'rollups' | 'runs'): Readonly<Record<string, unknown>> {
  const cost = (pico: bigint): string | null => (isCostKnown({ counts, costs }) ? decimal(pico) : null);
  const share = (part: number): number | null => (counts.runs > 0 ? part / counts.runs : null);
  return {
    run_count: Math.round(counts.runs),
    latency_p50: seconds(latency, 0.5),
    latency_p90: seconds(latency, 0.9),
    latency_p95: seconds(latency, 0.95),
    latency_p99: seconds(latency, 0.99),
    first_token_p50: seconds(firstToken, 0.5),
    first_token_p99: seconds(firstToken, 0.99),
    total_tokens: Math.round(counts.total_tokens),
    prompt_tokens: Math.round(counts.prompt_tokens),
    completion_tokens: Math.round(counts.completion_tokens),
    prompt_token_details: { cache_read: Math.round(counts.cached_tokens), cache_creation: Math.round(counts.cache_write_tokens) },
    completion_token_details: { reasoning: Math.round(counts.reasoning_tokens) },
    error_rate: share(counts.errors),
    streaming_rate: share(counts.streamed),
    total_cost: cost(costs.total_cost),
    prompt_cost: cost(costs.prompt_cost),
    completion_cost: cost(costs.completion_cost),
    unpriced_run_count: Math.max(0, Math.round(counts.unpriced)),
    // Where the figures come from: of what was added up of all runs, or of the newest 50,000 that match.
    source,
  };
}

function seconds(sketch: Sketch, q: number): number | null {
  const micros = sketch.quantile(q);
  return micros === undefined ? null : Number((micros / 1e6).toPrecision(4));
}

async function lastStart(database: Database, { projects, to }: Question): Promise<string | null> {
  const row = await database.one<{ at: Date | null }>(sql`
    select max(last.start_time) as at from unnest(${projects}::int[]) p (no)
    cross join lateral (select r.start_time from muster.trace_runs r
      where r.project_no = p.no and r.start_time < ${new Date(to).toISOString()}::timestamptz order by r.start_time desc limit 1) last`);
  return row?.at?.toISOString() ?? null;
}

/** Scores by key, of the time they were given in. */
async function feedbackOf(database: Database, { projects, from, to }: Question): Promise<Readonly<Record<string, unknown>>> {
  const { rows } = await database.query<{
    key: string;
    n: number;
    avg: number | null;
    stdev: number | null;
    min: number | null;
    max: number | null;
  }>(sql`
    select key, count(*)::int as n, avg(score) as avg, coalesce(stddev_pop(score), 0) as stdev, min(score) as min, max(score) as max
    from muster.trace_feedback where project_no = any(${projects}::int[]) and created_at >= ${new Date(from).toISOString()}::timestamptz
      and created_at < ${new Date(to).toISOString()}::timestamptz group by key order by key limit 200`);
  return Object.fromEntries(rows.map(({ key, ...stats }) => [key, { ...stats, values: {}, errors: 0, comments: [], sources: [] }]));
}
