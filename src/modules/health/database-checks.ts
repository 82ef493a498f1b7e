import type { MetricName } from '../performance/index.ts';
import type { Facts } from './facts.ts';
import type { Verdict } from './finding.ts';
import { gigabytes, judge, lasting, percent, type Bench, type Measured } from './judge.ts';

const SUBJECT = 'database' as const;

/** Below so many blocks in the window a hit ratio says nothing. */
const FEWEST_BLOCKS = 10_000;

type Reading = Omit<Measured, 'subject' | 'value'> & { readonly metric: MetricName; readonly where?: Readonly<Record<string, string>> };

/** Checks that read one value each. */
const READINGS: readonly Reading[] = [
  {
    check: 'database.response_seconds',
    metric: 'postgres_query_response_seconds',
    text: (value) => `The simplest query takes ${Math.round(value * 1_000)} ms`,
    remedy: 'Look for load on the server and for latency on the way to it; `muster doctor` tells them apart.',
  },
  {
    check: 'database.connections_ratio',
    metric: 'postgres_connections_usage_ratio',
    text: (value) => `${percent(value)} of the connections the server allows are in use`,
    remedy: 'Close what is idle, put a pooler between, or raise max_connections.',
  },
  {
    check: 'database.pool_ratio',
    metric: 'postgres_pool_usage_ratio',
    where: { pool: 'main' },
    text: (value) => `${percent(value)} of the connections of this host's pool are in use`,
    remedy: 'Look for long transactions of agents, or raise performance.connection_pool_size.',
  },
  {
    check: 'database.transaction_age_seconds',
    metric: 'postgres_longest_transaction_seconds',
    text: (value) => `A transaction has been open for ${lasting(value)}: it keeps vacuum from cleaning`,
    remedy: 'Find it in pg_stat_activity by xact_start, and end it if nobody needs it (pg_terminate_backend).',
  },
  {
    check: 'database.idle_in_transaction_seconds',
    metric: 'postgres_longest_idle_in_transaction_seconds',
    text: (value) => `A session has been idle in an open transaction for ${lasting(value)}`,
    remedy: 'Mend the program that forgot to commit; idle_in_transaction_session_timeout ends such sessions.',
  },
  {
    check: 'database.lock_wait_seconds',
    metric: 'postgres_longest_lock_wait_seconds',
    text: (value) => `A session has waited for a lock for ${lasting(value)}`,
    remedy: 'pg_blocking_pids(pid) names who holds it.',
  },
  {
    check: 'database.wraparound_ratio',
    metric: 'postgres_wraparound_usage_ratio',
    text: (value) => `${percent(value)} of the transaction ids are used up before the oldest rows were frozen`,
    remedy: 'Find what holds vacuum back (old transactions, slots, prepared transactions), then VACUUM FREEZE the oldest tables.',
  },
];

export function databaseChecks(facts: Facts, bench: Bench): readonly Verdict[] {
  const { readings } = facts;
  return [
    ...READINGS.map(({ metric, where, ...reading }) =>
      judge({ ...reading, subject: SUBJECT, value: readings.value(metric, where) }, bench),
    ),
    ...deadlocks(facts, bench),
    ...cache(facts, bench),
    ...checksums(facts, bench),
    ...replication(facts, bench),
  ];
}

function deadlocks({ history }: Facts, bench: Bench): readonly Verdict[] {
  return [
    judge(
      {
        subject: SUBJECT,
        check: 'database.deadlocks',
        value: history.change('deadlocks'),
        text: (value) => `${value} deadlocks in the last minutes: each cost somebody a transaction`,
        remedy: 'The server log names the statements; let them take their locks in one order.',
      },
      bench,
    ),
  ];
}

function cache({ history }: Facts, bench: Bench): readonly Verdict[] {
  const [hits, reads] = [history.change('blocks hit'), history.change('blocks read')];
  const wanted = hits === undefined || reads === undefined ? undefined : hits + reads;
  if (wanted !== undefined && wanted < FEWEST_BLOCKS) return [];
  return [
    judge(
      {
        subject: SUBJECT,
        check: 'database.cache_hit_ratio',
        value: wanted === undefined || hits === undefined ? undefined : hits / wanted,
        text: (value) => `Only ${percent(value)} of the blocks wanted in the last minutes were in shared buffers`,
        remedy: 'Look for queries that scan whole tables; if there are none, raise shared_buffers.',
      },
      bench,
    ),
  ];
}

/** Without checksums in the cluster there is nothing to judge. */
function checksums({ readings }: Facts, bench: Bench): readonly Verdict[] {
  const value = readings.value('postgres_checksum_failures_total');
  if (value === undefined) return [];
  return [
    judge(
      {
        subject: SUBJECT,
        check: 'database.checksum_failures',
        value,
        text: (failures) => `${failures} pages of the database were damaged on disk`,
        remedy: 'Stop writing, check the disk, and restore from a backup; pg_amcheck finds what is affected.',
      },
      bench,
    ),
  ];
}

/** Only where there are standbys or slots. */
function replication({ readings }: Facts, bench: Bench): readonly Verdict[] {
  return [
    ...readings.all('postgres_replication_lag_seconds').map(({ value, labels }) =>
      judge(
        {
          subject: SUBJECT,
          check: 'database.replication_lag_seconds',
          of: labels['application'] ?? '',
          value,
          text: (seconds) => `The standby ${labels['application']} is ${lasting(seconds)} behind`,
          remedy: 'Check the network and the disk of the standby, and long queries on it that hold replay back.',
        },
        bench,
      ),
    ),
    ...readings.all('postgres_replication_slot_retained_bytes', { active: 'false' }).map(({ value, labels }) =>
      judge(
        {
          subject: SUBJECT,
          check: 'database.slot_retained_bytes',
          of: labels['slot'] ?? '',
          value,
          text: (bytes) => `Nobody reads the replication slot ${labels['slot']}, which keeps ${gigabytes(bytes)} of write-ahead log`,
          remedy: 'Bring its reader back, or drop the slot if it has none any more.',
        },
        bench,
      ),
    ),
  ];
}
