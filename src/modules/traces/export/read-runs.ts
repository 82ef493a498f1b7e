import type { Queryable } from '../../../db/database.ts';
import { raw, sql, type Sql } from '../../../db/sql.ts';
import { inflate } from '../blobs/inflate.ts';
import { keptDays, type KeptDay } from '../retention/classes.ts';
import { TEXT_COLUMNS, type ExportedRun } from './exported-run.ts';

/** Runs a page at most, and their text: what is in memory at once, whatever is exported. */
const PAGE = 200;

const iso = (column: string): string => `to_char(r.${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ${column}`;
const COLUMNS = raw(`r.run_id, r.trace_id, r.parent_run_id, p.name as project, r.keep_days, to_char(r.day, 'YYYY-MM-DD') as day,
  ${iso('start_time')}, ${iso('end_time')}, ${iso('first_token_time')}, r.run_type, r.status, r.name, r.model, r.provider, r.thread_id, r.user_id, r.prompt,
  r.tags, r.prompt_tokens, r.completion_tokens, r.total_tokens, r.input_cost::text, r.output_cost::text, r.total_cost::text, r.reference_example_id,
  ${TEXT_COLUMNS.map((column) => `r.${column}`).join(', ')}`);

type Row = Omit<ExportedRun, 'texts'> & ExportedRun['texts'];

/** Where an export stands: behind this run of this day. */
export interface ExportPlace extends KeptDay {
  readonly runId: string;
}

/** Behind a cursor; undefined for a text that is none of ours. */
export function placeOf(cursor: string): ExportPlace | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})\.(\d{1,4})\.([0-9a-f-]{36})$/.exec(cursor);
  return match === null ? undefined : { day: match[1] ?? '', keepDays: Number(match[2]), runId: match[3] ?? '' };
}

export const cursorOf = ({ day, keep_days, run_id }: Pick<ExportedRun, 'day' | 'keep_days' | 'run_id'>): string =>
  `${day}.${keep_days}.${run_id}`;

export interface ExportQuery {
  /** Over the rows `r` of one day. */
  readonly conditions: (day: string) => readonly Sql[];
  /** Days from and to, both included; null: all there are. */
  readonly fromDay: string | null;
  readonly toDay: string | null;
  readonly after: ExportPlace | undefined;
}

/**
 * Runs by day, and within a day by their id: the order of the primary key, so that every page begins where the last one ended whatever
 * comes or goes meanwhile, and costs the same. A page is read when the one before was taken: who reads slowly makes us wait, not grow.
 */
export async function* readRuns(db: Queryable, { conditions, fromDay, toDay, after }: ExportQuery): AsyncGenerator<readonly ExportedRun[]> {
  const position = ({ day, keepDays }: KeptDay): string => `${day} ${String(keepDays).padStart(5, '0')}`;
  const days = (await keptDays(db))
    .filter(({ day }) => (fromDay === null || day >= fromDay) && (toDay === null || day <= toDay))
    .toSorted((a, b) => (position(a) < position(b) ? -1 : 1));
  for (const place of days) {
    if (after !== undefined && position(place) < position(after)) continue;
    let last = after !== undefined && position(place) === position(after) ? after.runId : null;
    for (;;) {
      const page = await pageOf(db, place, conditions(place.day), last);
      if (page.length > 0) yield page;
      if (page.length < PAGE) break;
      last = page.at(-1)?.run_id ?? null;
    }
  }
}

async function pageOf(
  db: Queryable,
  { keepDays, day }: KeptDay,
  conditions: readonly Sql[],
  after: string | null,
): Promise<readonly ExportedRun[]> {
  const { rows } = await db.query<Row>(sql`
    select ${COLUMNS} from muster.trace_runs r join muster.trace_projects p using (project_no)
    where r.keep_days = ${keepDays} and r.day = ${day}::date ${after === null ? sql`` : sql`and r.run_id > ${after}::uuid`} ${and(conditions)}
    order by r.run_id limit ${PAGE}`);
  const whole = await inflate(
    db,
    rows.map((row) => ({ keepDays, day, texts: TEXT_COLUMNS.map((column) => row[column]) })),
  );
  return rows.map((row, index) => {
    const { usage: _u, inputs: _i, outputs: _o, error: _e, extra: _x, events: _v, serialized: _s, rest: _r, ...columns } = row;
    const texts = Object.fromEntries(TEXT_COLUMNS.map((column, at) => [column, whole[index]?.[at] ?? null])) as ExportedRun['texts'];
    return { ...columns, texts };
  });
}

const and = (conditions: readonly Sql[]): Sql => conditions.reduce((all, condition) => sql`${all} and ${condition}`, sql``);
