import { setTimeout as delay } from 'node:timers/promises';
import type { Database, Queryable, Transaction } from './database.ts';
import { sqlStateOf } from './failure.ts';
import { raw, sql } from './sql.ts';

/** Tables of schema muster that are partitioned by day (UTC). */
export const dailyTables = ['events', 'heartbeats', 'samples', 'rollup_1m', 'chunks', 'runs', 'agent_logs'] as const;

export interface PartitionOptions {
  readonly tables?: readonly string[];
  /** Days before today that get a partition too: a host's late batch. Default 1. */
  readonly daysBehind?: number;
  /** Default 2: two days without anybody at work are survived. */
  readonly daysAhead?: number;
}

/** Short: while we wait for a lock, writers wait behind us. */
const LOCK_TIMEOUT_MS = 500;
const ATTEMPTS = 20;
const DAY_MS = 86_400_000;

/** `samples_20261122` */
export const partitionName = (table: string, day: string): string => `${table}_${day.replaceAll('-', '')}`;

/** `['2026-11-21', '2026-11-22', …]` */
export function daysAround(today: string, behind: number, ahead: number): readonly string[] {
  const start = Date.parse(`${today}T00:00:00Z`);
  return Array.from({ length: behind + ahead + 1 }, (_, index) => new Date(start + (index - behind) * DAY_MS).toISOString().slice(0, 10));
}

/** Makes sure that writes of today and the next days find their partition. Harmless when another host does the same. Returns the names created. */
export async function ensurePartitions(database: Database, options: PartitionOptions = {}): Promise<readonly string[]> {
  const today = await utcToday(database);
  const days = daysAround(today, options.daysBehind ?? 1, options.daysAhead ?? 2);
  const created: string[] = [];
  for (const table of options.tables ?? dailyTables) created.push(...(await ensureDays(database, table, days)));
  return created;
}

/** Makes sure that one day (`2026-11-21`), of whatever age, has its partition. */
export async function ensureDay(database: Database, table: string, day: string): Promise<void> {
  await ensureDays(database, table, [day]);
}

async function ensureDays(database: Database, table: string, days: readonly string[]): Promise<readonly string[]> {
  const missing = await daysWithout(database, table, days);
  return missing.length === 0 ? [] : briefly(() => createPartitions(database, table, missing));
}

/**
 * Drops the partition of one day if nothing is in it; tells whether it is gone. Looking takes a while where rows were deleted, so
 * only writers to that day wait for it; all others wait no longer than the drop itself, or LOCK_TIMEOUT_MS.
 */
export async function dropDayIfEmpty(database: Database, table: string, day: string): Promise<boolean> {
  const name = partitionName(table, day);
  if (!(await partitionsOf(database, table)).includes(name)) return true;
  const partition = raw(`muster.${quoted(name)}`);
  return briefly(() =>
    database.transaction(
      async (tx) => {
        await tx.query(sql`lock table ${partition} in share mode`);
        const { rows } = await tx.query(sql`select from ${partition} limit 1`);
        if (rows.length === 0) await tx.query(sql`drop table ${partition}`);
        return rows.length === 0;
      },
      { lockTimeoutMs: LOCK_TIMEOUT_MS },
    ),
  );
}

/** Drops the partitions that end before `keepDays` full days ago. Returns the names dropped. */
export async function dropPartitions(database: Database, table: string, keepDays: number): Promise<readonly string[]> {
  const today = await utcToday(database);
  const oldest = partitionName(table, daysAround(today, keepDays, 0)[0] ?? today);
  const dropped: string[] = [];
  for (const name of await partitionsOf(database, table)) {
    if (!/_\d{8}$/.test(name) || name >= oldest) continue;
    await briefly(() =>
      database.transaction((tx) => tx.query(sql`drop table if exists muster.${raw(quoted(name))}`), { lockTimeoutMs: LOCK_TIMEOUT_MS }),
    );
    dropped.push(name);
  }
  return dropped;
}

/** Names of the partitions of a table, oldest first; none where the table is not there. */
export async function partitionsOf(database: Queryable, table: string): Promise<readonly string[]> {
  const { rows } = await database.query<{ name: string }>(sql`
    select c.relname as name
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = to_regclass(${`muster.${quoted(table)}`})
    order by 1`);
  return rows.map(({ name }) => name);
}

async function utcToday(database: Database): Promise<string> {
  const row = await database.one<{ today: string }>(sql`select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD') as today`);
  if (row === undefined) throw new Error('the server did not tell the date');
  return row.today;
}

async function daysWithout(database: Queryable, table: string, days: readonly string[]): Promise<readonly string[]> {
  const existing = new Set(await partitionsOf(database, table));
  return days.filter((day) => !existing.has(partitionName(table, day)));
}

/** All days of a table in one transaction. Returns the names created. */
function createPartitions(database: Database, table: string, days: readonly string[]): Promise<readonly string[]> {
  return database.transaction(
    async (tx) => {
      await tx.query(sql`select pg_advisory_xact_lock(hashtextextended(${`muster partitions ${table}`}, 0))`);
      const bounds = await partitioning(tx, table);
      if (bounds === undefined) return [];
      const missing = await daysWithout(tx, table, days); // now that nobody else makes any
      await tx.query({ text: missing.flatMap((day) => attachStatements(table, day, bounds)).join(';\n'), values: [] });
      return missing.map((day) => partitionName(table, day));
    },
    { lockTimeoutMs: LOCK_TIMEOUT_MS },
  );
}

/**
 * Made apart and attached: ATTACH lets reads and writes of the parent go on, where CREATE … PARTITION OF stops them. Where there
 * is a default partition, its rows of that day move in the same transaction, and writers wait for that moment.
 */
function attachStatements(table: string, day: string, { key, holding }: Partitioning): readonly string[] {
  const parent = `muster.${quoted(table)}`;
  const partition = `muster.${quoted(partitionName(table, day))}`;
  const from = `'${day} 00:00:00+00'`;
  const to = `'${daysAround(day, 0, 1)[1] ?? ''} 00:00:00+00'`;
  const create = `create table ${partition} (like ${parent} including all excluding identity)`;
  const attach = `alter table ${parent} attach partition ${partition} for values from (${from}) to (${to})`;
  if (holding === null) return [create, attach];
  const rest = `muster.${quoted(holding)}`;
  const move = `with moved as (delete from ${rest} where ${quoted(key)} >= ${from} and ${quoted(key)} < ${to} returning *) insert into ${partition} select * from moved`;
  // A row on its way to the default partition would be refused by the bounds that this one leaves it: writers wait at the
  // parent, before they are routed.
  return [`lock table only ${parent}, only ${rest} in access exclusive mode`, create, move, attach];
}

interface Partitioning {
  /** The column a table is partitioned by. */
  readonly key: string;
  /** Its default partition. */
  readonly holding: string | null;
}

async function partitioning(tx: Transaction, table: string): Promise<Partitioning | undefined> {
  const { rows } = await tx.query<Partitioning>(sql`
    select a.attname as key, (select relname from pg_class where oid = nullif(p.partdefid, 0)) as holding
    from pg_partitioned_table p join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
    where p.partrelid = to_regclass(${`muster.${quoted(table)}`})`);
  return rows[0];
}

/** Runs what takes a strong lock for a moment; gives the lock up quickly and comes back, so that nobody queues behind us for long. */
async function briefly<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const state = sqlStateOf(error);
      if (attempt >= ATTEMPTS || (state !== '55P03' && state !== '40P01')) throw error;
      await delay(50 + Math.random() * 200 * Math.min(attempt, 5));
    }
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
