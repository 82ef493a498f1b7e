import { sql } from '../../../db/sql.ts';
import { onlyRow, seconds, type Check } from './server.ts';

/** Standbys and slots in an answer at most: application names and slot names become labels. */
const MOST = 16;

interface StandbyRow {
  readonly application: string;
  readonly lag_bytes: number | null;
  readonly lag_seconds: number | null;
}

/** Several standbys of one application_name count as one, the slowest. */
export const standbys: Check<StandbyRow> = {
  name: 'postgres_standbys',
  tier: 'slow',
  statement: () => sql`
    select application_name as application, ${seconds('max(replay_lag)')} as lag_seconds,
      max(pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, replay_lsn))::float8 as lag_bytes
    from pg_stat_replication where replay_lsn is not null group by application_name order by lag_bytes desc nulls last limit ${MOST}`,
  record: (rows, { record }) => {
    for (const { application, lag_bytes, lag_seconds } of rows) {
      record('postgres_replication_lag_bytes', lag_bytes, { application });
      record('postgres_replication_lag_seconds', lag_seconds, { application });
    }
  },
};

interface SlotRow {
  readonly slot: string;
  readonly active: boolean;
  readonly retained_bytes: number | null;
}

export const slots: Check<SlotRow> = {
  name: 'postgres_slots',
  tier: 'slow',
  statement: () => sql`
    select slot_name as slot, active,
      pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, restart_lsn)::float8 as retained_bytes
    from pg_replication_slots order by retained_bytes desc nulls last limit ${MOST}`,
  record: (rows, { record }) => {
    for (const { slot, active, retained_bytes } of rows)
      record('postgres_replication_slot_retained_bytes', retained_bytes, { slot, active: String(active) });
  },
};

interface ServerRow {
  readonly version: number;
  readonly is_replica: boolean;
  readonly started: number;
  readonly replay_age: number | null;
}

/** On a standby that has replayed all it received the age of the last transaction only says that nobody writes: null. */
export const server: Check<ServerRow> = {
  name: 'postgres_server',
  tier: 'slow',
  statement: () => sql`
    select current_setting('server_version_num')::int as version, pg_is_in_recovery() as is_replica, ${seconds('pg_postmaster_start_time()')} as started,
      case when pg_is_in_recovery() and pg_last_wal_receive_lsn() is distinct from pg_last_wal_replay_lsn()
        then ${seconds('clock_timestamp() - pg_last_xact_replay_timestamp()')} end as replay_age`,
  record: (rows, { record }) => {
    const row = onlyRow(rows[0]);
    record('postgres_server_version_number', row.version);
    record('postgres_is_replica', row.is_replica ? 1 : 0);
    record('postgres_start_time_seconds', row.started);
    record('postgres_replay_age_seconds', row.replay_age);
  },
};
