import type { Database, Queryable, Transaction } from '../../../db/database.ts';
import { raw, sql, type Sql } from '../../../db/sql.ts';
import { keptDays } from '../retention/classes.ts';
import { forgetRuns } from '../retention/forget-runs.ts';
import { deleteUnusedBlobs } from '../retention/unused-blobs.ts';
import { findTraces, valuesOf, type Subject } from './find.ts';
import { idPatternsOf, patternsOf, type SubjectKind, writings } from './needles.ts';

/** Runs and traces a transaction deals with at most. */
const BATCH = 1_000;

/** Rows by table. */
export type Removed = Readonly<Record<string, number>>;

/**
 * Tables beside the runs that may say something of a subject: rows in which it stands go as a whole. They are named here and not found by
 * looking, because a project or a price in whose name it stands must not go. Tables of rooms that are not there are passed over.
 */
const SAYING = [
  'trace_quarantine',
  'trace_orphans',
  'trace_feedback',
  'trace_examples',
  'trace_example_attachments',
  'gateway_answers',
  'gateway_deferred',
] as const;

export interface Erased {
  readonly traces: ReadonlySet<string>;
  readonly removed: Removed;
}

class DryRun extends Error {}

/**
 * Erases a subject: the traces that hold anything of it with all that belongs to them, the parts of texts that nothing else refers to, and what
 * lies beside. In small transactions, so that nobody is held up: broken off, it is asked for again and goes on. A dry run does the same and
 * takes every transaction back, so that what it counts is what would go.
 */
export async function eraseSubject(
  database: Database,
  subject: Subject,
  { pseudonymKey, dry, signal }: { readonly pseudonymKey: Buffer; readonly dry: boolean; readonly signal?: AbortSignal },
): Promise<Erased> {
  const removed = new Map<string, number>();
  const attempt = attempts(database, dry);
  const traces = await findTraces(database, subject, pseudonymKey, signal);
  await eraseTraces(database, traces, { removed, dry, ...(signal === undefined ? {} : { signal }) });
  const values = valuesOf(subject, pseudonymKey);
  const patterns = subject.kind === 'text' ? patternsOf(values) : idPatternsOf(values);
  // What lies beside belongs to no project that could be told.
  if (subject.projects !== null) return { traces, removed: Object.fromEntries(removed) };
  for (const table of SAYING) {
    signal?.throwIfAborted();
    await attempt((tx) => deleteSaying(tx, table, patterns, removed));
  }
  await attempt((tx) => deleteFilters(tx, subject.kind, values, removed));
  await attempt((tx) => deleteFigures(tx, subject, values, removed));
  return { traces, removed: Object.fromEntries(removed) };
}

/** Erases traces by their ids. */
export async function eraseTraces(
  database: Database,
  traces: ReadonlySet<string>,
  { removed, dry, signal }: { readonly removed: Map<string, number>; readonly dry: boolean; readonly signal?: AbortSignal },
): Promise<void> {
  if (traces.size === 0) return;
  const attempt = attempts(database, dry);
  for (const place of await keptDays(database)) {
    let touched = false;
    for (const some of chunks([...traces], BATCH)) {
      signal?.throwIfAborted();
      const { rows } = await database.query<{ run_id: string }>(sql`
        select run_id from muster.trace_runs
        where keep_days = ${place.keepDays} and day = ${place.day}::date and (trace_id = any(${some}::uuid[]) or run_id = any(${some}::uuid[]))`);
      for (const runs of chunks(
        rows.map(({ run_id }) => run_id),
        BATCH,
      )) {
        touched = true;
        await attempt((tx) => forgetRuns(tx, place, runs, removed));
        await attempt((tx) => deleteByRun(tx, runs, removed));
      }
    }
    if (touched && !dry) {
      const count = await database.transaction((tx) => deleteUnusedBlobs(tx, place));
      add(removed, 'trace_blobs', count);
    }
  }
}

function attempts(database: Database, dry: boolean): (work: (tx: Transaction) => Promise<void>) => Promise<void> {
  return async (work) => {
    try {
      await database.transaction(async (tx) => {
        await work(tx);
        if (dry) throw new DryRun('taken back');
      });
    } catch (error) {
      if (!(error instanceof DryRun)) throw error;
    }
  };
}

const add = (removed: Map<string, number>, table: string, count: number): void =>
  void (count > 0 && removed.set(table, (removed.get(table) ?? 0) + count));

async function isThere(tx: Transaction, table: string): Promise<boolean> {
  const { rows } = await tx.query<{ there: boolean }>(sql`select to_regclass(${`muster.${table}`}) is not null as there`);
  return rows[0]?.there === true;
}

/** Everything that a row `t` of a table says, column after column; undefined where the table is not there, or says nothing. Bytes are in hexadecimal. */
async function whatSays(db: Queryable, table: string): Promise<Sql | undefined> {
  const { rows } = await db.query<{ name: string; type: string }>(sql`
    select attname as name, format_type(atttypid, null) as type from pg_attribute
    where attrelid = to_regclass(${`muster."${table}"`}) and attnum > 0 and not attisdropped order by attnum`);
  const columns = rows.flatMap(({ name, type }) => {
    const column = `t."${name}"`;
    if (type === 'text' || type === 'character varying') return [column];
    if (type === 'json' || type === 'jsonb') return [`${column}::text`];
    if (type === 'bytea') return [`encode(${column}, 'hex')`];
    return type === 'text[]' ? [`array_to_string(${column}, E'\\n')`] : [];
  });
  return columns.length === 0 ? undefined : sql`${raw(`concat_ws(E'\\n', ${columns.join(', ')})`)}`;
}

async function deleteSaying(tx: Transaction, table: string, patterns: readonly string[], removed: Map<string, number>): Promise<void> {
  const says = await whatSays(tx, table);
  if (says === undefined) return;
  const { count } = await tx.query(sql`delete from muster.${raw(table)} t where ${says} like any(${patterns}::text[])`);
  add(removed, table, count);
}

/** What waits, was refused or is remembered of runs that are erased. */
async function deleteByRun(tx: Transaction, runs: readonly string[], removed: Map<string, number>): Promise<void> {
  add(removed, 'trace_quarantine', (await tx.query(sql`delete from muster.trace_quarantine where run_id = any(${runs}::text[])`)).count);
  add(removed, 'trace_orphans', (await tx.query(sql`delete from muster.trace_orphans where run_id = any(${runs}::uuid[])`)).count);
  if (await isThere(tx, 'gateway_deferred'))
    add(removed, 'gateway_deferred', (await tx.query(sql`delete from muster.gateway_deferred where id = any(${runs}::uuid[])`)).count);
  if (!(await isThere(tx, 'gateway_answers')) || !(await isThere(tx, 'gateway_requests'))) return;
  // Which answer was made for which run is not kept: all that the gateway remembers for these projects goes.
  const { count } = await tx.query(sql`delete from muster.gateway_answers
    where project in (select project from muster.gateway_requests where run_id = any(${runs}::uuid[]))`);
  add(removed, 'gateway_answers', count);
}

/** Filters that somebody saved to find a subject by. Their queries are addresses, where `@` may be `%40`: read, not searched. */
async function deleteFilters(tx: Transaction, kind: SubjectKind, values: readonly string[], removed: Map<string, number>): Promise<void> {
  const { rows } = await tx.query<{ id: string; query: string }>(sql`select filter_id as id, query from muster.trace_saved_filters`);
  const ids = rows.filter(({ query }) => asksFor(query, kind, values)).map(({ id }) => id);
  if (ids.length === 0) return;
  add(
    removed,
    'trace_saved_filters',
    (await tx.query(sql`delete from muster.trace_saved_filters where filter_id = any(${ids}::uuid[])`)).count,
  );
}

/** Whether a query names a subject: an id as a whole, or as a string in the filter language; a text anywhere. */
export function asksFor(query: string, kind: SubjectKind, values: readonly string[]): boolean {
  const said = [...new URLSearchParams(query)].map(([, text]) => text);
  return said.some((text) =>
    values.some((value) =>
      kind === 'text' ? writings(value).some((writing) => text.includes(writing)) : text === value || text.includes(JSON.stringify(value)),
    ),
  );
}

/** Figures of somebody alone. What he added to those of all stays: it says nothing of him. */
async function deleteFigures(tx: Transaction, { kind }: Subject, values: readonly string[], removed: Map<string, number>): Promise<void> {
  if (!(await isThere(tx, 'trace_figures'))) return;
  const condition = kind === 'text' ? sql`value like any(${patternsOf(values)}::text[])` : sql`value = any(${values}::text[])`;
  add(removed, 'trace_figures', (await tx.query(sql`delete from muster.trace_figures where ${condition}`)).count);
}

function* chunks<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}

/** Tables of schema muster in which a text still stands, and how many rows: to be sure afterwards. Reads everything. */
export async function whereItStands(database: Database, values: readonly string[]): Promise<Removed> {
  const patterns = patternsOf(values);
  const { rows: tables } = await database.query<{ name: string }>(sql`
    select c.relname as name from pg_class c
    where c.relnamespace = 'muster'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1`);
  const found: Record<string, number> = {};
  for (const { name } of tables) {
    const says = await whatSays(database, name);
    if (says === undefined) continue;
    const row = await database.one<{ count: number }>(
      sql`select count(*)::int as count from muster.${raw(`"${name}"`)} t where ${says} like any(${patterns}::text[])`,
    );
    if ((row?.count ?? 0) > 0) found[name] = row?.count ?? 0;
  }
  return found;
}
