import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runAgent } from '../../agent/index.ts';
import { PostgresAdapter } from '../../db/adapter.ts';
import { sql } from '../../db/sql.ts';
import { createAccess } from '../../state/access.ts';
import { createSharedState } from '../../state/create-shared-state.ts';
import { testDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { startProxy, throughProxy, type Proxy } from '../../../test/support/proxy.ts';
import { testServer, type TestServer } from '../../../test/server/support/test-server.ts';
import { HEALTH_KEY } from '../health/index.ts';
import { statusRecorder } from './agent.ts';
import { componentsOf } from './component.ts';
import { statusModule } from './index.ts';
import { foldDays, readPieces, recordOutage, recordSightings, writeComponents } from './intervals.ts';
import { KeptSnapshot } from './kept-snapshot.ts';
import { readSnapshot } from './snapshot.ts';

let original: TestDatabase;
let proxy: Proxy;
let adapter: PostgresAdapter;
let server: TestServer;
let base: string;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'status-'));
  original = await testDatabase();
  const { hostname, port } = new URL(original.url);
  proxy = await startProxy({ host: hostname, port: Number(port) });
  adapter = new PostgresAdapter({
    url: throughProxy(original.url, proxy),
    poolMax: 5,
    poolMin: 0,
    connectTimeoutMs: 1_500,
    queryTimeoutMs: 2_500,
    statementTimeoutMs: 2_000,
  });
  server = await testServer({ state: createSharedState(adapter), access: createAccess(adapter), modules: [statusModule], dataDir });
  base = await server.listen();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await adapter.stop();
  await proxy[Symbol.asyncDispose]();
  await original[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true, force: true });
});

const db = () => original.database;
const query = (statement: ReturnType<typeof sql>) => db().query(statement);
const reset = async (): Promise<void> => {
  await query(sql`delete from muster.status_components`);
  await db().transaction((tx) => writeComponents(tx, componentsOf([])));
};
const see = (state: 'up' | 'degraded' | 'down', inMaintenance = false, component = 'database') =>
  db().transaction((tx) => recordSightings(tx, [{ component, state, inMaintenance }], 60_000));
/** As if all of it had been so long ago. */
const pass = (seconds: number) =>
  query(
    sql`update muster.status_intervals set since = since - ${seconds} * interval '1 second', until = until - ${seconds} * interval '1 second'`,
  );
/** To ten seconds: what a test takes counts as well. */
const intervals = async (): Promise<readonly (readonly [string, number])[]> => {
  const { rows } =
    await query(sql`select state, round(extract(epoch from until - since) / 10)::int * 10 as seconds from muster.status_intervals
    where component = 'database' order by since`);
  return rows.map(({ state, seconds }) => [String(state), Number(seconds)]);
};
const page = async (path = '/status') => {
  const answer = await fetch(`${base}${path}`);
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text(), headers: answer.headers };
};

describe('the record', () => {
  afterEach(reset);

  it('is an interval that moves on while a component stands the same, and a new one when it changes', async () => {
    await reset();
    for (let n = 0; n < 3; n++) {
      await see('up');
      await pass(20);
    }
    await see('down');
    await pass(20);
    await see('up');
    expect(await intervals()).toEqual([
      ['up', 60],
      ['down', 20],
      ['up', 0],
    ]);
  });

  it('leaves time in which nobody looked unknown', async () => {
    await reset();
    await see('up');
    await pass(30);
    await see('up');
    await pass(3_600);
    await see('up');
    expect(await intervals()).toEqual([
      ['up', 30],
      ['up', 0],
    ]);
  });

  it('tells an outage of the database from time in which nobody looked', async () => {
    await reset();
    await see('up');
    await pass(30);
    await see('up');
    await pass(3_600);
    await db().transaction(async (tx) => {
      await recordOutage(tx, 'database', Date.now());
      await recordSightings(tx, [{ component: 'database', state: 'up', inMaintenance: false }], 60_000);
    });
    expect(await intervals()).toEqual([
      ['up', 30],
      ['down', 3_600],
      ['up', 0],
    ]);
  });

  it('does not call it an outage where somebody has seen the component since it was noticed', async () => {
    await reset();
    await see('up');
    await db().transaction((tx) => recordOutage(tx, 'database', Date.now() - 60_000));
    expect(await intervals()).toEqual([['up', 0]]);
  });

  it('folds days that are over into one row a state, and not a millisecond is lost', async () => {
    await reset();
    await query(sql`insert into muster.status_intervals (component, since, until, state, in_maintenance)
      select 'database', now() - interval '10 days' + n * interval '1 hour', now() - interval '10 days' + (n + 1) * interval '1 hour' - interval '7 seconds',
        (array['up', 'up', 'degraded', 'down'])[1 + n % 4], n % 24 = 3 from generate_series(0, 239) n`);
    const sums = async () =>
      [...((await readPieces(db())).get('database') ?? [])]
        .map(({ day, state, inMaintenance, ms }) => `${day} ${state} ${inMaintenance} ${ms}`)
        .toSorted();
    const before = await sums();
    expect(before.length).toBeGreaterThan(30);
    await db().transaction(foldDays);
    await db().transaction(foldDays);
    expect(await sums()).toEqual(before);
    const { rows } = await query(sql`select count(*)::int as n from muster.status_intervals`);
    expect(Number(rows[0]?.['n'])).toBeLessThan(80);
  });

  it('is kept by the recorder, from agents, hosts, jobs and the database', async () => {
    await query(sql`delete from muster.status_components`);
    await server.state.agents.ensure([{ agentId: 'secret_agent_007', name: 'Secret', type: 'x' }]);
    await query(sql`update muster.agent_leases set status = 'crash_looping' where agent_id = 'secret_agent_007'`);
    await query(sql`insert into muster.hosts (host_id, hostname, pid, version, capacity, expires_at)
      values (gen_random_uuid(), 'private-host.internal', 1, '1', 10, now() + interval '1 hour')`);
    await query(sql`insert into muster.push_monitors (name, token, every_ms, grace_ms, state, created_by)
      values ('hidden-job', 'AAAAAAAAAAAAAAAAAAAAAAAAAA', 1000, 1000, 'up', 'test'), ('other-job', 'BBBBBBBBBBBBBBBBBBBBBBBBBB', 1000, 1000, 'down', 'test')`);
    await using agent = await runAgent(statusRecorder, { fleet: server.state, sql: db(), config: { title: 'How we are' } });
    expect(await agent.tick()).toMatchObject({ kind: 'succeeded' });
    const { components } = await readSnapshot(server.state);
    expect(components.map(({ name, state }) => [name, state])).toEqual([
      ['Database', 'up'],
      ['Hosts', 'up'],
      ['Agents', 'down'],
      ['Scheduled jobs', 'degraded'],
    ]);
  });

  it('is kept of databases besides the fleet’s own by how they are judged, and of one that nobody judges it is not', async () => {
    await query(sql`delete from muster.status_components`);
    await query(sql`insert into muster.health_scores (subject, since, score, band, level, coverage, findings) values
      ('database:away', now(), 0, 'critical', 'emergency', 0.1, '[{"check": "database.up"}]'),
      ('database:ill', now(), 45, 'critical', 'critical', 1, '[{"check": "database.lock_wait_seconds"}]'),
      ('database:well', now(), 100, 'healthy', null, 1, '[]'), ('database:silent', now(), null, 'unknown', null, 0, '[]')`);
    const value = { evaluated_at: new Date().toISOString(), good_until: new Date(Date.now() + 600_000).toISOString() };
    await server.ask('PUT', `/system-state/${HEALTH_KEY}`, { body: { value } });
    const components = ['away', 'ill', 'well', 'silent'].map((name) => ({ name, databases: [name] }));
    await using agent = await runAgent(statusRecorder, { fleet: server.state, sql: db(), config: { components } });
    expect(await agent.tick()).toMatchObject({ kind: 'succeeded' });
    const shown = await readSnapshot(server.state);
    expect(shown.components.map(({ name, state }) => [name, state])).toEqual([
      ['away', 'down'],
      ['ill', 'degraded'],
      ['well', 'up'],
      ['silent', 'unknown'],
    ]);
  });
});

describe('the page', () => {
  it('is there for everybody, names nothing private, and needs no script', async () => {
    await reset();
    await query(
      sql`insert into muster.status_intervals values ('database', now() - interval '1 hour', now(), 'up', false), ('agents', now() - interval '1 hour', now(), 'degraded', false)`,
    );
    await query(sql`update muster.status_components set created_at = now() - interval '2 hours'`);
    // What was seen stays fresh as long as these tests take.
    await server.ask('PUT', '/system-state/status:page', { body: { value: { enabled: true, title: 'How we are', every_ms: 3_600_000 } } });
    await expectSoon(async () => (await page()).text.includes('Not known at present: Hosts'));
    const { status, type, text, headers } = await page();
    expect([status, type]).toEqual([200, 'text/html; charset=utf-8']);
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(text).toMatch(/Database[^]*Operational[^]*Agents[^]*Degraded/);
    expect(text).not.toMatch(/<script|style=|onclick/);
    for (const path of ['/status', '/status/status.json', '/status/feed.atom', '/status/badge.svg'])
      expect((await page(path)).text).not.toMatch(/secret_agent|private-host|hidden-job|127\.0\.0\.1:\d+\/(?!status)|postgres:|AAAAAAAA/);
  });

  it('comes as JSON, as a badge for all or one, and as a feed', async () => {
    const document = JSON.parse((await page('/status/status.json')).text);
    expect(document).toMatchObject({ current: true, state: 'unknown' });
    const database = document.components.find(({ key }: { key: string }) => key === 'database');
    expect(database).toMatchObject({ state: 'up', availability: { ratio: 1, down_ms: 0 } });
    expect(database.availability.unknown_ms).toBeGreaterThan(3_500_000);
    expect(database.days).toHaveLength(90);
    const badge = await page('/status/badge.svg?component=agents');
    expect([badge.type, badge.text]).toEqual(['image/svg+xml; charset=utf-8', expect.stringContaining('Agents: degraded')]);
    expect((await page('/status/badge.svg?component=nothing')).status).toBe(404);
    const feed = await page('/status/feed.atom');
    expect(feed.text).toContain('<feed xmlns="http://www.w3.org/2005/Atom">');
    expect(feed.type).toContain('application/atom+xml');
  });

  it('goes on with its last state while the database is away, says so, and comes back', async () => {
    await expectSoon(async () => (await page()).text.includes('As of'));
    proxy.blackHole();
    try {
      await expectSoon(async () => (await page()).text.includes('cannot be reached'));
      const { status, text } = await page();
      expect(status).toBe(200);
      expect(text).toContain('Last known state, of');
      expect(text).toMatch(/Database[^]*Operational/);
      expect(text).not.toContain('All components are operational');
      expect((await page('/status/badge.svg')).text).toContain('unknown');
      expect(JSON.parse((await page('/status/status.json')).text)).toMatchObject({
        current: false,
        state: 'unknown',
        components: expect.arrayContaining([expect.objectContaining({ key: 'database', state: 'unknown', last_known_state: 'up' })]),
      });
    } finally {
      proxy.heal();
    }
    await expectSoon(async () => !(await page()).text.includes('cannot be reached'));
  });

  it('is there after a restart too while the database is away, from its file', async () => {
    const file = join(dataDir, 'status-page.json');
    await expectSoon(async () => (await readFile(file, 'utf8')).includes('"database"'));
    const away = () => Promise.reject(new Error('away'));
    const kept = new KeptSnapshot({ read: away, folder: dataDir, failed: () => undefined });
    expect(await kept.get()).toMatchObject({ isCurrent: false, snapshot: { components: [{ key: 'database' }, {}, {}] } });
    const broken = await mkdtemp(join(tmpdir(), 'status-broken-'));
    await writeFile(join(broken, 'status-page.json'), '{"version":1,');
    expect(await new KeptSnapshot({ read: away, folder: broken, failed: () => undefined }).get()).toBeUndefined();
    await rm(broken, { recursive: true });
  });

  it('is not there where it is turned off', async () => {
    await server.ask('PUT', '/system-state/status:page', { body: { value: { enabled: false, title: 'x', every_ms: 1_000 } } });
    await expectSoon(async () => (await page()).status === 404);
    expect((await page('/status/status.json')).status).toBe(404);
  });
});

/** The server reads anew every ten seconds. */
const expectSoon = (holds: () => Promise<boolean>): Promise<void> => expect.poll(holds, { timeout: 30_000, interval: 250 }).toBe(true);
