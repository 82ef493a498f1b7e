import { dailyTables, daysAround, ensurePartitions, partitionName, partitionsOf } from '../../../db/partitions.ts';
import { sql } from '../../../db/sql.ts';
import { defineAction, targetName, type LookSite, type RecoveryAction } from '../action.ts';
import { identifier, literal } from './quote.ts';

/** The days from today on, so many of the next with it, for which a table has no partition. */
export async function missingDays({ database }: LookSite, table: string, ahead: number): Promise<readonly string[]> {
  const row = await database.one<{ today: string }>(sql`select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD') as today`);
  const there = await partitionsOf(database, table);
  return daysAround(row?.today ?? '', 0, ahead).filter((day) => !there.includes(partitionName(table, day)));
}

/** As many as are made ahead every hour. */
const AHEAD = 2;

export const extendPartitions: RecoveryAction = defineAction({
  name: 'extend_partitions',
  title: 'Make the partitions of the next days',
  description: 'Makes the daily partitions of a table of ours that are missing, so that writes find theirs.',
  on: [{ rule: '*partition*' }],
  idempotent: true,
  undo: 'irreversible',
  limits: { hold: '0s', verify: '1m', cooldown: '5m', timeout: '1m', mostTargets: dailyTables.length },
  async targets(site, { labels }) {
    const tables = dailyTables.filter((table) => labels['table'] === undefined || labels['table'] === table);
    const missing = await Promise.all(tables.map(async (table) => ({ table, days: await missingDays(site, table, AHEAD) })));
    return missing
      .filter(({ days }) => days.length > 0)
      .map(({ days, table }) => ({ target: targetName({ table }), group: 'partitions', params: { table, days: days.join(' ') } }));
  },
  steps: ({ params }) => {
    const table = String(params?.['table']);
    return [
      {
        kind: 'code',
        describe: `create and attach ${String(params?.['days'])
          .split(' ')
          .map((day) => `muster.${partitionName(table, day)}`)
          .join(', ')}`,
        run: ({ database }) => ensurePartitions(database, { tables: [table] }),
      },
    ];
  },
  async symptom(site, { params }) {
    const days = await missingDays(site, String(params?.['table']), AHEAD);
    return days.length === 0
      ? { present: false, text: 'today and the next two days have partitions', value: 0 }
      : { present: true, text: `no partition for ${days.join(', ')}`, value: days.length };
  },
});

interface SlotRow {
  readonly name: string;
  readonly retained: number;
}

/** Beyond this an inactive slot is stuck: where the shipped check of slots becomes a warning. */
const RETAINED_BYTES = 1_000_000_000;

/** Slots nobody reads that keep more of the log than so many bytes. */
const stuckSlots = (name: string | undefined, moreThan: number) => sql`
  select slot_name::text as name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8 as retained
  from pg_replication_slots
  where not active and not temporary and (wal_status = 'lost' or pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) >= ${moreThan}::float8)
    and (${name ?? null}::text is null or slot_name = ${name ?? null}::name)
  order by 2 desc nulls first`;

export const clearStuckSlot: RecoveryAction = defineAction({
  name: 'clear_stuck_slot',
  title: 'Drop a replication slot that nobody reads',
  description:
    'Drops an inactive slot that keeps the write-ahead log from being removed. Its standby or subscriber has to be set up anew: never by itself.',
  on: [{ rule: '*slot*' }],
  ceiling: 'approve',
  approver: 'administrator',
  undo: 'irreversible',
  limits: { hold: '5s', verify: '1m', mostTargets: 1, runsAnHour: 2, timeout: '30s' },
  async targets({ database }, { labels, threshold }) {
    const name = labels['slot'] ?? labels['slot_name'];
    // Of a slot that an alert names, its rule says how much is too much.
    const bytes = Number(labels['bytes'] ?? (name === undefined ? undefined : threshold) ?? RETAINED_BYTES);
    const { rows } = await database.query<SlotRow>(stuckSlots(name, Number.isFinite(bytes) ? bytes : RETAINED_BYTES));
    return rows.map((row) => ({ target: targetName({ slot: row.name }), group: 'slots', params: { slot: row.name } }));
  },
  steps: ({ params }) => [
    {
      kind: 'sql',
      how: 'alone',
      text: `select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = ${literal(String(params?.['slot']))} and not active`,
    },
  ],
  async symptom({ database }, { params }) {
    const row = await database.one<SlotRow>(stuckSlots(String(params?.['slot']), 0));
    if (row === undefined) return { present: false, text: 'the slot is gone or in use' };
    return {
      present: true,
      text: `nobody reads it, and it keeps ${Math.round(row.retained / 1_048_576)} MB of the log`,
      value: row.retained,
    };
  },
});

/** A week of every history stays, whatever the disk. */
const DAYS_KEPT = 7;
const HISTORY = ['heartbeats', 'events', 'chunks', 'rollup_1m'] as const;

interface PartitionRow {
  readonly partition: string;
  readonly bytes: number;
}

export const dropOldHistory: RecoveryAction = defineAction({
  name: 'drop_old_history',
  title: 'Keep less history where the disk fills',
  description:
    'Drops the oldest days of our own history, a quarter of those older than a week, ahead of their retention. What is dropped is gone: never by itself.',
  on: [{ rule: '*disk*' }, { rule: '*filesystem*' }],
  ceiling: 'approve',
  approver: 'administrator',
  undo: 'irreversible',
  limits: { hold: '1m', verify: '5m', mostTargets: HISTORY.length, runsAnHour: 4, cooldown: '30m', timeout: '5m' },
  async targets({ database }, { labels }) {
    const { rows } = await database.query<PartitionRow & { readonly table: string }>(sql`
      with old as (
        select p.relname as "table", c.relname as partition, row_number() over (partition by p.relname order by c.relname) as nth,
          count(*) over (partition by p.relname) as n
        from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
        where p.relnamespace = 'muster'::regnamespace and p.relname = any (${[...HISTORY]}::text[]) and c.relname ~ '_\\d{8}$'
          and to_date(right(c.relname, 8), 'YYYYMMDD') < (clock_timestamp() at time zone 'UTC')::date - ${DAYS_KEPT}::int
      )
      select "table", string_agg(partition, ' ' order by partition) as partition, 0::float8 as bytes
      from old where nth <= ceil(n / 4.0) and (${labels['table'] ?? null}::text is null or "table" = ${labels['table'] ?? null})
      group by 1 order by 1`);
    return rows.map(({ partition, table }) => ({
      target: targetName({ table }),
      group: 'history',
      params: { table, partitions: partition },
    }));
  },
  steps: ({ params }) =>
    String(params?.['partitions'])
      .split(' ')
      .map((partition) => ({
        kind: 'sql',
        how: 'fenced',
        text: `drop table if exists muster.${identifier(partition)}`,
        statementTimeoutMs: 30_000,
      })),
});
