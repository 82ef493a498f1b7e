import type { MetricName } from '../performance/index.ts';
import { databaseCounter, type DatabaseCounter, type Facts, type OtherDatabase } from './facts.ts';
import type { Subject, Verdict } from './finding.ts';
import { found, gigabytes, judge, lasting, NOT_MEASURED, percent, type Bench, type Measured } from './judge.ts';
import type { Readings } from './readings.ts';

/** One database as the checks see it. */
interface Seen {
  readonly subject: Subject;
  readonly readings: Pick<Readings, 'value' | 'all'>;
  /** How much a counter grew in the window. */
  readonly change: (counter: DatabaseCounter) => number | undefined;
}

/** Below so many blocks in the window a hit ratio says nothing. */
const FEWEST_BLOCKS = 10_000;

type Reading = Omit<Measured, 'subject' | 'value'> & {
  readonly metric: MetricName;
  readonly where?: Readonly<Record<string, string>>;
  /** Of the fleet's own database alone. */
  readonly own?: true;
};

/** Checks that read one value each. */
const READINGS: readonly Reading[] = [
  {
    check: 'database.response_seconds',
    metric: 'postgres_query_response_seconds',
    text: (value) => `The simplest query takes ${Math.round(value * 1_000)} ms`,
    remedy: 'Look for load on the server and for latency on the way to it; for the fleet’s own database `muster doctor` tells them apart.',
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
    own: true,
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

/** The fleet's own database, and every other that is monitored. */
export function databaseChecks({ readings, databases, history }: Facts, bench: Bench): readonly Verdict[] {
  const own: Seen = { subject: 'database', readings, change: (counter) => history.change(databaseCounter(counter)) };
  return [...checksOf(own, bench), ...databases.flatMap((database) => otherChecks(database, history, bench))];
}

/** The fleet's own database answers wherever anybody judges; another may be away, and then nothing else of it is known. */
function otherChecks({ name, readings, reason }: OtherDatabase, history: Facts['history'], bench: Bench): readonly Verdict[] {
  const subject: Subject = `database:${name}`;
  const check = 'database.up';
  // Two monitors may watch one database: it is there if one of them reaches it.
  const answers = readings.all('postgres_up').map(({ value }) => value);
  if (answers.length > 0 && answers.every((value) => value < 1)) {
    const away = found({
      subject,
      check,
      level: 'emergency',
      points: 100,
      text: `${name} does not answer${reason === null ? '' : `: ${reason.slice(0, 200)}`}`,
      value: 'away',
      remedy: 'Check that the server runs and can be reached from the host of performance_monitor, and that its user may log in.',
    });
    return [away, ...checksOf({ subject, ...NOTHING }, bench).map((verdict) => ({ ...verdict, why: 'it does not answer' }))];
  }
  const up: Verdict = answers.length > 0 ? { kind: 'fine', subject, check } : { kind: 'unknown', subject, check, why: NOT_MEASURED };
  return [up, ...checksOf({ subject, readings, change: (counter) => history.change(databaseCounter(counter, name)) }, bench)];
}

const NOTHING: Omit<Seen, 'subject'> = { readings: { value: () => undefined, all: () => [] }, change: () => undefined };

function checksOf(seen: Seen, bench: Bench): readonly Verdict[] {
  const { subject, readings } = seen;
  return [
    ...READINGS.filter(({ own }) => own !== true || subject === 'database').map(({ metric, where, own: _, ...reading }) =>
      judge({ ...reading, subject, value: readings.value(metric, where) }, bench),
    ),
    ...deadlocks(seen, bench),
    ...cache(seen, bench),
    ...checksums(seen, bench),
    ...replication(seen, bench),
  ];
}

function deadlocks({ subject, change }: Seen, bench: Bench): readonly Verdict[] {
  return [
    judge(
      {
        subject,
        check: 'database.deadlocks',
        value: change('deadlocks'),
        text: (value) => `${value} deadlocks in the last minutes: each cost somebody a transaction`,
        remedy: 'The server log names the statements; let them take their locks in one order.',
      },
      bench,
    ),
  ];
}

function cache({ subject, change }: Seen, bench: Bench): readonly Verdict[] {
  const [hits, reads] = [change('blocks hit'), change('blocks read')];
  const wanted = hits === undefined || reads === undefined ? undefined : hits + reads;
  if (wanted !== undefined && wanted < FEWEST_BLOCKS) return [];
  return [
    judge(
      {
        subject,
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
function checksums({ subject, readings }: Seen, bench: Bench): readonly Verdict[] {
  const value = readings.value('postgres_checksum_failures_total');
  if (value === undefined) return [];
  return [
    judge(
      {
        subject,
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
function replication({ subject, readings }: Seen, bench: Bench): readonly Verdict[] {
  return [
    ...readings.all('postgres_replication_lag_seconds').map(({ value, labels }) =>
      judge(
        {
          subject,
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
          subject,
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
