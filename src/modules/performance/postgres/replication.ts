import { raw, sql } from '../../../db/sql.ts';
import { onlyRow, seconds, type Check } from './server.ts';

/** Standbys and slots in an answer at most: application names and slot names become labels. */
const MOST = 16;

const STAGES = ['sent', 'write', 'flush', 'replay'] as const;

interface StandbyRow {
  readonly application: string;
  readonly stages: Readonly<Record<(typeof STAGES)[number], number | null>>;
  readonly lag_bytes: number | null;
  readonly lag_seconds: number | null;
}

/** Several standbys of one application_name count as one, the slowest. */
export const standbys: Check<StandbyRow> = {
  name: 'postgres_standbys',
  tier: 'slow',
  statement: () => sql`
    select application_name as application, ${seconds('max(replay_lag)')} as lag_seconds,
      max(pg_wal_lsn_diff(head, replay_lsn))::float8 as lag_bytes,
      jsonb_build_object('sent', max(pg_wal_lsn_diff(head, sent_lsn)), 'write', max(pg_wal_lsn_diff(head, write_lsn)),
        'flush', max(pg_wal_lsn_diff(head, flush_lsn)), 'replay', max(pg_wal_lsn_diff(head, replay_lsn))) as stages
    from pg_stat_replication, (select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end as head) here
    where replay_lsn is not null group by application_name order by lag_bytes desc nulls last limit ${MOST}`,
  record: (rows, { record }) => {
    for (const { application, lag_bytes, lag_seconds, stages } of rows) {
      record('postgres_replication_lag_bytes', lag_bytes, { application });
      record('postgres_replication_lag_seconds', lag_seconds, { application });
      for (const stage of STAGES) record('postgres_replication_stage_lag_bytes', stages[stage], { application, stage });
    }
  },
};

interface SlotRow {
  readonly slot: string;
  readonly active: boolean;
  readonly retained_bytes: number | null;
  readonly safe_bytes: number | null;
  readonly lost: boolean;
  readonly inactive_seconds: number | null;
}

export const slots: Check<SlotRow> = {
  name: 'postgres_slots',
  tier: 'slow',
  statement: (version) => sql`
    select slot_name as slot, active, safe_wal_size::float8 as safe_bytes, coalesce(wal_status in ('unreserved', 'lost'), false) as lost,
      ${raw(version >= 170_000 ? 'extract(epoch from clock_timestamp() - inactive_since)::float8' : 'null::float8')} as inactive_seconds,
      pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, restart_lsn)::float8 as retained_bytes
    from pg_replication_slots order by retained_bytes desc nulls last limit ${MOST}`,
  record: (rows, { record }) => {
    for (const { slot, active, retained_bytes, safe_bytes, lost, inactive_seconds } of rows) {
      record('postgres_replication_slot_retained_bytes', retained_bytes, { slot, active: String(active) });
      record('postgres_replication_slot_active', active ? 1 : 0, { slot });
      record('postgres_replication_slot_safe_wal_bytes', safe_bytes, { slot });
      record('postgres_replication_slot_lost', lost ? 1 : 0, { slot });
      record('postgres_replication_slot_inactive_seconds', active ? 0 : inactive_seconds, { slot });
    }
  },
};

interface ServerRow {
  readonly version: number;
  readonly is_replica: boolean;
  readonly started: number;
  readonly configured: number;
  readonly replay_age: number | null;
}

/** On a standby that has replayed all it received the age of the last transaction only says that nobody writes: null. */
export const server: Check<ServerRow> = {
  name: 'postgres_server',
  tier: 'slow',
  statement: () => sql`
    select current_setting('server_version_num')::int as version, pg_is_in_recovery() as is_replica, ${seconds('pg_postmaster_start_time()')} as started,
      ${seconds('pg_conf_load_time()')} as configured,
      case when pg_is_in_recovery() and pg_last_wal_receive_lsn() is distinct from pg_last_wal_replay_lsn()
        then ${seconds('clock_timestamp() - pg_last_xact_replay_timestamp()')} end as replay_age`,
  record: (rows, { record }) => {
    const row = onlyRow(rows[0]);
    record('postgres_server_version_number', row.version);
    record('postgres_is_replica', row.is_replica ? 1 : 0);
    record('postgres_start_time_seconds', row.started);
    record('postgres_configuration_load_time_seconds', row.configured);
    record('postgres_replay_age_seconds', row.replay_age);
  },
};

interface ConflictRow {
  readonly kind: string;
  readonly count: number;
}

/** On a standby: queries that were cancelled for the sake of replay, by what they stood in the way of. */
export const recoveryConflicts: Check<ConflictRow> = {
  name: 'postgres_recovery_conflicts',
  tier: '1m',
  statement: (version) => sql`
    select kind, count from pg_stat_database_conflicts,
      lateral (values ('tablespace', confl_tablespace::float8), ('lock', confl_lock::float8), ('snapshot', confl_snapshot::float8),
        ('bufferpin', confl_bufferpin::float8), ('deadlock', confl_deadlock::float8)
        ${raw(version >= 160_000 ? ", ('logical_slot', confl_active_logicalslot::float8)" : '')}) conflict (kind, count)
    where datname = current_database()`,
  record: (rows, { record }) => {
    for (const { kind, count } of rows) record('postgres_recovery_conflicts_total', count, { kind });
  },
};

interface SubscriptionRow {
  readonly subscription: string;
  readonly apply: number;
  readonly sync: number;
}

export const subscriptions: Check<SubscriptionRow> = {
  name: 'postgres_subscriptions',
  tier: '1m',
  since: 15,
  statement: () =>
    sql`select subname as subscription, apply_error_count::float8 as apply, sync_error_count::float8 as sync from pg_stat_subscription_stats order by subname limit ${MOST}`,
  record: (rows, { record }) => {
    for (const { subscription, apply, sync } of rows) {
      record('postgres_subscription_errors_total', apply, { subscription, kind: 'apply' });
      record('postgres_subscription_errors_total', sync, { subscription, kind: 'sync' });
    }
  },
};
