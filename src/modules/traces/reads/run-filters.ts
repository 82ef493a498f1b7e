import { raw, sql, type Sql } from '../../../db/sql.ts';
import { dateOf, dayOfDate } from '../run/days.ts';
import { RUN_STATUSES, RUN_TYPES, type RunStatus, type RunType } from '../run/run-type.ts';
import { conditionOf, inTrace, type SearchCondition } from './filter/condition.ts';
import { parseFilter } from './filter/parse.ts';
import { LONGEST_TRACE_DAYS } from './run-days.ts';

/** What the doors ask of runs. All of it must hold. */
export interface RunFilters {
  /** In the language of LangSmith: of the run itself, of the root of its trace, and of any run of its trace. */
  readonly filter?: string | undefined;
  readonly traceFilter?: string | undefined;
  readonly treeFilter?: string | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly traceId?: string | undefined;
  /** Of roots: those of these traces. */
  readonly traceIds?: readonly string[] | undefined;
  readonly parentRunId?: string | undefined;
  readonly isRoot?: boolean | undefined;
  readonly runType?: RunType | undefined;
  readonly status?: RunStatus | undefined;
  readonly hasError?: boolean | undefined;
  readonly name?: string | undefined;
  readonly model?: string | undefined;
  readonly tag?: string | undefined;
  readonly user?: string | undefined;
  readonly thread?: string | undefined;
  readonly prompt?: string | undefined;
  readonly referenceExamples?: readonly string[] | undefined;
  /** Whether its cost is known, of those that used tokens. */
  readonly hasPrice?: boolean | undefined;
}

/** Conditions over the row `r` of a day. Throws INVALID_INPUT for a filter that cannot be read. */
export function conditionsOf(filters: RunFilters, search: SearchCondition = plainSearch): (day: string) => readonly Sql[] {
  const own = ownConditions(filters, search);
  const root = filters.traceFilter === undefined ? undefined : parseFilter(filters.traceFilter);
  const any = filters.treeFilter === undefined ? undefined : parseFilter(filters.treeFilter);
  return (day) => [
    ...own,
    ...(root === undefined ? [] : [sql`(${rootsOf(day, conditionOf(root, 't', search))})`]),
    ...(any === undefined
      ? []
      : [sql`(${rootsOf(day, conditionOf(any, 't', search))} or ${othersOf(day, conditionOf(any, 't', search))})`]),
  ];
}

function ownConditions(filters: RunFilters, search: SearchCondition): readonly Sql[] {
  const { ids, traceId, parentRunId, isRoot, runType, status, hasError, name, model, tag, user, thread, prompt, referenceExamples } =
    filters;
  const all: Sql[] = [];
  if (filters.filter !== undefined) all.push(conditionOf(parseFilter(filters.filter), 'r', search));
  if (ids !== undefined) all.push(sql`r.run_id = any(${ids}::uuid[])`);
  if (traceId !== undefined) all.push(inTrace('r', traceId));
  if (filters.traceIds !== undefined)
    all.push(
      sql`(r.run_id = any(${filters.traceIds}::uuid[]) or (r.trace_id = any(${filters.traceIds}::uuid[]) and r.trace_id <> r.run_id))`,
    );
  if (parentRunId !== undefined) all.push(sql`r.parent_run_id = ${parentRunId}::uuid`);
  if (isRoot !== undefined) all.push(isRoot ? sql`r.parent_run_id is null` : sql`r.parent_run_id is not null`);
  if (runType !== undefined) all.push(sql`r.run_type = ${RUN_TYPES.indexOf(runType)}::smallint`);
  if (status !== undefined) all.push(statusIs(status));
  if (hasError !== undefined) all.push(hasError ? statusIs('error') : sql`r.status <> 2`);
  if (name !== undefined) all.push(sql`r.name = ${name}`);
  if (model !== undefined) all.push(sql`r.model = ${model}`);
  if (tag !== undefined) all.push(sql`r.tags && ${[tag]}::text[]`);
  if (user !== undefined) all.push(sql`r.user_id = ${user}`);
  if (thread !== undefined) all.push(sql`r.thread_id = ${thread}`);
  if (prompt !== undefined) all.push(sql`r.prompt = ${prompt}`);
  if (referenceExamples !== undefined) all.push(sql`r.reference_example_id = any(${referenceExamples}::uuid[])`);
  if (filters.hasPrice !== undefined) all.push(filters.hasPrice ? sql`r.total_cost is not null` : isUnpriced);
  return all;
}

const MODELS = [RUN_TYPES.indexOf('llm'), RUN_TYPES.indexOf('embedding')];

/** Of rows `r`: calls whose cost nobody knows, as the figures count them. One that failed before it used anything costs nothing that anybody should look for. */
export const isUnpriced: Sql = sql`r.run_type = any(${MODELS}::smallint[]) and r.total_cost is null
  and (r.total_tokens is not null or (r.end_time is not null and r.status <> ${RUN_STATUSES.indexOf('error')}))`;

/** The number stands in the statement, so that the index of what failed serves. */
const statusIs = (status: RunStatus): Sql => sql`r.status = ${raw(String(RUN_STATUSES.indexOf(status)))}`;

/** The days on which other runs of its trace may lie: known here, so that only their partitions are looked at. */
function nearby(day: string): Sql {
  const at = dayOfDate(day);
  return sql`t.day between ${dateOf(at - LONGEST_TRACE_DAYS)}::date and ${dateOf(at + LONGEST_TRACE_DAYS)}::date`;
}

/** The root of its trace: by its id, or where the trace has an id of its own (OpenTelemetry) by that. */
const rootsOf = (day: string, fits: Sql): Sql => sql`
  exists (select from muster.trace_runs t where t.run_id = r.trace_id and t.parent_run_id is null and t.project_no = r.project_no and ${nearby(day)} and ${fits})
  or exists (select from muster.trace_runs t where t.trace_id = r.trace_id and t.parent_run_id is null and t.trace_id <> t.run_id
    and t.project_no = r.project_no and ${nearby(day)} and ${fits})`;

const othersOf = (day: string, fits: Sql): Sql => sql`
  exists (select from muster.trace_runs t where t.trace_id = r.trace_id and t.parent_run_id is not null and t.project_no = r.project_no and ${nearby(day)} and ${fits})`;

/** Words anywhere in a run, found by reading it: for conditions that no index of words can answer, as within an `or`. */
export const plainSearch: SearchCondition = (text, run) => {
  const r = raw(run);
  return sql`strpos(lower(concat_ws(' ', ${r}.name, array_to_string(${r}.tags, ' '), muster.trace_whole(${r}.inputs), muster.trace_whole(${r}.outputs),
    ${r}.error)), lower(${text})) > 0`;
};
