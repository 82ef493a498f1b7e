import { expect, test } from 'vitest';
import { silentLogger } from '../../src/base/logger.ts';
import { hostId, type HostId } from '../../src/base/ids.ts';
import { PostgresAdapter } from '../../src/db/adapter.ts';
import { startEmbedded } from '../../src/db/embedded/index.ts';
import { migrate } from '../../src/db/migrate.ts';
import { sql } from '../../src/db/sql.ts';
import { WakeUps } from '../../src/db/wake-ups.ts';
import { neighbourOf } from '../../src/fleet/death-verdict.ts';
import { FleetHost } from '../../src/fleet/host.ts';
import { createSharedState } from '../../src/state/create-shared-state.ts';
import { coreMigrations } from '../../src/state/migrations.ts';
import type { SharedState } from '../../src/state/shared-state.ts';
import { testFolder } from '../db/embedded/folder.ts';
import { spawnModule, type Child } from '../support/child.ts';
import { testDatabase } from '../support/database.ts';
import { startPgBouncer } from '../support/pgbouncer.ts';
import { missing } from '../support/requirements.ts';
import { until } from '../support/until.ts';
import { worker } from './support/fleet-settings.ts';
import { LONG_LEASE } from './support/watched-host.ts';

const HOST = new URL('support/watched-host.ts', import.meta.url);

interface WatchedFleet extends AsyncDisposable {
  readonly url: string;
  readonly database: PostgresAdapter;
  readonly state: SharedState;
  /** A host in this process. */
  here(): Promise<FleetHost>;
  /** A host in a process of its own, which `sameMachine` lets be looked for. */
  elsewhere(sameMachine?: boolean): Promise<{ readonly child: Child; readonly id: HostId }>;
}

async function watchedFleet(direct?: { readonly url: string; readonly directUrl?: string }): Promise<WatchedFleet> {
  const db = await testDatabase({ poolMax: 8 });
  const database = direct === undefined ? db.database : new PostgresAdapter({ ...direct, poolMax: 8, poolMin: 0 });
  await database.start();
  const wake = new WakeUps(database);
  await wake.start();
  const state = createSharedState(database, { leaseMs: LONG_LEASE.leaseMs, wake });
  const hosts: FleetHost[] = [];
  const children: Child[] = [];
  return {
    url: db.url,
    database: db.database,
    state,
    async here() {
      const host = new FleetHost({ state, wake, direct: database, types: [worker()], ...LONG_LEASE, version: 'test', log: silentLogger });
      hosts.push(host);
      await host.start();
      return host;
    },
    async elsewhere(sameMachine = false) {
      const child = spawnModule(HOST, [db.url]);
      children.push(child);
      const id = hostId((await child.line<{ hostId: string }>()).hostId);
      // As if it ran on another machine, where nobody can look for its process.
      if (!sameMachine) await database.query(sql`update muster.hosts set process_key = 'elsewhere' where host_id = ${id}`);
      return { child, id };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
      await Promise.all(hosts.map((host) => host.stop()));
      await wake.stop();
      await database.stop();
      await db[Symbol.asyncDispose]();
    },
  };
}

const watching = (host: FleetHost): string | null => host.status?.deathWatch?.watching ?? null;

/**
 * Until each is watched by whom it will be watched, and has beaten since: nothing is concluded about a host that was not heard of
 * under the watch, and whoever turns to another neighbour may have to connect anew for it.
 */
async function untilWatched(fleet: WatchedFleet, host: FleetHost): Promise<void> {
  await until('they watch', async () => {
    const hosts = await fleet.state.hosts.list({ live: true });
    return hosts.every((each) => each.watchable) && watching(host) === neighbourOf(hosts, host.hostId);
  });
  const since =
    (await fleet.database.one<{ at: number }>(sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as at`))?.at ?? Infinity;
  await until('all have beaten', async () => (await fleet.state.hosts.list({ live: true })).every((each) => each.lastBeatAt > since));
}

const statusOf = async (fleet: WatchedFleet, id: string): Promise<string | undefined> =>
  (await fleet.state.hosts.list()).find((host) => host.hostId === id)?.status;
const reasonOf = async (fleet: WatchedFleet): Promise<unknown> =>
  (await fleet.state.events.list({ type: 'host:lost' }, { limit: 1 }))[0]?.data;

test.each([
  ['of another machine, by the end of its connections', false, 'the connections of its host ended, and it was not heard of again'],
  ['of this machine, by its process', true, 'the process of its host is gone'],
])('a host that is killed is found dead long before its lease: one %s', async (_, sameMachine, reason) => {
  await using fleet = await watchedFleet();
  const other = await fleet.elsewhere(sameMachine);
  const host = await fleet.here();
  await fleet.state.agents.ensure([{ agentId: 'worker_1', name: 'worker', type: 'worker', config: {} }]);
  await untilWatched(fleet, host);
  await other.child.kill('SIGKILL');
  await until('the agent is held here', async () => {
    const holder = (await fleet.state.agents.list({ type: 'worker' }, { limit: 1 }))[0]?.hostId;
    return holder === host.hostId && (await statusOf(fleet, other.id)) === 'lost';
  });
  expect(await reasonOf(fleet)).toEqual({ reason });
  // The row says so a moment before whoever wrote it.
  await until('it knows itself alone', () => host.status?.deathWatch?.state === 'alone');
  // Every look at the fleet looks for processes of this machine, too, and may come before the hint of the connections.
  expect(host.status?.deathWatch).toMatchObject({ watching: null, confirmed: sameMachine ? expect.toBeOneOf([0, 1]) : 1 });
});

// A watch that has to connect anew after the last beat of the dead, as on a busy machine it may, leaves it to the lease: a minute here.
test('two neighbours that die together are both found', { retry: 2, timeout: 180_000 }, async () => {
  await using fleet = await watchedFleet();
  const others = [await fleet.elsewhere(), await fleet.elsewhere()];
  const host = await fleet.here();
  await untilWatched(fleet, host);
  await Promise.all(others.map(({ child }) => child.kill('SIGKILL')));
  await until('both are lost', async () =>
    (await Promise.all(others.map(({ id }) => statusOf(fleet, id)))).every((status) => status === 'lost'),
  ).catch((error: unknown) => {
    throw new Error(`the watch stood at ${JSON.stringify(host.status?.deathWatch)}`, { cause: error });
  });
});

test('a host whose connections are terminated while it lives is not taken for dead, and is watched again', async () => {
  await using fleet = await watchedFleet();
  const other = await fleet.elsewhere();
  const host = await fleet.here();
  await untilWatched(fleet, host);
  for (let times = 1; times <= 3; times += 1) {
    const { count } = await fleet.database.query(
      sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name like ${`muster holder ${other.id}%`}`,
    );
    expect(count).toBe(1);
    await until('the hint is refuted', () => (host.status?.deathWatch?.refuted ?? 0) >= times);
    await until('it is watched again', () => watching(host) === other.id);
  }
  expect(await statusOf(fleet, other.id)).toBe('live');
  expect(host.status?.deathWatch).toMatchObject({ confirmed: 0 });
}, 180_000);

// A host too busy to speak within two looks is taken for dead: that costs it its agents and nothing else, and a busy machine may do it once.
test('all connections of a living host terminated at once: no death either', { retry: 2, timeout: 180_000 }, async () => {
  await using fleet = await watchedFleet();
  const other = await fleet.elsewhere();
  const host = await fleet.here();
  await untilWatched(fleet, host);
  const { count } = await fleet.database.query(
    sql`select pg_terminate_backend(a.pid) from pg_stat_activity a join muster.hosts h on right(a.application_name, length(h.sessions)) = h.sessions
      where h.host_id = ${other.id}`,
  );
  expect(count).toBeGreaterThan(1);
  await until('the hint is judged', () => {
    const { confirmed = 0, refuted = 0 } = host.status?.deathWatch ?? {};
    return confirmed + refuted > 0;
  });
  expect(host.status?.deathWatch).toMatchObject({ confirmed: 0 });
  await until('it is watched again', () => watching(host) === other.id);
  expect(await statusOf(fleet, other.id)).toBe('live');
});

test('a frozen host is left to its lease', async () => {
  await using fleet = await watchedFleet();
  const other = await fleet.elsewhere();
  const host = await fleet.here();
  await untilWatched(fleet, host);
  const beats = async (): Promise<number> => host.status?.beats.confirmed ?? 0;
  other.child.process.kill('SIGSTOP');
  const frozenAt = await beats();
  await until('time has passed', async () => (await beats()) > frozenAt + 1);
  expect(await statusOf(fleet, other.id)).toBe('live');
  other.child.process.kill('SIGCONT');
  expect(host.status?.deathWatch).toMatchObject({ state: 'watching', hints: 0 });
}, 180_000);

test('a host that leaves in good order is nobody’s death', async () => {
  await using fleet = await watchedFleet();
  const other = await fleet.elsewhere();
  const host = await fleet.here();
  await until('they watch', () => watching(host) === other.id);
  other.child.process.kill('SIGTERM');
  expect(await other.child.exited).toBe(0);
  await until('the ring is one', () => host.status?.deathWatch?.state === 'alone');
  expect(await statusOf(fleet, other.id)).toBe('stopped');
  expect(host.status?.deathWatch).toMatchObject({ confirmed: 0, refuted: 0 });
}, 180_000);

test('waiting holds no snapshot back for long, and an ended watch leaves nothing waiting', async () => {
  await using fleet = await watchedFleet();
  const other = await fleet.elsewhere();
  const host = await fleet.here();
  await until('they watch', () => watching(host) === other.id);
  const waiting = () =>
    fleet.database.one<{ xmin: string | null; since: Date | null }>(
      sql`select backend_xmin::text as xmin, xact_start as since from pg_stat_activity where application_name like ${`muster watcher ${host.hostId}%`}`,
    );
  // Null between two transactions.
  const since = async () => (await waiting())?.since?.getTime();
  const seen = new Set<number>();
  await until('the wait begins another transaction', async () => {
    const at = await since();
    return at !== undefined && seen.add(at).size > 1;
  });
  await host.stop();
  await until('its connections end', async () => (await waiting()) === undefined);
}, 180_000);

test('a restart of the server, which ends all connections at once, is nobody’s death', async () => {
  await using folder = await testFolder();
  const before = await startEmbedded({ dataDir: folder.dataDir, log: silentLogger });
  await using database = new PostgresAdapter({ url: before.url, poolMax: 5 });
  await migrate(database, [coreMigrations]);
  const state = createSharedState(database, { leaseMs: LONG_LEASE.leaseMs });
  await using host = new FleetHost({ state, direct: database, types: [], ...LONG_LEASE, version: 'test', log: silentLogger });
  await host.start();
  await using child = spawnModule(HOST, [before.url]);
  const { hostId: other } = await child.line<{ hostId: string }>();
  await database.query(sql`update muster.hosts set process_key = 'elsewhere'`);
  await until('they watch', () => watching(host) === other);
  await before.stop('immediate');
  await using _ = await startEmbedded({ dataDir: folder.dataDir, log: silentLogger });
  await until(
    'it is watched again',
    async () => {
      const hosts = await state.hosts.list().catch(() => []);
      return watching(host) === other && hosts.length === 2 && hosts.every(({ watchable }) => watchable);
    },
    30_000,
  );
  expect((await state.hosts.list()).map(({ status }) => status)).toEqual(['live', 'live']);
  expect(host.status?.deathWatch).toMatchObject({ confirmed: 0 });
  // In the order of their making: those that use the server end before it does.
  await child.kill('SIGTERM');
  await host.stop();
  await database.stop();
}, 300_000);

test.skipIf(missing('pgbouncer'))('behind a pooler there is no watch, and past it there is', async () => {
  await using db = await testDatabase();
  await using pooler = await startPgBouncer(db.url);
  for (const [directUrl, state] of [
    [undefined, 'off'],
    [db.url, 'alone'],
    [pooler.url, 'off'],
  ] as const) {
    const database = new PostgresAdapter({ url: pooler.url, poolMax: 3, poolMin: 0, directUrl });
    await database.start();
    const lines: string[] = [];
    const log = {
      ...silentLogger,
      child: () => log,
      warn: (fields: object | string, message?: string) => void lines.push(message ?? (fields as string)),
    };
    const host = new FleetHost({ state: createSharedState(database), direct: database, types: [], version: 'test', log });
    await host.start();
    await until(`the watch is ${state}`, async () => {
      const watched = (await createSharedState(database).hosts.list({ live: true }))[0]?.watchable;
      return host.status?.deathWatch?.state === state && watched === (state !== 'off');
    });
    expect(lines.filter((line) => line.includes('MUSTER_DIRECT_DATABASE_URL'))).toHaveLength(state === 'off' ? 1 : 0);
    await host.stop();
    await database.stop();
  }
});
