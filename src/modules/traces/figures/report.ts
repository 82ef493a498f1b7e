import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { dimensionNo, addRow, addSketches, type CountersRow, type SketchesRow } from './figure-rows.ts';
import type { LLM_METRICS } from './metrics.ts';
import { figureLag } from './provenance.ts';
import { MEASURES } from './read-figures.ts';
import type { Sketch } from './sketch.ts';
import { Tally } from './tally.ts';

export interface FigureSample {
  readonly name: keyof typeof LLM_METRICS;
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** Every combination of labels is a series for ever: the busiest have their own, the others are not told. */
const MOST_PROJECTS = 20;
const MOST_MODELS = 10;

const RECENT_MS = 15 * 60_000;
const HOUR_MS = 60 * 60_000;
const DAY_MS = 86_400_000;

/** What rules and charts of the fleet watch: calls, errors, tokens, cost and latency, by project and model. `now`: milliseconds since 1970. */
export async function figureSamples(database: Database, now: number): Promise<readonly FigureSample[]> {
  const midnight = Math.floor(now / DAY_MS) * DAY_MS;
  const [today, recent, hour, lag] = await Promise.all([
    read(database, { dimension: 'model', grain: 86_400, from: midnight }),
    read(database, { dimension: 'model', grain: 60, from: now - RECENT_MS }),
    read(database, { dimension: 'run_type', grain: 60, from: now - HOUR_MS }),
    figureLag(database),
  ]);
  return [
    ...today.flatMap(({ project, value: model, tally }) => totals({ project, model }, tally)),
    ...recent.flatMap(({ project, value: model, tally }) => latencies({ project, model }, tally)),
    ...byProject(recent).flatMap(({ project, tally }) => errorRatio({ project }, tally)),
    ...byProject(hour).map(({ project, tally }): FigureSample => ({
      name: 'llm_cost_usd_per_hour',
      value: usd(tally.costs.total_cost),
      labels: { project },
    })),
    { name: 'llm_figures_lag_seconds', value: lag.seconds, labels: {} },
  ];
}

interface Row {
  readonly project: string;
  readonly value: string;
  readonly tally: Tally;
}

/** The busiest projects' busiest values since then. */
async function read(
  database: Database,
  { dimension, grain, from }: { readonly dimension: 'model' | 'run_type'; readonly grain: 60 | 86_400; readonly from: number },
): Promise<readonly Row[]> {
  const since = sql`f.grain = ${grain} and f.dimension = ${dimensionNo(dimension)}::smallint and f.bucket >= ${new Date(from).toISOString()}::timestamptz`;
  const { rows } = await database.query<CountersRow & SketchesRow & { project: string; value: string }>(sql`
    with busy as (
      select f.project_no, f.value, row_number() over (partition by f.project_no order by sum(f.runs) desc, f.value) as place
      from muster.trace_projects p join muster.trace_figures f on f.project_no = p.project_no and ${since} group by f.project_no, f.value
    ), busiest as (
      select f.project_no from muster.trace_projects p join muster.trace_figures f on f.project_no = p.project_no and ${since}
      group by f.project_no order by sum(f.runs) desc, f.project_no limit ${MOST_PROJECTS}
    )
    select p.name as project, f.value, ${MEASURES}
    from busiest join muster.trace_projects p using (project_no)
    join busy on busy.project_no = p.project_no and busy.place <= ${MOST_MODELS}
    join muster.trace_figures f on f.project_no = p.project_no and ${since} and f.value = busy.value and f.value <> ''`);
  const found = new Map<string, Row>();
  for (const row of rows) {
    const key = `${row.project}\0${row.value}`;
    const { tally } = found.get(key) ?? { tally: new Tally() };
    found.set(key, { project: row.project, value: row.value, tally });
    addRow(tally, row);
    addSketches(tally, row);
  }
  return [...found.values()];
}

function byProject(rows: readonly Row[]): readonly { readonly project: string; readonly tally: Tally }[] {
  const found = new Map<string, Tally>();
  for (const { project, tally } of rows) {
    const sum = found.get(project) ?? new Tally();
    found.set(project, sum);
    sum.addCounts(tally);
  }
  return [...found].map(([project, tally]) => ({ project, tally }));
}

const usd = (pico: bigint): number => Number(pico) / 1e12;

const totals = (labels: FigureSample['labels'], { counts, costs }: Tally): readonly FigureSample[] => [
  { name: 'llm_runs_total', value: counts.runs, labels },
  { name: 'llm_errors_total', value: counts.errors, labels },
  { name: 'llm_tokens_total', value: counts.total_tokens, labels },
  { name: 'llm_cost_usd_total', value: usd(costs.total_cost), labels },
  { name: 'llm_unpriced_runs_total', value: Math.max(0, counts.unpriced), labels },
];

const latencies = (labels: FigureSample['labels'], { latency, firstToken }: Tally): readonly FigureSample[] => [
  ...quantiles('llm_latency_seconds', latency, [0.5, 0.95, 0.99], labels),
  ...quantiles('llm_first_token_seconds', firstToken, [0.5, 0.95], labels),
];

const quantiles = (
  name: FigureSample['name'],
  sketch: Sketch,
  of: readonly number[],
  labels: FigureSample['labels'],
): readonly FigureSample[] =>
  of.flatMap((q) => {
    const micros = sketch.quantile(q);
    return micros === undefined ? [] : [{ name, value: micros / 1e6, labels: { ...labels, quantile: String(q) } }];
  });

const errorRatio = (labels: FigureSample['labels'], { counts }: Tally): readonly FigureSample[] =>
  counts.runs > 0 ? [{ name: 'llm_error_ratio', value: counts.errors / counts.runs, labels }] : [];
