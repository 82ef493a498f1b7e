import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { conditionsOf } from '../reads/run-filters.ts';
import { picoOf, decimal } from '../prices/money.ts';

export interface ConversationsAsked {
  readonly projectNo: number;
  readonly filter: string | undefined;
  /** Milliseconds since 1970. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly limit: number;
  readonly offset: number;
}

interface ThreadRow {
  readonly thread_id: string;
  readonly count: number;
  readonly first: Date;
  readonly last: Date;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly traces: readonly string[];
  readonly total: number;
}

/** Of one conversation: turns beyond these are not added up. */
const MOST_TURNS = 1_000;
const TIMEOUT_MS = 10_000;
const DEFAULT_RANGE_MS = 30 * 86_400_000;

/** LangSmith's groups of a project: turns, times, tokens and cost of each conversation. Throws INVALID_INPUT for a bad filter. */
export async function groupConversations(
  database: Database,
  asked: ConversationsAsked,
): Promise<{ readonly groups: readonly object[]; readonly total: number }> {
  const { projectNo, filter, limit, offset } = asked;
  const to = asked.to ?? Date.now() + 3_600_000;
  const from = asked.from ?? to - DEFAULT_RANGE_MS;
  const fits =
    filter === undefined ? sql`true` : conditionsOf({ filter })('').reduce((all, condition) => sql`${all} and ${condition}`, sql`true`);
  const { rows } = await database.transaction(
    (tx) =>
      tx.query<ThreadRow>(sql`
        select r.thread_id, count(*)::int as count, min(r.start_time) as first, max(r.start_time) as last,
          percentile_cont(0.5) within group (order by date_part('epoch', r.end_time - r.start_time)) as p50,
          percentile_cont(0.99) within group (order by date_part('epoch', r.end_time - r.start_time)) as p99,
          (array_agg(r.trace_id::text order by r.start_time desc))[1:${MOST_TURNS}::int] as traces, (count(*) over ())::int as total
        from muster.trace_runs r
        where r.project_no = ${projectNo} and r.thread_id is not null and r.parent_run_id is null and r.start_time >= ${new Date(from).toISOString()}::timestamptz
          and r.start_time < ${new Date(to).toISOString()}::timestamptz and ${fits}
        group by r.thread_id order by max(r.start_time) desc, r.thread_id limit ${limit} offset ${offset}`),
    { readOnly: true, statementTimeoutMs: TIMEOUT_MS },
  );
  const spent = await spentIn(
    database,
    projectNo,
    rows.flatMap(({ traces }) => traces),
    from,
  );
  return {
    groups: rows.map(({ thread_id, count, first, last, p50, p99, traces }) => ({
      group_key: thread_id,
      filter: `eq(thread_id, ${JSON.stringify(thread_id)})`,
      count,
      min_start_time: first.toISOString(),
      max_start_time: last.toISOString(),
      latency_p50: p50,
      latency_p99: p99,
      ...addedUp(traces.map((trace) => spent.get(trace))),
      feedback_stats: {},
    })),
    total: rows[0]?.total ?? 0,
  };
}

interface Spent {
  readonly trace: string;
  readonly prompt: number;
  readonly completion: number;
  readonly total: number;
  /** Null: there are calls, and the cost of none is known. */
  readonly prompt_cost: string | null;
  readonly completion_cost: string | null;
  readonly cost: string | null;
}

/** Of each trace: what the calls of models in it used. The root by its id, the others by the index of traces. */
async function spentIn(
  database: Database,
  projectNo: number,
  traces: readonly string[],
  from: number,
): Promise<ReadonlyMap<string, Spent>> {
  if (traces.length === 0) return new Map();
  const since = sql`r.day >= (${new Date(from).toISOString()}::timestamptz at time zone 'UTC')::date - 1`;
  const { rows } = await database.query<Spent>(sql`
    select trace_id::text as trace, sum(prompt_tokens)::float8 as prompt, sum(completion_tokens)::float8 as completion, sum(total_tokens)::float8 as total,
      sum(input_cost) as prompt_cost, sum(output_cost) as completion_cost, sum(total_cost) as cost
    from (
      select r.trace_id, r.prompt_tokens, r.completion_tokens, r.total_tokens, r.input_cost, r.output_cost, r.total_cost from muster.trace_runs r
      where r.trace_id = any(${traces}::uuid[]) and r.parent_run_id is not null and r.run_type in (1, 4) and r.project_no = ${projectNo} and ${since}
      union all
      select r.trace_id, r.prompt_tokens, r.completion_tokens, r.total_tokens, r.input_cost, r.output_cost, r.total_cost from muster.trace_runs r
      where r.run_id = any(${traces}::uuid[]) and r.parent_run_id is null and r.run_type in (1, 4) and r.project_no = ${projectNo} and ${since}
    ) calls group by trace_id`);
  return new Map(rows.map((row) => [row.trace, row]));
}

function addedUp(spent: readonly (Spent | undefined)[]): object {
  const sum = (of: (one: Spent) => number): number => spent.reduce((all, one) => all + (one === undefined ? 0 : of(one)), 0);
  const known = spent.filter((one) => one !== undefined);
  const cost = (of: (one: Spent) => string | null): string | null => {
    const costs = known.map(of).filter((each) => each !== null);
    return costs.length === 0 && known.length > 0 ? null : decimal(costs.reduce((all, each) => all + (picoOf(each) ?? 0n), 0n));
  };
  return {
    prompt_tokens: sum(({ prompt }) => prompt ?? 0),
    completion_tokens: sum(({ completion }) => completion ?? 0),
    total_tokens: sum(({ total }) => total ?? 0),
    prompt_cost: cost(({ prompt_cost }) => prompt_cost),
    completion_cost: cost(({ completion_cost }) => completion_cost),
    total_cost: cost(({ cost: whole }) => whole),
  };
}
