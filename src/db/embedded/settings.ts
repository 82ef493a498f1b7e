/**
 * postgresql.conf of the embedded server, for a laptop or a small machine. It is written anew at every start and read
 * first, so that a person's own lines in postgresql.conf and ALTER SYSTEM prevail.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  // Loopback TCP only: a socket's path may not exceed 107 bytes, and data folders do.
  unix_socket_directories: '',
  password_encryption: 'scram-sha-256',
  max_connections: '100',
  shared_buffers: '128MB',
  // Checkpoints by time, not by volume: full-page images are most of the WAL of a small database.
  max_wal_size: '1GB',
  min_wal_size: '80MB',
  checkpoint_timeout: '5min',
  checkpoint_completion_target: '0.9',
  // A client that is gone is noticed within seconds, so that its locks are too.
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
  client_connection_check_interval: '5s',
  // No query of ours is large enough to win back what JIT costs.
  jit: 'off',
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.max': '1000',
  track_io_timing: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  log_line_prefix: '%m [%p] %q%a ',
  log_checkpoints: 'off',
  log_autovacuum_min_duration: '-1',
  log_lock_waits: 'on',
  log_destination: 'stderr',
  logging_collector: 'off',
};

export const SETTINGS_FILE = 'muster.conf';
/** What initdb found out about the machine and the locale; everything else it sets would prevail over ours. */
const KEPT = /^(dynamic_shared_memory_type|datestyle|default_text_search_config|lc_\w+)\b/;

/** postgresql.conf as initdb wrote it, with ours read first and its other settings as comments. */
export function mainSettings(text: string): string {
  const lines = text.split('\n').map((line) => (/^\w/.test(line) && !KEPT.test(line) ? `#${line}` : line));
  return [`include_if_exists = '${SETTINGS_FILE}'  # written anew at every start; put your own settings below`, ...lines].join('\n');
}

export function settingsText(extra: Readonly<Record<string, string>> = {}): string {
  return Object.entries({ ...SETTINGS, ...extra })
    .map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`)
    .join('');
}
