import { sql } from '../../../db/sql.ts';
import { onlyRow, seconds, type Check } from './server.ts';

interface WalRow {
  readonly bytes: number;
  readonly records: number;
  readonly full_page_images: number;
  readonly buffers_full: number;
}

/** These four columns are in pg_stat_wal from 14 to 18; its times of writing moved to pg_stat_io with 18 and are not read. */
export const writeAheadLog: Check<WalRow> = {
  name: 'postgres_wal',
  tier: 'slow',
  statement: () => sql`
    select wal_bytes::float8 as bytes, wal_records::float8 as records, wal_fpi::float8 as full_page_images, wal_buffers_full::float8 as buffers_full
    from pg_stat_wal`,
  record: (rows, { record }) => {
    const row = onlyRow(rows[0]);
    record('postgres_wal_bytes_total', row.bytes);
    record('postgres_wal_records_total', row.records);
    record('postgres_wal_full_page_images_total', row.full_page_images);
    record('postgres_wal_buffers_full_total', row.buffers_full);
  },
};

interface CheckpointRow {
  readonly timed: number;
  readonly requested: number;
  readonly write_seconds: number;
  readonly sync_seconds: number;
  readonly buffers: number;
}

/** Checkpoints have a view of their own since 17. */
export const checkpoints: Check<CheckpointRow> = {
  name: 'postgres_checkpoints',
  tier: 'slow',
  statement: (version) =>
    version >= 170_000
      ? sql`
        select num_timed::float8 as timed, num_requested::float8 as requested, write_time / 1000 as write_seconds, sync_time / 1000 as sync_seconds,
          buffers_written::float8 as buffers
        from pg_stat_checkpointer`
      : sql`
        select checkpoints_timed::float8 as timed, checkpoints_req::float8 as requested, checkpoint_write_time / 1000 as write_seconds,
          checkpoint_sync_time / 1000 as sync_seconds, buffers_checkpoint::float8 as buffers
        from pg_stat_bgwriter`,
  record: (rows, { record }) => {
    const row = onlyRow(rows[0]);
    record('postgres_checkpoints_total', row.timed, { kind: 'timed' });
    record('postgres_checkpoints_total', row.requested, { kind: 'requested' });
    record('postgres_checkpoint_seconds_total', row.write_seconds, { phase: 'write' });
    record('postgres_checkpoint_seconds_total', row.sync_seconds, { phase: 'sync' });
    record('postgres_checkpoint_buffers_written_total', row.buffers);
  },
};

interface PositionRow {
  readonly position: number | null;
}

/** Bytes since the beginning of the log: on a standby as far as it has received. */
export const walPosition: Check<PositionRow> = {
  name: 'postgres_wal_position',
  tier: '10s',
  statement: () => sql`
    select pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end, '0/0')::float8 as position`,
  record: (rows, { record }) => record('postgres_wal_position_bytes', onlyRow(rows[0]).position),
};

interface WalFilesRow {
  readonly files: number;
  readonly bytes: number;
}

export const walFiles: Check<WalFilesRow> = {
  name: 'postgres_wal_files',
  tier: '1m',
  statement: () => sql`select count(*)::int as files, coalesce(sum(size), 0)::float8 as bytes from pg_ls_waldir()`,
  record: (rows, { record }) => {
    const row = onlyRow(rows[0]);
    record('postgres_wal_files', row.files);
    record('postgres_wal_directory_bytes', row.bytes);
  },
};

interface ArchiverRow {
  readonly archived: number;
  readonly failed: number;
  readonly last_age: number | null;
  readonly failing: boolean;
  readonly on: boolean;
}

/** Where archiving is off there is nothing to tell. Failing: the last attempt that ended did not succeed. */
export const archiver: Check<ArchiverRow> = {
  name: 'postgres_archiver',
  tier: 'slow',
  statement: () => sql`
    select archived_count::float8 as archived, failed_count::float8 as failed, ${seconds('clock_timestamp() - last_archived_time')} as last_age,
      coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) as failing, current_setting('archive_mode') <> 'off' as on
    from pg_stat_archiver`,
  record: (rows, { record }) => {
    const row = onlyRow(rows[0]);
    if (!row.on) return;
    record('postgres_archived_total', row.archived, { result: 'archived' });
    record('postgres_archived_total', row.failed, { result: 'failed' });
    record('postgres_last_archive_age_seconds', row.last_age);
    record('postgres_archiver_failing', row.failing ? 1 : 0);
  },
};
