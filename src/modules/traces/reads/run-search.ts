import type { Queryable } from '../../../db/database.ts';
import { MusterError } from '../../../base/errors.ts';
import { sql } from '../../../db/sql.ts';
import { foldedTextOf, holds, readQuery, RunSearch, type Candidate, type FieldGroup, type SearchQuery } from '../search/index.ts';
import type { Filter } from './filter/filter.ts';
import { parseFilter } from './filter/parse.ts';
import { fieldGroupsOf } from './run-demands.ts';
import { conditionsOf, plainSearch, type RunFilters } from './run-filters.ts';
import { listRuns, type ListQuery } from './run-list.ts';
import { recordOf, runColumns, type RunRecord, type RunRow } from './run-record.ts';
import { withTexts } from './run-store.ts';

export interface RunQuery extends Omit<ListQuery, 'where'> {
  readonly filters: RunFilters;
  /** Words anywhere in a run. */
  readonly words?: string | undefined;
}

/** The first look is for what many runs hold, and ends the search; further ones read more at once. */
const FIRST_LOOK = 60;

/**
 * Runs that fit, in their order. Words, also those that the filter demands of every run, are looked up in the index: then the newest come first. So are
 * rare values of fields.
 * Throws INVALID_INPUT for a filter or words that cannot be read.
 */
export async function listRunsOf(db: Queryable, { filters, words, ...query }: RunQuery): Promise<readonly RunRecord[]> {
  const demanded = new Set(filters.filter === undefined ? [] : demandedWords(parseFilter(filters.filter)));
  const fields = fieldGroupsOf(filters);
  if (words === undefined && demanded.size === 0)
    return listRuns(db, { ...query, where: conditionsOf(filters), only: lookedUp(db, fields, query.limit) });
  if (query.order === 'asc')
    throw new MusterError('INVALID_INPUT', 'a search lists the newest runs first', { remedy: 'Leave order out, or the words.' });
  const where = conditionsOf(filters, (text, run) => (run === 'r' && demanded.has(text) ? sql`true` : plainSearch(text, run)));
  const asked = [...(words === undefined ? [] : [words]), ...[...demanded].map((text) => `"${text.replaceAll('"', ' ')}"`)].map(readQuery);
  return search(db, { ...query, where }, together(asked), fields);
}

/** Which runs of some days may have a value of every group, where that is worth looking up for so many runs. Undefined where no group is given. */
export const lookedUp = (db: Queryable, fields: readonly FieldGroup[], limit: number): ListQuery['only'] =>
  fields.length === 0 ? undefined : searchOf(db).fields.lookUp(fields, limit);

/** What no run may lack: `search("…")` alone, or one of what `and` joins. */
function demandedWords(filter: Filter): readonly string[] {
  if (filter.op === 'and') return filter.of.flatMap(demandedWords);
  return filter.op === 'search' && filter.field === null ? [filter.text] : [];
}

const together = (queries: readonly SearchQuery[]): SearchQuery => ({
  parts: queries.flatMap(({ parts }) => parts),
  without: queries.flatMap(({ without }) => without),
  patterns: queries.flatMap(({ patterns }) => patterns),
});

async function search(db: Queryable, query: ListQuery, asked: SearchQuery, fields: readonly FieldGroup[]): Promise<readonly RunRecord[]> {
  const found: RunRecord[] = [];
  if (query.limit === 0) return found;
  for await (const runs of holding(db, query, asked, fields)) {
    found.push(...runs);
    if (found.length >= query.limit) return found.slice(0, query.limit);
  }
  return found;
}

/** Runs that hold words, newest first, as many as whoever asks goes on to read. Throws INVALID_INPUT for words that cannot be read. */
export const runsHolding = (
  db: Queryable,
  words: string,
  query: Pick<ListQuery, 'projects' | 'from' | 'to'>,
): AsyncGenerator<readonly RunRecord[]> => holding(db, { ...query, where: () => [] }, readQuery(words), []);

async function* holding(
  db: Queryable,
  { projects, where, from, to, after }: Omit<ListQuery, 'limit'>,
  asked: SearchQuery,
  fields: readonly FieldGroup[],
): AsyncGenerator<readonly RunRecord[]> {
  if (projects.length === 0) return;
  const scope = { projects: new Set(projects), from: from ?? 0, to: to ?? Number.MAX_SAFE_INTEGER, after, fields };
  let look = FIRST_LOOK;
  for await (const batch of searchOf(db).candidates(asked, scope)) {
    for (let at = 0; at < batch.length; at += look) yield await thatHold(db, batch.slice(at, at + look), where, asked);
    look = batch.length;
  }
}

/** Of candidates, in their order, those that fit and whose text holds it. */
async function thatHold(
  db: Queryable,
  candidates: readonly Candidate[],
  where: ListQuery['where'],
  asked: SearchQuery,
): Promise<readonly RunRecord[]> {
  const fitting = new Map<string, RunRecord>();
  for (const day of new Set(candidates.map(({ day }) => day))) {
    const ids = candidates.filter((candidate) => candidate.day === day).map(({ runId }) => runId);
    const conditions = where(day).reduce((all, next) => sql`${all} and ${next}`, sql`true`);
    const { rows } = await db.query<RunRow>(
      sql`select ${runColumns('r')} from muster.trace_runs r where r.day = ${day}::date and r.run_id = any(${ids}::uuid[]) and ${conditions}`,
    );
    for (const row of rows) fitting.set(row.run_id, recordOf(row));
  }
  const runs = candidates.flatMap(({ runId }) => fitting.get(runId) ?? []);
  const whole = await withTexts(db, runs, ['inputs', 'outputs', 'error', 'extra']);
  const holding = new Set(
    whole
      .filter(({ name, tags, texts }) =>
        holds(
          asked,
          foldedTextOf({
            name,
            tags,
            inputs: texts.inputs ?? null,
            outputs: texts.outputs ?? null,
            error: texts.error ?? null,
            extra: texts.extra ?? null,
          }),
        ),
      )
      .map(({ runId }) => runId),
  );
  return runs.filter(({ runId }) => holding.has(runId));
}

const searches = new WeakMap<Queryable, RunSearch>();

/** One a database: it keeps the words of the segments it used last. */
function searchOf(db: Queryable): RunSearch {
  let held = searches.get(db);
  if (held === undefined) searches.set(db, (held = new RunSearch(db)));
  return held;
}
