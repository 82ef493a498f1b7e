import { counter, gauge, type Catalogue } from '../../metric.ts';

/** What is measured of the PostgreSQL server and the fleet's database in it. PostgreSQL 14 to 18. */
export const POSTGRES_METRICS = {
  postgres_up: gauge.fast('', 'the probe', '1 where the probe answered, 0 where it did not'),
  postgres_query_response_seconds: gauge.fast(
    'seconds',
    'the probe',
    'Time for `select 1` in a transaction of its own, as an agent sees it: pool, network and server',
  ),
  postgres_connections: gauge.fast(
    '',
    'pg_stat_activity',
    'Client connections by state: active, idle, idle_in_transaction, other, hidden (without the right to see them)',
    ['state'],
  ),
  postgres_connections_limit: gauge.fast('', 'pg_settings', 'max_connections less what is reserved'),
  postgres_connections_usage_ratio: gauge.fast('ratio', 'pg_stat_activity', 'Client connections, of the limit'),
  postgres_longest_transaction_seconds: gauge.fast(
    'seconds',
    'pg_stat_activity',
    'Age of the oldest open transaction; 0 where none is open',
  ),
  postgres_longest_query_seconds: gauge.fast('seconds', 'pg_stat_activity', 'Age of the oldest running statement'),
  postgres_longest_idle_in_transaction_seconds: gauge.fast(
    'seconds',
    'pg_stat_activity',
    'How long a session has sat in an open transaction, at most',
  ),
  postgres_lock_waiting_backends: gauge.fast('', 'pg_stat_activity', 'Sessions that wait for a lock'),
  postgres_longest_lock_wait_seconds: gauge.slow('seconds', 'pg_locks.waitstart', 'The longest of those waits'),
  postgres_oldest_snapshot_transactions: gauge.slow(
    '',
    'pg_stat_activity',
    'Transactions since the oldest snapshot in use: what vacuum cannot clean',
  ),
  postgres_autovacuum_workers: gauge.fast('', 'pg_stat_activity', 'Autovacuum workers at work'),
  postgres_transactions_total: counter.fast('', 'pg_stat_database', 'Transactions of the database: commit, rollback', ['outcome']),
  postgres_blocks_total: counter.fast('', 'pg_stat_database', 'Blocks wanted: hit (found in shared buffers), read (asked of the system)', [
    'source',
  ]),
  postgres_cache_hit_ratio: gauge.fast(
    'ratio',
    'pg_stat_database',
    'Blocks found in shared buffers since the last run; absent where none was wanted',
  ),
  postgres_tuples_total: counter.fast('', 'pg_stat_database', 'Rows: returned, fetched, inserted, updated, deleted', ['operation']),
  postgres_temporary_bytes_total: counter.fast('bytes', 'pg_stat_database', 'Written to temporary files by queries short of work_mem'),
  postgres_temporary_files_total: counter.slow('', 'pg_stat_database', 'Temporary files written'),
  postgres_deadlocks_total: counter.fast('', 'pg_stat_database', 'Deadlocks the server has broken'),
  postgres_conflicts_total: counter.slow('', 'pg_stat_database', 'Queries cancelled on a standby for conflicts with recovery'),
  postgres_checksum_failures_total: counter.slow('', 'pg_stat_database', 'Pages whose checksum was wrong; absent where checksums are off'),
  postgres_stats_reset_time_seconds: gauge.slow('seconds', 'pg_stat_database', 'When the counters were last reset, seconds since 1970'),
  postgres_database_size_bytes: gauge.rare('bytes', 'pg_database_size()', 'The database on disk'),
  postgres_live_tuples: gauge.slow('', 'pg_stat_user_tables', 'Rows alive in all tables, as the statistics estimate'),
  postgres_dead_tuples: gauge.slow('', 'pg_stat_user_tables', 'Rows dead and not yet vacuumed, as the statistics estimate'),
  postgres_wal_bytes_total: counter.slow('bytes', 'pg_stat_wal', 'Write-ahead log generated'),
  postgres_wal_records_total: counter.slow('', 'pg_stat_wal', 'Records in it'),
  postgres_wal_full_page_images_total: counter.slow('', 'pg_stat_wal', 'Full pages in it'),
  postgres_wal_buffers_full_total: counter.slow('', 'pg_stat_wal', 'Times it had to be written because wal_buffers was full'),
  postgres_checkpoints_total: counter.slow('', 'pg_stat_checkpointer (17+), pg_stat_bgwriter (14-16)', 'Checkpoints: timed, requested', [
    'kind',
  ]),
  postgres_checkpoint_seconds_total: counter.slow(
    'seconds',
    'pg_stat_checkpointer (17+), pg_stat_bgwriter (14-16)',
    'Time in checkpoints: write, sync',
    ['phase'],
  ),
  postgres_checkpoint_buffers_written_total: counter.slow(
    '',
    'pg_stat_checkpointer (17+), pg_stat_bgwriter (14-16)',
    'Buffers written by checkpoints',
  ),
  postgres_replication_lag_bytes: gauge.slow('bytes', 'pg_stat_replication', 'Write-ahead log a standby has yet to replay', [
    'application',
  ]),
  postgres_replication_lag_seconds: gauge.slow(
    'seconds',
    'pg_stat_replication',
    'Time the last replayed change took; absent where the standby is idle and up to date',
    ['application'],
  ),
  postgres_replay_age_seconds: gauge.slow(
    'seconds',
    'pg_last_xact_replay_timestamp()',
    'On a standby: age of the last replayed transaction; absent where all that was received is replayed',
  ),
  postgres_replication_slot_retained_bytes: gauge.slow('bytes', 'pg_replication_slots', 'Write-ahead log kept for a slot', [
    'slot',
    'active',
  ]),
  postgres_transaction_id_age: gauge.slow(
    '',
    'pg_database.datfrozenxid',
    'Transactions since the oldest row not yet frozen, over all databases',
  ),
  postgres_multixact_id_age: gauge.slow('', 'pg_database.datminmxid', 'The same for multixacts'),
  postgres_wraparound_usage_ratio: gauge.slow(
    'ratio',
    'pg_database',
    'The larger of the two ages, of the 2^31 at which the server would stop writing',
  ),
  postgres_is_replica: gauge.slow('', 'pg_is_in_recovery()', '1 on a standby'),
  postgres_configuration_load_time_seconds: gauge.slow(
    'seconds',
    'pg_conf_load_time()',
    'When its configuration was read last, seconds since 1970',
  ),
  postgres_start_time_seconds: gauge.slow('seconds', 'pg_postmaster_start_time()', 'When the server started, seconds since 1970'),
  postgres_server_version_number: gauge.slow('', 'server_version_num', '180004 is 18.4'),

  // Sessions and locks
  postgres_backends: gauge['10s'](
    '',
    'pg_stat_activity',
    'Backends, the server’s own too, by what they do and wait for: the 40 largest groups by name, the others as (rest)',
    ['datname', 'backend_type', 'state', 'wait_event_type'],
  ),
  postgres_blocked_backends: gauge.fast('', 'pg_blocking_pids()', 'Sessions that wait for a lock another session holds'),
  postgres_blocking_roots: gauge.fast(
    '',
    'pg_blocking_pids()',
    'Sessions that block others and wait for nobody: those to look at; named by the event database:blocked',
  ),
  postgres_longest_blocked_seconds: gauge.fast('seconds', 'pg_locks.waitstart', 'The longest wait of a blocked session'),
  postgres_locks: gauge['10s']('', 'pg_locks', 'Locks held and waited for', ['mode', 'granted']),
  postgres_lock_table_usage_ratio: gauge['10s'](
    'ratio',
    'pg_locks',
    'Entries of the shared lock table, of max_locks_per_transaction × sessions',
  ),
  postgres_prepared_transactions: gauge['1m']('', 'pg_prepared_xacts', 'Transactions prepared and neither committed nor rolled back'),
  postgres_longest_prepared_transaction_seconds: gauge['1m']('seconds', 'pg_prepared_xacts', 'Age of the oldest of them'),
  postgres_session_seconds_total: counter.slow(
    'seconds',
    'pg_stat_database',
    'Time of ended sessions and statements: open, active, idle_in_transaction',
    ['kind'],
  ),
  postgres_sessions_total: counter.slow('', 'pg_stat_database', 'Sessions: any, and those that ended abandoned, fatal or killed', ['end']),
  postgres_parallel_workers_total: counter.slow('', 'pg_stat_database (18)', 'Parallel workers: planned, launched', ['kind']),

  // Vacuum
  postgres_vacuum_horizon_age_transactions: gauge.slow(
    '',
    'pg_stat_activity, pg_replication_slots, pg_prepared_xacts, pg_stat_replication',
    'Who holds vacuum back, by how many transactions: backend, standby, replication_slot, prepared_transaction',
    ['holder'],
  ),
  postgres_database_transaction_id_age: gauge['1m'](
    '',
    'pg_database.datfrozenxid',
    'Transactions since the oldest row not yet frozen, by database (the 16 oldest)',
    ['datname'],
  ),
  postgres_database_multixact_id_age: gauge['1m']('', 'pg_database.datminmxid', 'The same for multixacts', ['datname']),
  postgres_relation_transaction_id_age: gauge['10m'](
    '',
    'pg_class.relfrozenxid',
    'The same by table, TOAST tables among them (the oldest)',
    ['schema', 'relation'],
  ),
  postgres_relation_multixact_id_age: gauge['10m']('', 'pg_class.relminmxid', 'The same for multixacts', ['schema', 'relation']),
  postgres_table_autovacuum_due_ratio: gauge.rare(
    'ratio',
    'pg_stat_get_dead_tuples(), pg_class.reloptions',
    'Dead rows, of the number at which autovacuum comes: above 1 it is due (the greatest)',
    ['schema', 'table'],
  ),
  postgres_tables_autovacuum_due: gauge.rare('', 'pg_stat_get_dead_tuples(), pg_class.reloptions', 'Tables that are due'),
  postgres_progress_operations: gauge['10s'](
    '',
    'pg_stat_progress_*',
    'Running at this moment: vacuum, analyze, create_index, cluster, copy, basebackup',
    ['command'],
  ),
  postgres_progress_ratio: gauge['10s'](
    'ratio',
    'pg_stat_progress_*',
    'How far the one that is furthest back has come; absent where none runs or its end is not known',
    ['command'],
  ),

  // Input and output
  postgres_block_io_seconds_total: counter.slow(
    'seconds',
    'pg_stat_database',
    'Time in block I/O: read, write; absent without track_io_timing',
    ['operation'],
  ),
  postgres_buffers_written_total: counter['10s'](
    '',
    'pg_stat_bgwriter, pg_stat_checkpointer (17+)',
    'Buffers written by checkpoint, bgwriter and, up to 16, backend',
    ['by'],
  ),
  postgres_bgwriter_maxwritten_total: counter['10s'](
    '',
    'pg_stat_bgwriter',
    'Rounds in which the background writer stopped at bgwriter_lru_maxpages',
  ),
  postgres_buffers_allocated_total: counter['10s']('', 'pg_stat_bgwriter', 'Buffers allocated'),
  postgres_io_operations_total: counter['1m'](
    '',
    'pg_stat_io (16+)',
    'Operations by who does them, to what and why (the 24 busiest kinds): read, write, extend, writeback, fsync',
    ['backend_type', 'object', 'context', 'operation'],
  ),
  postgres_io_bytes_total: counter['1m']('bytes', 'pg_stat_io (16+)', 'The bytes of them', [
    'backend_type',
    'object',
    'context',
    'operation',
  ]),
  postgres_io_seconds_total: counter['1m']('seconds', 'pg_stat_io (16+)', 'The time of them; absent without track_io_timing', [
    'backend_type',
    'object',
    'context',
    'operation',
  ]),
  postgres_io_evictions_total: counter['1m']('', 'pg_stat_io (16+)', 'Buffers thrown out to make room', [
    'backend_type',
    'object',
    'context',
  ]),
  postgres_slru_blocks_total: counter['1m']('', 'pg_stat_slru', 'Blocks wanted of the small caches of transaction states: hit, read', [
    'slru',
    'source',
  ]),
  postgres_wal_position_bytes: gauge['10s'](
    'bytes',
    'pg_current_wal_lsn()',
    'Where the write-ahead log stands; on a standby as far as it is received',
  ),
  postgres_wal_files: gauge['1m']('', 'pg_ls_waldir()', 'Files of the write-ahead log'),
  postgres_wal_directory_bytes: gauge['1m']('bytes', 'pg_ls_waldir()', 'What they take'),
  postgres_archived_total: counter.slow(
    '',
    'pg_stat_archiver',
    'Files archived, and attempts that failed; absent where archive_mode is off',
    ['result'],
  ),
  postgres_last_archive_age_seconds: gauge.slow('seconds', 'pg_stat_archiver', 'Time since a file was archived'),
  postgres_archiver_failing: gauge.slow('', 'pg_stat_archiver', '1 where the last attempt failed'),
  postgres_cluster_database_size_bytes: gauge.rare(
    'bytes',
    'pg_database_size()',
    'Every database of the server on disk (the 16 largest by name, the others as (rest))',
    ['datname'],
  ),

  // Replication
  postgres_replication_stage_lag_bytes: gauge.slow(
    'bytes',
    'pg_stat_replication',
    'Write-ahead log a standby has yet to be sent, to write, to flush, to replay',
    ['application', 'stage'],
  ),
  postgres_replication_slot_active: gauge.slow('', 'pg_replication_slots', '1 where somebody reads the slot', ['slot']),
  postgres_replication_slot_safe_wal_bytes: gauge.slow(
    'bytes',
    'pg_replication_slots',
    'Write-ahead log until the slot is lost; absent without max_slot_wal_keep_size',
    ['slot'],
  ),
  postgres_replication_slot_lost: gauge.slow('', 'pg_replication_slots.wal_status', '1 where it is lost or about to be', ['slot']),
  postgres_replication_slot_inactive_seconds: gauge.slow('seconds', 'pg_replication_slots (17+)', 'How long nobody has read it', ['slot']),
  postgres_recovery_conflicts_total: counter['1m'](
    '',
    'pg_stat_database_conflicts',
    'On a standby: queries cancelled for the sake of replay, by what they stood in the way of',
    ['kind'],
  ),
  postgres_subscription_errors_total: counter['1m'](
    '',
    'pg_stat_subscription_stats (15+)',
    'Errors of a logical subscription: apply, sync',
    ['subscription', 'kind'],
  ),

  // Tables and indexes: the busiest (or largest) 20 by name, the others in sum as (rest)
  postgres_tables: gauge['1m']('', 'pg_stat_user_tables', 'Tables'),
  postgres_indexes: gauge.rare('', 'pg_class', 'Indexes'),
  postgres_table_scans_total: counter['1m']('', 'pg_stat_user_tables', 'Scans: sequential, index', ['schema', 'table', 'kind']),
  postgres_table_tuples_total: counter['1m'](
    '',
    'pg_stat_user_tables',
    'Rows: read_sequentially, fetched_by_index, inserted, updated, deleted, updated_hot and, from 16, updated_to_new_page',
    ['schema', 'table', 'operation'],
  ),
  postgres_table_live_tuples: gauge['1m']('', 'pg_stat_user_tables', 'Rows alive, as the statistics estimate', ['schema', 'table']),
  postgres_table_dead_tuples: gauge['1m']('', 'pg_stat_user_tables', 'Rows dead and not yet vacuumed', ['schema', 'table']),
  postgres_table_modified_since_analyze_tuples: gauge['1m'](
    '',
    'pg_stat_user_tables',
    'Rows changed since the planner’s statistics were made',
    ['schema', 'table'],
  ),
  postgres_table_last_vacuum_time_seconds: gauge['1m'](
    'seconds',
    'pg_stat_user_tables',
    'When it was last vacuumed, analyzed (by hand or by itself), seconds since 1970; absent where never',
    ['schema', 'table', 'kind'],
  ),
  postgres_table_vacuum_seconds_total: counter['1m']('seconds', 'pg_stat_user_tables (18)', 'Time spent in vacuum', ['schema', 'table']),
  postgres_table_blocks_total: counter['1m']('', 'pg_statio_user_tables', 'Blocks wanted of heap, index and toast: hit, read', [
    'schema',
    'table',
    'part',
    'source',
  ]),
  postgres_table_size_bytes: gauge.rare('bytes', 'pg_class.relpages', 'Size as of the last vacuum or analyze', ['schema', 'table']),
  postgres_table_total_size_bytes: gauge['1h']('bytes', 'pg_total_relation_size()', 'Size on disk with indexes and TOAST (the largest)', [
    'schema',
    'table',
  ]),
  postgres_table_bloat_estimated_bytes: gauge['6h']('bytes', 'pg_statistic', 'Estimated: space beyond what the rows would take', [
    'schema',
    'table',
  ]),
  postgres_index_size_bytes: gauge.rare('bytes', 'pg_class.relpages', 'Size as of the last vacuum or analyze', [
    'schema',
    'table',
    'index',
  ]),
  postgres_index_scans_total: counter['10m']('', 'pg_stat_get_numscans()', 'Scans of an index', ['schema', 'table', 'index']),

  // Advice: counted here, named in the key `performance:<agent_id>:advice` of system_state
  postgres_unscanned_indexes: gauge['6h'](
    '',
    'pg_index, pg_stat_get_numscans()',
    'Indexes of a megabyte and more without a scan since the statistics began, and without another duty',
  ),
  postgres_unscanned_indexes_bytes: gauge['6h']('bytes', 'pg_class.relpages', 'What they take'),
  postgres_duplicate_indexes: gauge['6h']('', 'pg_index', 'Indexes another index on the same table covers'),
  postgres_invalid_indexes: gauge['1h']('', 'pg_index', 'Indexes a failed build left: written to, never read'),
  postgres_unindexed_foreign_keys: gauge['1h']('', 'pg_constraint, pg_index', 'Foreign keys without an index on their columns'),
  postgres_missing_index_candidates: gauge['1h'](
    '',
    'pg_stat_user_tables',
    'Large tables read from end to end more often than by an index',
  ),
  postgres_sequence_usage_ratio: gauge['1h']('ratio', 'pg_sequences', 'How far a sequence has come (the furthest)', ['schema', 'sequence']),
  postgres_integer_primary_keys: gauge['1h']('', 'pg_index, pg_attribute', 'Primary keys of type smallint or integer'),
  postgres_integer_key_usage_ratio: gauge['1h'](
    'ratio',
    'pg_sequence_last_value()',
    'How much of what their type can count is used (the furthest)',
    ['schema', 'table'],
  ),
  postgres_tables_without_primary_key: gauge['1h']('', 'pg_index', 'Tables without a primary key'),
  postgres_constraints_not_validated: gauge['1h']('', 'pg_constraint', 'Constraints added NOT VALID and never validated'),
  postgres_extensions_outdated: gauge['1h']('', 'pg_extension', 'Extensions older than the version the server has'),
  postgres_collation_version_mismatches: gauge['1h'](
    '',
    'pg_database, pg_collation (15+)',
    'Collations whose library sorts otherwise than when indexes were built',
  ),
  postgres_superusers: gauge['1h']('', 'pg_roles', 'Roles that may do anything'),
  postgres_hba_errors: gauge['1h']('', 'pg_hba_file_rules', 'Lines of pg_hba.conf that do not parse; superusers may read it'),
  postgres_hba_trusting_rules: gauge['1h']('', 'pg_hba_file_rules', 'Lines that let in from other machines without a password'),
  postgres_settings_pending_restart: gauge['1h'](
    '',
    'pg_settings',
    'Settings that wait for a restart; changes are told by the event database:settings_changed',
  ),

  // Statements: the 20 that take most time by their id, the others in sum as (rest)
  postgres_query_calls_total: counter['1m']('', 'pg_stat_statements', 'Calls', ['queryid', 'datname', 'usename']),
  postgres_query_execution_seconds_total: counter['1m']('seconds', 'pg_stat_statements', 'Time of execution', [
    'queryid',
    'datname',
    'usename',
  ]),
  postgres_query_planning_seconds_total: counter['1m'](
    'seconds',
    'pg_stat_statements',
    'Time of planning; 0 without pg_stat_statements.track_planning',
    ['queryid', 'datname', 'usename'],
  ),
  postgres_query_rows_total: counter['1m']('', 'pg_stat_statements', 'Rows returned or changed', ['queryid', 'datname', 'usename']),
  postgres_query_blocks_total: counter['1m']('', 'pg_stat_statements', 'Shared blocks wanted: hit, read', [
    'queryid',
    'datname',
    'usename',
    'source',
  ]),
  postgres_query_temporary_blocks_total: counter['1m']('', 'pg_stat_statements', 'Temporary blocks read and written', [
    'queryid',
    'datname',
    'usename',
  ]),
  postgres_query_wal_bytes_total: counter['1m']('bytes', 'pg_stat_statements', 'Write-ahead log generated', [
    'queryid',
    'datname',
    'usename',
  ]),
  postgres_statements_deallocated_total: counter['1m'](
    '',
    'pg_stat_statements_info',
    'Times entries were thrown out for want of room: where it rises the totals miss what these had counted',
  ),

  // Our way to it
  postgres_pool_connections: gauge.fast('', 'our own adapter', 'Connections of this process by pool and state: active, idle', [
    'host',
    'pool',
    'state',
  ]),
  postgres_pool_limit: gauge.slow('', 'our own adapter', 'Connections a pool may open', ['host', 'pool']),
  postgres_pool_waiting: gauge.fast('', 'our own adapter', 'Callers that wait for a connection', ['host', 'pool']),
  postgres_pool_usage_ratio: gauge.fast('ratio', 'our own adapter', 'Connections in use, of the limit', ['host', 'pool']),
} as const satisfies Catalogue;
