import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { until } from '../../../test/support/until.ts';
import { silentLogger } from '../../base/logger.ts';
import { sql } from '../../db/sql.ts';
import { createOutbound } from '../../outbound/index.ts';
import { createSharedState } from '../../state/create-shared-state.ts';
import type { RecoveryAction, Step, Symptom } from './action.ts';
import { cancelBlockingBackend, endIdleInTransaction, terminateBlockingBackend } from './actions/sessions.ts';
import { clearStuckSlot } from './actions/storage.ts';
import { analyzeTable, vacuumTable } from './actions/tables.ts';
import type { FiringAlert } from './alert-source.ts';
import { declare, getAction, resume, setMode } from './catalogue.ts';
import { Healer } from './healer.ts';
import type { Mode } from './mode.ts';
import { requestUndo, stepsOf } from './requests.ts';
import { getRun, RUN_COLUMNS, type Run } from './runs.ts';

let test: TestDatabase;
let alerts: FiringAlert[];
let events: { type: string; data: Readonly<Record<string, unknown>> }[];
let healers: Healer[];
let sessions: pg.Client[];

beforeEach(async () => {
  test = await testDatabase({ poolMax: 5 });
  alerts = [];
  events = [];
  healers = [];
  sessions = [];
});
afterEach(async () => {
  await Promise.all(healers.map((healer) => healer.stop()));
  await Promise.all(sessions.map((session) => session.end().catch(() => undefined)));
  await test[Symbol.asyncDispose]();
});

/** The healing agent, without the host around it. */
function healer(actions: readonly RecoveryAction[], epoch = 1): Healer {
  const state = createSharedState(test.database);
  const made = new Healer({
    hands: { database: test.database, commands: state.commands, outbound: createOutbound({ allowedNetworks: [], allowCommands: true }) },
    actions,
    alerts: {
      firing: () => Promise.resolve(alerts),
      isFiring: (id) => Promise.resolve(alerts.some(({ alertId }) => alertId === id)),
    },
    agentId: 'self_healing',
    epoch,
    log: silentLogger,
    lookAgainMs: 0,
    emit: (type, data) => void events.push({ type, data }),
  });
  healers.push(made);
  return made;
}

/** Declares the actions, in a mode. */
async function declared(mode: Mode, ...actions: readonly RecoveryAction[]): Promise<Healer> {
  await declare(
    test.database,
    actions.map((action) => ({ action, source: 'module' })),
  );
  for (const { name } of actions) await setMode(test.database, name, mode, 'any', 'test');
  return healer(actions);
}

const alert = (rule: string, labels: Readonly<Record<string, string>> = {}): FiringAlert => {
  const made = { alertId: randomUUID(), rule, level: 'critical', labels, value: null, threshold: null } as const;
  alerts.push(made);
  return made;
};

const runs = async (): Promise<readonly Run[]> =>
  (await test.database.query<Run>(sql`select ${RUN_COLUMNS} from muster.recovery_runs r order by r.proposed_at, r.run_id`)).rows;
const run = async (): Promise<Run> => {
  const [only, ...more] = await runs();
  if (only === undefined || more.length > 0) throw new Error(`${more.length + (only === undefined ? 0 : 1)} runs`);
  return only;
};

/** Rounds, until the newest run is in this state. */
async function healed(on: Healer, state: Run['state'], withinMs = 20_000): Promise<Run> {
  await until(
    `the run is ${state}`,
    async () => {
      await on.round();
      await on.settled();
      return (await runs()).at(-1)?.state === state;
    },
    withinMs,
  );
  return (await runs()).at(-1) as Run;
}

async function session(application = 'a client'): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: test.url, application_name: application });
  client.on('error', () => undefined); // it is ended by the test
  await client.connect();
  sessions.push(client);
  return client;
}

const quick = (action: RecoveryAction, more: RecoveryAction['limits'] = {}): RecoveryAction => ({
  ...action,
  limits: { ...action.limits, hold: '100ms', verify: '500ms', cooldown: '0s', longestCooldown: '0s', ...more },
});

/** An action of the test's own, on `rule`, that does what it is told to. */
function made(
  name: string,
  step: (signal: AbortSignal) => Promise<unknown>,
  symptom: () => Symptom,
  more: Partial<RecoveryAction> = {},
): RecoveryAction {
  const steps = (): readonly Step[] => [{ kind: 'code', describe: 'the step of the test', run: ({ signal }) => step(signal) }];
  const action: RecoveryAction = {
    name,
    title: name,
    description: 'For a test.',
    on: [{ rule: 'sick' }],
    undo: 'irreversible',
    targets: (_, { labels }) => Promise.resolve([{ target: `thing=${labels['thing'] ?? 'a'}`, group: 'things' }]),
    steps,
    symptom: () => Promise.resolve(symptom()),
    ...more,
  };
  return quick(action, more.limits);
}

const sick: Symptom = { present: true, text: 'sick' };
const well: Symptom = { present: false, text: 'well' };

describe('real faults', () => {
  it('ends a session that idles in its transaction, and calls it effective once it has stayed away', async () => {
    const idle = await session();
    await idle.query('begin; select 1');
    alert('postgres_idle_in_transaction', { seconds: '0' });
    const on = await declared('auto', quick(endIdleInTransaction));
    const done = await healed(on, 'effective');
    expect(done.symptom_before?.text).toMatch(/idle in its transaction/);
    expect(done.symptom_after).toEqual({ present: false, text: 'it is over' });
    await expect(idle.query('select 1')).rejects.toThrow();
    expect(await getAction(test.database, 'end_idle_in_transaction')).toMatchObject({ verified: 1, effective: 1 });
  });

  it('does not call a cancel effective that leaves the blocker, stops after two, and the next action cures it', async () => {
    await test.database.query(sql`create table stock (n int)`);
    const [blocker, waiter] = [await session(), await session()];
    await blocker.query('begin; update stock set n = 1; lock table stock');
    const waiting = waiter.query('select * from stock');
    alert('lock_waits', { seconds: '0' });
    // Of its own it looks for sessions that have a statement to cancel.
    const cancel = { ...quick(cancelBlockingBackend), targets: terminateBlockingBackend.targets };
    const on = await declared('auto', cancel);
    await until(
      'somebody waits',
      async () => (await cancel.targets({ database: test.database }, { labels: { seconds: '0' }, level: 'critical' })).length === 1,
    );

    await until(
      'it was tried twice',
      async () => {
        await on.round();
        await on.settled();
        return (await runs()).filter(({ state }) => state === 'ineffective').length === 2;
      },
      30_000,
    );
    const [first] = await runs();
    expect(first?.reason).toMatch(/the symptom stays: holds up 1 for .* idle in transaction/);
    expect(await getAction(test.database, cancel.name)).toMatchObject({
      effective: 0,
      verified: 2,
      stopped_reason: expect.stringContaining('twice') as unknown,
    });
    expect(events.map(({ type }) => type)).toContain('recovery:stopped');
    // Stopped is stopped, until a person lets it go on.
    await on.round();
    expect((await runs()).at(-1)).toMatchObject({
      state: 'proposed',
      held_by: expect.stringContaining('the action is stopped') as unknown,
    });

    const end = quick(terminateBlockingBackend);
    await declare(
      test.database,
      [cancel, end].map((action) => ({ action, source: 'module' })),
    );
    await setMode(test.database, end.name, 'auto', 'any', 'test');
    await healed(healer([cancel, end]), 'effective');
    await waiting;
    expect((await resume(test.database, cancel.name, 'test')).stopped_at).toBeNull();
  });

  it('analyses a table that has changed much', async () => {
    await test.database.query(sql`create table public.big (n int) with (autovacuum_enabled = false)`);
    await test.database.query(sql`insert into public.big select generate_series(1, 5000)`);
    alert('table_needs_analyze', { table: 'public.big' });
    const on = await declared('auto', quick(analyzeTable, { verify: '10s' }));
    await until(
      'the statistics show it',
      async () =>
        (await analyzeTable.targets({ database: test.database }, { labels: { table: 'public.big' }, level: 'info' })).length === 1,
      30_000,
    );
    const done = await healed(on, 'effective');
    expect(done.plan).toEqual([{ kind: 'sql', text: 'analyze "public"."big"', lock_timeout_ms: 5_000, statement_timeout_ms: 120_000 }]);
    expect(done.symptom_before).toMatchObject({ present: true, value: 5_000 });
    const row = await test.database.one<{ n: number }>(sql`select reltuples::int as n from pg_class where oid = 'public.big'::regclass`);
    expect(row?.n).toBe(5_000);
  });

  it('vacuums a table with many dead rows, which no transaction can hold', async () => {
    await test.database.query(sql`create table public.worn (n int) with (autovacuum_enabled = false)`);
    await test.database.query(sql`insert into public.worn select generate_series(1, 5000)`);
    await test.database.query(sql`delete from public.worn where n > 1000`);
    alert('table_dead_rows', { table: 'public.worn' });
    const on = await declared('auto', quick(vacuumTable, { verify: '10s' }));
    await until(
      'the statistics show it',
      async () =>
        (await vacuumTable.targets({ database: test.database }, { labels: { table: 'public.worn' }, level: 'info' })).length === 1,
      30_000,
    );
    const done = await healed(on, 'effective');
    expect(done.plan[0]?.text).toBe('vacuum (analyze) "public"."worn"');
    expect(done.symptom_before).toMatchObject({ present: true, value: 4_000 });
  });

  it('gives up where the lock is not to be had, and says so', async () => {
    await test.database.query(sql`create table public.held (n int) with (autovacuum_enabled = false)`);
    await test.database.query(sql`insert into public.held select generate_series(1, 5000)`);
    const holder = await session();
    await holder.query('begin; lock table public.held');
    const impatient: RecoveryAction = {
      ...quick(analyzeTable),
      steps: (): readonly Step[] => [{ kind: 'sql', how: 'alone', text: 'analyze public.held', lockTimeoutMs: 200 }],
    };
    alert('table_needs_analyze', { table: 'public.held' });
    const on = await declared('auto', impatient);
    await until(
      'the statistics show it',
      async () =>
        (await analyzeTable.targets({ database: test.database }, { labels: { table: 'public.held' }, level: 'info' })).length === 1,
      30_000,
    );
    const done = await healed(on, 'failed');
    expect(done.reason).toMatch(/lock/i);
    expect(done.symptom_after?.present).toBe(true);
  });

  it('drops a slot nobody reads once a person has approved, whatever its mode says', async () => {
    await test.database.query(sql`select pg_create_physical_replication_slot('forgotten', true)`);
    const slot = quick(clearStuckSlot);
    const on = await declared('approve', slot);
    // Even a hand in the table does not make it automatic.
    await test.database.query(sql`update muster.recovery_actions set modes = '{"any": "auto"}' where name = ${slot.name}`);
    await expect(setMode(test.database, slot.name, 'auto', 'any', 'test')).rejects.toThrow('never more than approve');
    alert('replication_slot_retained', { slot: 'forgotten', bytes: '0' });
    await on.round();
    await on.round();
    expect(await run()).toMatchObject({ state: 'proposed', held_by: 'it waits for approval' });
    await test.database.query(
      sql`update muster.recovery_runs set state = 'approved', decided_by = 'key:a', decided_at = clock_timestamp()`,
    );
    const done = await healed(on, 'effective');
    expect(done.plan[0]?.text).toContain(`pg_drop_replication_slot(slot_name)`);
    expect((await test.database.query(sql`select from pg_replication_slots where slot_name = 'forgotten'`)).count).toBe(0);
  });
});

describe('an action that misbehaves', () => {
  it('throws: the run failed, with its words', async () => {
    alert('sick');
    const on = await declared(
      'auto',
      made(
        'thrower',
        () => Promise.reject(new Error('no such luck')),
        () => sick,
      ),
    );
    expect(await healed(on, 'failed')).toMatchObject({ outcome: 'failed', reason: 'no such luck', symptom_after: { present: true } });
  });

  it('hangs: it is cancelled at its time limit, even where it does not listen', async () => {
    alert('sick');
    let heard = false;
    const deaf = made(
      'hanger',
      (signal) => new Promise(() => signal.addEventListener('abort', () => (heard = true))),
      () => sick,
      { limits: { timeout: '200ms' } },
    );
    const on = await declared('auto', deaf);
    expect((await healed(on, 'failed')).reason).toContain('did not end in time');
    expect(heard).toBe(true);
  });

  it('hangs in the database: the server ends the statement too', async () => {
    alert('sick');
    const sleeper = {
      ...made(
        'sleeper',
        () => Promise.resolve(),
        () => sick,
        { limits: { timeout: '300ms' } },
      ),
    };
    const on = await declared('auto', { ...sleeper, steps: () => [{ kind: 'sql', how: 'alone', text: 'select pg_sleep(60)' }] });
    await healed(on, 'failed');
    await until(
      'the statement is gone',
      async () =>
        (
          await test.database.query(sql`
      select from pg_stat_activity where query like 'select pg_sleep(60)%' and state = 'active'`)
        ).count === 0,
    );
  });

  it('gives without end: it is cut off, and this process is unharmed', async () => {
    const action = {
      ...made(
        'mend',
        () => Promise.resolve(),
        () => sick,
      ),
      steps: (): readonly Step[] => [{ kind: 'sql', how: 'alone', text: `select repeat('x', 100000) from generate_series(1, 100000)` }],
    };
    const on = await declared('auto', action);
    alert('sick');
    const failed = await healed(on, 'failed', 30_000);
    expect(failed.reason).toContain('gave more than 16 MB');
  });

  it('hangs while its targets are looked for, or its symptom is: others are healed all the same', async () => {
    const never = new Promise<never>(() => undefined);
    const on = await declared(
      'auto',
      {
        ...made(
          'blind',
          () => Promise.resolve(),
          () => sick,
        ),
        symptom: () => never,
      },
      {
        ...made(
          'lost',
          () => Promise.resolve(),
          () => sick,
        ),
        targets: () => never,
      },
      made(
        'mend',
        () => Promise.resolve(),
        () => sick,
        { limits: { verify: '1m' } },
      ),
    );
    alert('sick');
    await on.round();
    await on.round();
    await on.settled();
    const states = Object.fromEntries((await runs()).map(({ action, held_by, state }) => [action, held_by ?? state]));
    expect(states).toEqual({ blind: expect.stringContaining('could not be measured') as string, mend: 'verifying' });
  });

  it('lies: it says done, and the symptom stays', async () => {
    alert('sick');
    const on = await declared(
      'auto',
      made(
        'liar',
        () => Promise.resolve('all fine'),
        () => sick,
      ),
    );
    expect(await healed(on, 'ineffective')).toMatchObject({
      result: ['all fine'],
      reason: 'it was carried out, and the symptom stays: sick',
    });
  });

  it('cures for a moment: the symptom must stay away', async () => {
    alert('sick');
    let looks = 0;
    let isDone = false;
    const relapse = made(
      'relapse',
      async () => void (isDone = true),
      () => (isDone && looks++ % 2 === 0 ? well : sick),
      { limits: { hold: '10s' } },
    );
    const on = await declared('auto', relapse);
    expect((await healed(on, 'ineffective')).symptom_gone_at).toBeNull();
  });

  it('cannot be measured: nobody says that it helped', async () => {
    alert('sick');
    let isDone = false;
    const blind = made(
      'blind',
      async () => void (isDone = true),
      () => {
        if (isDone) throw new Error('no data');
        return sick;
      },
    );
    expect(await healed(await declared('auto', blind), 'failed')).toMatchObject({ reason: 'whether it helped could not be measured' });
  });
});

describe('the rails', () => {
  const cured = (name: string, more: Partial<RecoveryAction> = {}) => {
    let isWell = false;
    return made(
      name,
      async () => void (isWell = true),
      () => (isWell ? well : sick),
      more,
    );
  };

  it('starts at suggest: it says what it would do, and does nothing', async () => {
    alert('sick');
    const action = cured('suggested');
    await declare(test.database, [{ action, source: 'module' }]);
    const on = healer([action]);
    await on.round();
    await on.round();
    expect(await run()).toMatchObject({
      state: 'proposed',
      held_by: 'its mode is suggest',
      plan: [{ kind: 'code', text: 'the step of the test' }],
    });
  });

  it('is not even suggested where it is off', async () => {
    alert('sick');
    await (await declared('off', cured('off'))).round();
    expect(await runs()).toEqual([]);
  });

  it('refuses an empty list of targets, and one too long, once an alert', async () => {
    alert('sick');
    const many = Array.from({ length: 6 }, (_, n) => ({ target: `thing=${n}`, group: 'things' }));
    const none = cured('none', { targets: () => Promise.resolve([]) });
    const on = await declared('auto', none, cured('too_many', { targets: () => Promise.resolve(many) }));
    await on.round();
    await on.round();
    expect((await runs()).map(({ action, reason, state }) => ({ action, reason, state }))).toEqual([
      { action: 'none', state: 'refused', reason: 'it found no target: nothing is done, never everything' },
      { action: 'too_many', state: 'refused', reason: 'it found 6 targets, and 5 are the most at once' },
    ]);
  });

  it('refuses an alert about another database in words, and does not look here', async () => {
    let looks = 0;
    const action = made(
      'mend',
      () => Promise.resolve(),
      () => sick,
      {
        targets: () => {
          looks += 1;
          return Promise.resolve([{ target: 'thing=a', group: 'things' }]);
        },
      },
    );
    const on = await declared('auto', action);
    alert('sick', { database: 'shop' });
    await on.round();
    await on.round();
    expect(await run()).toMatchObject({ state: 'refused', reason: expect.stringContaining('about the database "shop"') as string });
    expect(looks).toBe(0);
  });

  it('treats one target of a group at a time', async () => {
    const ids = ['a', 'b'];
    ids.forEach((thing) => alert('sick', { thing }));
    const on = await declared(
      'auto',
      made(
        'slow',
        () => Promise.resolve(),
        () => sick,
        { limits: { verify: '1h' } },
      ),
    );
    await on.round();
    await on.settled();
    await on.round();
    expect((await runs()).map(({ held_by: rail, state }) => [state, rail])).toEqual([
      ['verifying', null],
      ['proposed', 'thing=a of the same group is being treated'],
    ]);
  });

  it('counts runs by action, by target and in all, in the database', async () => {
    alert('sick');
    const on = await declared('auto', cured('counted'));
    await healed(on, 'effective');
    alerts = [];
    alert('sick');
    const again = made(
      'counted',
      () => Promise.resolve(),
      () => sick,
    );
    healers.push(healer([again]));
    const second = healers.at(-1) as Healer;
    await test.database.query(sql`update muster.recovery_settings set runs_an_hour = 1`);
    await second.round();
    expect((await runs()).at(-1)?.held_by).toBe('1 runs started within an hour, as many as may be');
    await test.database.query(sql`update muster.recovery_settings set runs_an_hour = 20`);
    for (const [set, rail] of [
      [sql`update muster.recovery_actions set runs_an_hour = 1`, /1 runs of this action/],
      [sql`update muster.recovery_actions set runs_an_hour = 9, runs_an_hour_a_target = 1`, /1 runs at this target/],
      [
        sql`update muster.recovery_actions set runs_an_hour_a_target = 9, cooldown_ms = 3600000, longest_cooldown_ms = 3600000`,
        /it rests until/,
      ],
      [sql`update muster.recovery_settings set halted_at = now(), halted_by = 'key:a'`, /all healing was halted by key:a/],
    ] as const) {
      await test.database.query(set);
      await second.round();
      expect((await runs()).at(-1)?.held_by).toMatch(rail);
    }
  });

  it('doubles its rest with every run at a target', async () => {
    const action = cured('rested');
    await declared('auto', action);
    const rest = async (before: number): Promise<number> => {
      await test.database.query(sql`truncate muster.recovery_runs cascade`);
      await test.database.query(sql`
        insert into muster.recovery_runs (idempotency_key, action, target, target_group, level, state, because, proposed_by, expires_at, started_at, hold_ms, verify_ms)
        select n::text, 'rested', 'thing=a', 'other', 'info', 'effective', '', '', now(), clock_timestamp() - interval '90 minutes', 0, 0 from generate_series(1, ${before}::int) n`);
      await test.database.query(
        sql`update muster.recovery_actions set cooldown_ms = 3600000, longest_cooldown_ms = 36000000, runs_an_hour_a_target = 99, runs_an_hour = 99`,
      );
      const { rows } = await test.database.query<{ rail: string | null }>(sql`
        with r as (insert into muster.recovery_runs (idempotency_key, action, target, target_group, level, because, proposed_by, expires_at, hold_ms, verify_ms)
          values ('new', 'rested', 'thing=a', 'things', 'info', '', '', now() + interval '1 hour', 0, 0) returning run_id) select run_id from r`);
      const id = (rows[0] as unknown as { run_id: string }).run_id;
      const started = await test.database.one<{ rail: string | null }>(sql`select muster.start_recovery(${id}::uuid, 'a', 1) as rail`);
      if (typeof started?.rail !== 'string') return 0;
      return (Date.parse(/until (\S+)/.exec(started.rail)?.[1] ?? '') - Date.now()) / 60_000;
    };
    expect(await rest(1)).toBe(0); // an hour, and 90 minutes have gone
    expect(await rest(2)).toBeCloseTo(30, 0); // two hours
    expect(await rest(3)).toBeCloseTo(150, 0); // four
    expect(await rest(8)).toBeCloseTo(510, 0); // ten hours at most
  });

  it('stops where more of a group is unwell than one target can be blamed for', async () => {
    alert('sick');
    const on = await declared(
      'auto',
      cured('crowd', { targets: () => Promise.resolve([{ target: 'thing=a', group: 'things', members: { total: 10, unhealthy: 5 } }]) }),
    );
    await on.round();
    expect((await run()).held_by).toBe('5 of 10 in its group are unwell, more than 40%: the cause lies elsewhere');
  });

  it('starts one of two that begin at once where one more is allowed', async () => {
    ['a', 'b'].forEach((thing) => alert('sick', { thing }));
    const action = made(
      'raced',
      () => new Promise((resolve) => setTimeout(resolve, 300)),
      () => sick,
      {
        targets: (_, { labels }) => Promise.resolve([{ target: `thing=${labels['thing']}`, group: `group ${labels['thing']}` }]),
        limits: { runsAnHour: 1, verify: '1h' },
      },
    );
    const first = await declared('approve', action);
    await first.round();
    const rails = await Promise.all(
      (await runs()).map(async ({ run_id: id }) => {
        await test.database.query(sql`update muster.recovery_runs set state = 'approved' where run_id = ${id}::uuid`);
        return test.database.one<{ rail: string | null }>(sql`select muster.start_recovery(${id}::uuid, 'a', 1) as rail`);
      }),
    );
    expect(rails.filter((row) => row?.rail === null)).toHaveLength(1);
  });

  it('does nothing where the symptom has gone by itself, or the alert', async () => {
    alert('sick');
    let looks = 0;
    const action = made(
      'needless',
      () => Promise.reject(new Error('must not run')),
      () => ((looks += 1) === 1 ? sick : well),
    );
    const on = await declared('auto', action);
    await on.round();
    await on.round();
    // Proposed when it was there, and not again while only the alert goes on.
    expect(await run()).toMatchObject({ state: 'expired', reason: 'it was gone before anything was done: well' });
    alerts = [];
  });

  it('lets an approval expire', async () => {
    alert('sick');
    const on = await declared('approve', cured('late'));
    await on.round();
    await test.database.query(sql`update muster.recovery_runs set expires_at = clock_timestamp() - interval '1 second'`);
    await on.round();
    expect((await runs())[0]).toMatchObject({ state: 'expired', reason: 'nobody approved it in time' });
  });
});

describe('a run that is cut off', () => {
  async function cutOff(action: RecoveryAction): Promise<void> {
    alert('sick');
    const on = await declared('auto', action);
    await on.round();
    await on.settled();
    // As a kill leaves it: it says running, under the epoch of who died.
    await test.database.query(sql`update muster.recovery_runs set state = 'running', acted_at = null, result = null`);
  }

  it('is never repeated, and is not called a success', async () => {
    let times = 0;
    const action = made(
      'once',
      async () => void (times += 1),
      () => sick,
    );
    await cutOff(action);
    const next = healer([action], 2);
    await next.round();
    await next.settled();
    expect((await runs())[0]).toMatchObject({ state: 'failed', reason: expect.stringContaining('not repeated') as unknown });
    expect(times).toBe(1);
  });

  it('is repeated where the action may be, under the same rails', async () => {
    let times = 0;
    const action = made(
      'again',
      async () => void (times += 1),
      () => (times > 1 ? well : sick),
      { idempotent: true },
    );
    await cutOff(action);
    const done = await healed(healer([action], 2), 'effective');
    expect([times, done.attempts, done.epoch]).toEqual([2, 2, 2]);
  });

  it('cannot be finished by the one who lost it', async () => {
    alert('sick');
    let letGo: () => void = () => undefined;
    const action = made(
      'stale',
      () => new Promise<void>((resolve) => (letGo = resolve)),
      () => sick,
    );
    const first = await declared('auto', action);
    await first.round();
    const second = healer([action], 2);
    await second.round();
    letGo();
    await first.settled();
    expect((await runs())[0]).toMatchObject({ state: 'failed', acted_at: null });
  });

  it('keeps watching the symptom where the one before left off', async () => {
    alert('sick');
    let isWell = false;
    const action = made(
      'handed_over',
      async () => void (isWell = true),
      () => (isWell ? well : sick),
    );
    const first = await declared('auto', action);
    await first.round();
    await first.settled();
    expect((await run()).state).toBe('verifying');
    const done = await healed(healer([action], 2), 'effective');
    expect(await getRun(test.database, done.run_id)).toMatchObject({ outcome: 'effective', attempts: 1 });
  });
});

describe('an undo', () => {
  const undoable = (undo: () => Promise<unknown>): RecoveryAction => {
    let isWell = false;
    return made(
      'undoable',
      async () => void (isWell = true),
      () => (isWell ? well : sick),
      { undo: { describe: 'take it back', steps: () => [{ kind: 'code', describe: 'take it back', run: undo }] } },
    );
  };

  async function done(action: RecoveryAction): Promise<Healer> {
    alert('sick');
    const on = await declared('auto', action);
    const { run_id: id } = await healed(on, 'effective');
    alerts = [];
    await requestUndo(test.database, id, 'key:a');
    return on;
  }

  it('takes a run back once a person asks for it; what it brought still counts', async () => {
    let undone = 0;
    const on = await done(undoable(async () => void (undone += 1)));
    expect(await healed(on, 'undone')).toMatchObject({ undo: 'done', undo_by: 'key:a', outcome: 'effective' });
    await on.round();
    await on.settled();
    expect(undone).toBe(1);
    expect(await getAction(test.database, 'undoable')).toMatchObject({ verified: 1, effective: 1 });
    const { run_id: id } = await run();
    expect((await stepsOf(test.database, id)).map(({ state }) => state)).toEqual([
      'proposed',
      'running',
      'verifying',
      'effective',
      'undo requested',
      'undo running',
      'undone',
    ]);
  });

  it('is not followed by the same again for the same alert', async () => {
    let isWell = false;
    const on = await declared(
      'auto',
      made(
        'undoable',
        async () => void (isWell = true),
        () => (isWell ? well : sick),
        { undo: { describe: 'take it back', steps: () => [{ kind: 'code', describe: 'it', run: async () => void (isWell = false) }] } },
      ),
    );
    alert('sick');
    const { run_id: id } = await healed(on, 'effective');
    await requestUndo(test.database, id, 'somebody');
    await healed(on, 'undone');
    await on.round();
    await on.settled();
    expect((await runs()).map(({ state }) => state)).toEqual(['undone']);
  });

  it('that throws, or is cut off, says so and is not repeated by itself', async () => {
    let tries = 0;
    const on = await done(
      undoable(() => {
        tries += 1;
        return Promise.reject(new Error('no way back'));
      }),
    );
    await on.round();
    await on.settled();
    await on.round();
    expect(await run()).toMatchObject({ state: 'effective', undo: 'failed', undo_error: 'no way back' });
    await test.database.query(sql`update muster.recovery_runs set undo = 'running', undo_error = null`);
    await on.round();
    expect([(await run()).undo_error, tries]).toEqual(['it was cut off: whether it was undone is not known', 1]);
  });
});
