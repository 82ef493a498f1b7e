import { expect, test } from 'vitest';
import type { AgentContext } from '../../src/agent/context.ts';
import { systemClock } from '../../src/base/clock.ts';
import { isMusterError } from '../../src/base/errors.ts';
import { sql } from '../../src/db/sql.ts';
import { until } from '../support/until.ts';
import { testFleet, worker } from './support/fleet.ts';

test('a host that cannot reach the database stops its agents before anybody else can have them', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ['worker_00']);
  const running = new Set<string>();
  let most = 0;
  const long = worker(async (ctx) => {
    running.add(ctx.hostId);
    most = Math.max(most, running.size);
    await ctx.clock.sleep(60_000, ctx.signal).finally(() => running.delete(ctx.hostId));
  });
  const { host: first, cut } = await fleet.severable([long]);
  await until('the first runs it', () => running.size === 1);
  const second = await fleet.host([long]);
  const firstId = first.hostId;
  cut();
  await until('the first has stopped it', () => !running.has(firstId));
  await until('the second runs it', () => running.has(second.hostId));
  // Never both: the first had stopped by its own clock before the second was let in by the database's.
  expect(most).toBe(1);
  expect(first.status?.trusted).toBe(false);
  expect(await fleet.get('worker_00')).toMatchObject({ hostId: second.hostId, epoch: 2 });
});

test('a lease that nobody took is confirmed late, and the agents go on under the same epoch', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ['worker_00']);
  const { host, cut, mend } = await fleet.severable([worker()]);
  const before = await fleet.untilAgent('worker_00', 'runs', (a) => a.runCount > 2);
  cut();
  await until('trust has ended', () => host.status?.trusted === false);
  const held = host.hostId;
  mend();
  const after = await fleet.untilAgent('worker_00', 'runs again', (a) => a.status === 'running' && a.runCount > before.runCount + 2);
  expect(after).toMatchObject({ hostId: held, epoch: 1 });
  expect(host.status?.rejoined).toBe(0);
});

test('a host whose lease was taken joins again as a new one and takes its share', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ['worker_00', 'worker_01']);
  const { host: first, cut, mend } = await fleet.severable([worker()]);
  await until('the first has both', () => first.status?.agents === 2);
  const former = first.hostId;
  const second = await fleet.host([worker()]);
  cut();
  await until('the second has both', () => second.status?.agents === 2);
  mend();
  await until('the first has joined again', () => first.hostId !== former);
  expect(first.status?.rejoined).toBe(1);
  await fleet.agents('worker', ['worker_02', 'worker_03']);
  await until('the newcomers go where there is room', () => first.status?.agents === 2);
  expect((await fleet.state.hosts.list()).find((host) => host.hostId === former)?.status).toBe('lost');
});

test('an agent whose claim was granted but never answered is taken up all the same', async () => {
  await using fleet = await testFleet();
  const { host, cut, mend } = await fleet.severable([worker()]);
  // The claim is carried out in the host's name while it is deaf.
  cut();
  await fleet.agents('worker', ['worker_00']);
  await fleet.state.hosts.claim(host.hostId, ['worker'], 1);
  mend();
  const agent = await fleet.untilAgent('worker_00', 'runs', (a) => a.runCount > 0);
  expect(agent).toMatchObject({ hostId: host.hostId, epoch: 1, status: 'running' });
});

test('connections that are cut by the server cost neither lease nor agents', async () => {
  await using fleet = await testFleet();
  await fleet.agents('worker', ['worker_00']);
  const host = await fleet.host([worker()]);
  const before = await fleet.untilAgent('worker_00', 'runs', (a) => a.runCount > 1);
  for (let n = 0; n < 3; n += 1) {
    await fleet.database
      .query(sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`)
      // Our own turn may come as well, by another of these.
      .catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const after = await fleet.untilAgent('worker_00', 'runs on', (a) => a.runCount > before.runCount + 5);
  expect(after).toMatchObject({ hostId: host.hostId, epoch: 1, errorCount: 0 });
});

test('of a former holder that writes in a tight loop nothing is accepted: state, SQL, samples, events', async () => {
  await using fleet = await testFleet();
  await fleet.database.query(sql`create table public.effects (epoch bigint not null, at timestamptz not null default clock_timestamp())`);
  await fleet.agents('worker', ['worker_00']);
  const contexts: AgentContext[] = [];
  // It ignores its abort, and it holds on to its context: the worst an agent can do.
  let release: (() => void) | undefined;
  const hoarder = worker((ctx) => {
    contexts.push(ctx);
    return contexts.length > 1 ? undefined : new Promise<void>((resolve) => (release = resolve));
  });
  // Its host is told that time stands still: its own trust never ends, as after a freeze, and only the database can refuse.
  const { host: first, cut, mend } = await fleet.severable([hoarder], { clock: frozenTrust() });
  await until('the first runs it', () => contexts.length === 1);
  const stale = contexts[0];
  if (stale === undefined) throw new Error('no context');
  await stale.sql.write(sql`insert into public.effects (epoch) values (${stale.epoch})`);

  const second = await fleet.host([worker()]);
  cut();
  await fleet.untilAgent('worker_00', 'runs on the second host', (a) => a.hostId === second.hostId && a.runCount > 0);
  const takenAt = (await fleet.get('worker_00')).acquiredAt ?? 0;
  mend();

  const refusals: unknown[] = [];
  for (let n = 0; n < 50; n += 1) {
    for (const write of [
      () => stale.state.set('effect', n),
      () => stale.sql.write(sql`insert into public.effects (epoch) values (${stale.epoch})`),
      () => stale.sql.transaction((tx) => tx.query(sql`insert into public.effects (epoch) values (${stale.epoch})`)),
      () => stale.fleet.database.query(sql`insert into public.effects (epoch) values (${stale.epoch})`),
      () => stale.fleet.systemState.set('effect', n, 'somebody else'),
    ]) {
      await write().then(
        () => refusals.push('accepted'),
        (error: unknown) => refusals.push(isMusterError(error) ? error.code : error),
      );
    }
    stale.metric('stale_metric', n);
    stale.emit('stale:event');
  }
  expect(refusals).toHaveLength(250);
  expect(new Set(refusals)).toEqual(new Set(['LEASE_LOST']));
  const late = await fleet.database.query(sql`select 1 from public.effects where at > to_timestamp(${takenAt} / 1000.0)`);
  expect(late.count).toBe(0);
  expect(await fleet.state.systemState.get('effect')).toBeUndefined();
  release?.();
  await first.stop();
  expect(await fleet.state.events.list({ type: 'stale:event' }, { limit: 1 })).toEqual([]);
  expect((await fleet.state.metrics.latest({ metricName: 'stale_metric' }, { limit: 1 })).items).toEqual([]);
});

/** A clock whose monotonic time moves a thousand times too slowly, as for a process that is frozen most of the time. */
function frozenTrust() {
  const startedAt = performance.now();
  return {
    now: () => Date.now(),
    monotonic: () => (performance.now() - startedAt) / 1_000,
    sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(Math.min(ms, 100), signal),
  };
}
