import { sql, type Sql } from '../../../db/sql.ts';
import {
  defineAction,
  targetName,
  type Concern,
  type LookSite,
  type RecoveryAction,
  type Step,
  type Symptom,
  type Target,
} from '../action.ts';
import { literal } from './quote.ts';

interface SessionRow {
  readonly pid: number;
  /** Tells a process id from the same one given out again later. */
  readonly born: string;
  readonly seconds: number;
  readonly what: string;
}

/** Our own sessions end their transactions by time-outs of their own; cutting them would cost leases. */
const OTHERS = sql`backend_type = 'client backend' and datname = current_database() and pid <> pg_backend_pid()
  and application_name !~ '#[0-9a-f]{8}$' and application_name <> 'muster maintenance'`;
const BORN = sql`(extract(epoch from backend_start) * 1000000)::bigint::text as born`;

/** Whoever decides must know whose session it is. */
const WHO = sql`coalesce(nullif(application_name, ''), 'no application name'), usename`;

/** A number among the labels, else the threshold of a rule in seconds, else what is usual. */
function seconds({ labels, threshold }: Concern, label: string, usual: number): number {
  const given = Number(labels[label] ?? threshold ?? usual);
  return Number.isFinite(given) && given >= 0 ? given : usual;
}

/** Where a person or an alert names the process, only that one. */
async function sessionTargets(
  { database }: LookSite,
  { labels }: Concern,
  statement: Sql,
  params: Target['params'] = {},
): Promise<readonly Target[]> {
  const { rows } = await database.query<SessionRow>(statement);
  const named = labels['pid'];
  return rows
    .filter(({ pid }) => named === undefined || named === String(pid))
    .map(({ born, pid }) => ({ target: targetName({ pid }), group: 'sessions', params: { ...params, pid, born } }));
}

/** The process, and no other that came to its number. */
const call =
  (name: 'pg_cancel_backend' | 'pg_terminate_backend') =>
  ({ params }: Target): readonly Step[] => [
    {
      kind: 'sql',
      how: 'alone',
      text: `select ${name}(pid) from pg_stat_activity where pid = ${Number(params?.['pid'])} and (extract(epoch from backend_start) * 1000000)::bigint = ${Number(params?.['born'])}`,
    },
  ];

async function sessionSymptom(
  { database }: LookSite,
  { params }: Target,
  statement: Sql,
  of: (row: SessionRow) => string,
): Promise<Symptom> {
  const { rows } = await database.query<SessionRow>(statement);
  const row = rows.find(({ born, pid }) => pid === params?.['pid'] && born === params['born']);
  return row === undefined ? { present: false, text: 'it is over' } : { present: true, text: of(row), value: row.seconds };
}

/** Who holds others up and waits for nobody: at the root of a queue. */
const blocking = (longerThan: number, which: 'any' | 'active' = 'any'): Sql => sql`
  with waiting as materialized (
    select w.pid as waiter, pg_blocking_pids(w.pid) as blockers, extract(epoch from clock_timestamp() - w.state_change)::float8 as seconds
    from pg_stat_activity w
    where w.datname = current_database() and w.wait_event_type = 'Lock'
  )
  select a.pid, ${BORN}, max(w.seconds) as seconds,
    format('holds up %s for %s s, %s (%s, user %s)', count(*), round(max(w.seconds)::numeric, 1), a.state, ${WHO}) as what
  from pg_stat_activity a join waiting w on a.pid = any (w.blockers)
  where ${OTHERS} and not exists (select from waiting x where x.waiter = a.pid) and (${which}::text = 'any' or a.state = 'active')
  group by a.pid, a.backend_start, a.state, a.application_name, a.usename
  having max(w.seconds) > ${longerThan}::float8
  order by 3 desc`;

const running = (longerThan: number): Sql => sql`
  select pid, ${BORN}, extract(epoch from clock_timestamp() - query_start)::float8 as seconds,
    format('has run for %s s (%s, user %s)', round(extract(epoch from clock_timestamp() - query_start), 1), ${WHO}) as what
  from pg_stat_activity
  where ${OTHERS} and state = 'active' and clock_timestamp() - query_start > ${longerThan}::float8 * interval '1 second'
  order by 3 desc`;

const idleInTransaction = (longerThan: number): Sql => sql`
  select pid, ${BORN}, extract(epoch from clock_timestamp() - state_change)::float8 as seconds,
    format('idle in its transaction for %s s (%s, user %s)', round(extract(epoch from clock_timestamp() - state_change), 1), ${WHO}) as what
  from pg_stat_activity
  where ${OTHERS} and state like 'idle in transaction%' and clock_timestamp() - state_change > ${longerThan}::float8 * interval '1 second'
  order by 3 desc`;

const QUICK = { hold: '10s', verify: '1m', cooldown: '1m', timeout: '15s' } as const;

export const cancelBlockingBackend: RecoveryAction = defineAction({
  name: 'cancel_blocking_backend',
  title: 'Cancel a statement that holds others up',
  description:
    'Cancels the statement of the session at the root of a queue of locks. One that idles in its transaction has none, and is no target.',
  on: [{ rule: '*lock_wait*' }, { rule: '*blocked*' }, { rule: '*blocking*' }],
  undo: 'irreversible',
  limits: QUICK,
  targets: (site, about) => sessionTargets(site, about, blocking(seconds(about, 'seconds', 5), 'active')),
  steps: call('pg_cancel_backend'),
  symptom: (site, target) => sessionSymptom(site, target, blocking(0), ({ what }) => what),
});

export const terminateBlockingBackend: RecoveryAction = defineAction({
  name: 'terminate_blocking_backend',
  title: 'End a session that holds others up',
  description: 'Ends the session at the root of a queue of locks; its transaction is rolled back.',
  on: [{ rule: '*lock_wait*' }, { rule: '*blocked*' }, { rule: '*blocking*' }],
  approver: 'administrator',
  undo: 'irreversible',
  limits: { ...QUICK, mostTargets: 3 },
  targets: (site, about) => sessionTargets(site, about, blocking(seconds(about, 'seconds', 30))),
  steps: call('pg_terminate_backend'),
  symptom: (site, target) => sessionSymptom(site, target, blocking(0), ({ what }) => what),
});

export const cancelRunawayQuery: RecoveryAction = defineAction({
  name: 'cancel_runaway_query',
  title: 'Cancel a statement that runs too long',
  description: 'Cancels a statement that has run for longer than the rule allows. Its session stays.',
  on: [{ rule: '*long_running*' }, { rule: '*runaway*' }, { rule: '*query_age*' }, { rule: '*transaction_old*' }],
  undo: 'irreversible',
  limits: QUICK,
  targets: (site, about) => {
    const longerThan = seconds(about, 'seconds', 1_800);
    return sessionTargets(site, about, running(longerThan), { longer_than: longerThan });
  },
  steps: call('pg_cancel_backend'),
  symptom: (site, target) => sessionSymptom(site, target, running(Number(target.params?.['longer_than'] ?? 0)), ({ what }) => what),
});

export const endIdleInTransaction: RecoveryAction = defineAction({
  name: 'end_idle_in_transaction',
  title: 'End a session that idles in its transaction',
  description: 'Ends a session that has begun a transaction and does nothing: it keeps locks, and keeps VACUUM from cleaning.',
  on: [{ rule: '*idle_in_transaction*' }],
  undo: 'irreversible',
  limits: QUICK,
  targets: (site, about) => {
    const longerThan = seconds(about, 'seconds', 300);
    return sessionTargets(site, about, idleInTransaction(longerThan), { longer_than: longerThan });
  },
  steps: call('pg_terminate_backend'),
  // Idle at all: a session that was ended is not there, and one that was not still is.
  symptom: (site, target) => sessionSymptom(site, target, idleInTransaction(0), ({ what }) => what),
});

/** Sessions of one application that hold on to a transaction and do nothing with it. */
const wedged = (application: string | undefined, longerThan: number): Sql => sql`
  select application_name as application, count(*)::int as n,
    (select count(*)::int from pg_stat_activity t where t.application_name = s.application_name and t.datname = current_database()) as total
  from pg_stat_activity s
  where ${OTHERS} and application_name <> '' and state like 'idle in transaction%'
    and clock_timestamp() - state_change > ${longerThan}::float8 * interval '1 second'
    and (${application ?? null}::text is null or application_name = ${application ?? null})
  group by application_name
  having count(*) >= 2
  order by 2 desc`;

interface WedgedRow {
  readonly application: string;
  readonly n: number;
  readonly total: number;
}

export const resetPool: RecoveryAction = defineAction({
  name: 'reset_pool',
  title: 'Reset a wedged connection pool',
  description: 'Ends the sessions of one application that idle in transactions, two or more of them, so that its pool opens new ones.',
  on: [{ rule: '*pool_wedged*' }, { rule: '*pool_exhausted*' }, { rule: '*connections*' }],
  approver: 'administrator',
  undo: 'irreversible',
  limits: { ...QUICK, mostTargets: 2 },
  async targets({ database }, about) {
    const longerThan = seconds({ ...about, threshold: undefined }, 'seconds', 60);
    const { rows } = await database.query<WedgedRow>(wedged(about.labels['application'], longerThan));
    return rows.map(({ application }) => ({
      target: targetName({ application }),
      // Not a group of its own: what it ends may be what another action is watched for.
      group: 'sessions',
      params: { application, longer_than: longerThan },
    }));
  },
  steps: ({ params }) => [
    {
      kind: 'sql',
      how: 'alone',
      text: `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and application_name = ${literal(String(params?.['application']))} and state like 'idle in transaction%' and clock_timestamp() - state_change > interval '${Number(params?.['longer_than'])} seconds'`,
    },
  ],
  async symptom({ database }, { params }) {
    const row = await database.one<WedgedRow>(wedged(String(params?.['application']), Number(params?.['longer_than'])));
    if (row === undefined) return { present: false, text: 'none of its sessions idles in a transaction for long', value: 0 };
    return { present: true, text: `${row.n} of ${row.total} sessions idle in transactions`, value: row.n };
  },
});
