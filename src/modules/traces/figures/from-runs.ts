import type { Database } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import { daysWithin, daysWithRuns } from '../reads/run-days.ts';
import { fieldGroupsOf } from '../reads/run-demands.ts';
import type { ListQuery } from '../reads/run-list.ts';
import { lookedUp } from '../reads/run-search.ts';
import type { FieldGroup } from '../search/index.ts';
import { conditionsOf, plainSearch, type RunFilters } from '../reads/run-filters.ts';
import { RUN_TYPES, type RunType } from '../run/run-type.ts';
import { countIn, isCallOf } from './counted-run.ts';
import type { Dimension } from './dimension.ts';
import type { Answer, Question } from './from-rollups.ts';
import { RUN_COLUMNS, runOf, type Row, type RunRow } from './run-rows.ts';
import { Tally, type Counter } from './tally.ts';

/** The newest runs that match; what lies behind them is left out, and said so. */
const MOST_RUNS = 50_000;
const TIMEOUT_MS = 10_000;
/** A run near midnight may lie in the day before or after. */
const SKEW_MS = 86_400_000;

/** What only the runs themselves can tell. */
export interface RunsAsked {
  readonly filters: RunFilters;
  /** Words anywhere in a run. */
  readonly words?: string | undefined;
}

/** Whatever a filter can say, from the runs themselves. Throws INVALID_INPUT for a filter that cannot be read. */
export async function answerFromRuns(
  database: Database,
  question: Question,
  { filters, words }: RunsAsked,
): Promise<Answer & { readonly isTruncated: boolean }> {
  const { from, to, where, groupBy, order, most } = question;
  const conditions = conditionsOf(filters);
  const matching = (day: string): readonly Sql[] => [
    ...conditions(day),
    whereOf(where),
    ...(words === undefined ? [] : [plainSearch(words, 'r')]),
  ];
  const only = lookedUp(database, groupsOf(filters, where), MOST_RUNS);
  const rows = await newestRuns(database, question, matching, {
    byDay: filters.traceFilter !== undefined || filters.treeFilter !== undefined,
    only,
  });
  const total = new Tally();
  const groups = new Map<string, Tally>();
  // As in the rollups: of users, tags and threads the latency of whole traces, where nothing else is asked for.
  const rootsOnly =
    Object.keys(filters).length === 0 &&
    words === undefined &&
    where.run_type === undefined &&
    (groupBy === 'user' || groupBy === 'tag' || groupBy === 'thread');
  for (const run of rows.slice(0, MOST_RUNS).map(runOf)) {
    const times = !rootsOnly || run.isRoot;
    countIn(total, run, times);
    for (const key of groupBy === null ? [] : keysOf(run, groupBy)) {
      const tally = groups.get(key) ?? new Tally();
      groups.set(key, tally);
      countIn(tally, run, times);
    }
  }
  const size = ({ counts, costs }: Tally): number => (order === 'total_cost' ? Number(costs.total_cost) : counts[order satisfies Counter]);
  const largest = [...groups].toSorted(([, a], [, b]) => size(b) - size(a)).slice(0, most);
  return {
    total,
    groups: groupBy === null ? null : new Map(largest),
    groupCount: groups.size,
    from,
    to,
    isTruncated: rows.length > MOST_RUNS || groups.size > most,
  };
}

/** What the index of fields can tell of what is asked. */
const groupsOf = (filters: RunFilters, where: Question['where']): readonly FieldGroup[] => [
  ...fieldGroupsOf(filters),
  ...fieldGroupsOf({ user: where.user, tag: where.tag, name: where.name, model: where.model, prompt: where.prompt }),
];

interface How {
  /** A day at a time: where the conditions name the day. Else all days at once. */
  readonly byDay: boolean;
  readonly only: ListQuery['only'];
}

/** Newest first; runs that are looked up before those of days that must be read. */
async function newestRuns(
  database: Database,
  { projects, from, to }: Question,
  matching: (day: string) => readonly Sql[],
  { byDay, only }: How,
): Promise<readonly Row[]> {
  const days = daysWithin(await daysWithRuns(database), (from - SKEW_MS) * 1_000, (to + SKEW_MS) * 1_000);
  const known = (await only?.(days)) ?? new Map<string, readonly string[]>();
  const [lookedUpDays, readDays] = [days.filter((day) => (known.get(day)?.length ?? 0) > 0), days.filter((day) => !known.has(day))];
  const groups = [lookedUpDays, readDays].flatMap((some) => (byDay ? some.map((day) => [day]) : some.length === 0 ? [] : [some]));
  const [start, end] = [new Date(from).toISOString(), new Date(to).toISOString()];
  const rows: Row[] = [];
  for (const group of groups) {
    if (rows.length > MOST_RUNS) break;
    const ids = known.has(group[0] ?? '') ? group.flatMap((day) => known.get(day) ?? []) : undefined;
    const among = ids === undefined ? sql`true` : sql`r.run_id = any(${ids}::uuid[])`;
    const all = matching(group[0] ?? '').reduce((before, condition) => sql`${before} and ${condition}`, among);
    const found = await database.transaction(
      (tx) =>
        tx.query<Row>(sql`
          select ${RUN_COLUMNS} from muster.trace_runs r
          where r.project_no = any(${projects}::int[]) and r.start_time >= ${start}::timestamptz and r.start_time < ${end}::timestamptz
            and r.day = any(${group}::date[]) and r.end_time is not null and ${all}
          order by r.start_time desc limit ${MOST_RUNS + 1 - rows.length}`),
      { readOnly: true, statementTimeoutMs: TIMEOUT_MS },
    );
    rows.push(...found.rows);
  }
  return rows;
}

function keysOf(run: RunRow, groupBy: NonNullable<Question['groupBy']>): readonly string[] {
  switch (groupBy) {
    case 'project':
      return [String(run.projectNo)];
    case 'run_type':
      return [run.runType];
    case 'model':
      return isCallOf(run.runType) ? only(run.model) : [];
    case 'name':
      return only(run.name);
    case 'prompt':
      return only(run.prompt);
    case 'user':
      return only(run.user);
    case 'thread':
      return only(run.thread);
    case 'tag':
      return [...new Set(run.tags)];
  }
}

const only = (value: string | null): readonly string[] => (value === null ? [] : [value]);

function whereOf(where: Question['where']): Sql {
  const conditions = Object.entries(where).map(([dimension, value]) => isValue(dimension as Dimension, value));
  return conditions.reduce((all, condition) => sql`${all} and ${condition}`, sql`true`);
}

function isValue(dimension: Dimension, value: string): Sql {
  switch (dimension) {
    case 'trace':
      return sql`r.parent_run_id is null`;
    case 'run_type':
      return sql`r.run_type = ${RUN_TYPES.indexOf(value as RunType)}::smallint`;
    case 'model':
      return sql`r.model = ${value}`;
    case 'name':
      return sql`r.name = ${value}`;
    case 'prompt':
      return sql`r.prompt = ${value}`;
    case 'user':
      return sql`r.user_id = ${value}`;
    case 'tag':
      return sql`r.tags @> ${[value]}::text[]`;
  }
}
