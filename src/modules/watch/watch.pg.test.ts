import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runAgent, type AgentUnderTest } from '../../agent/index.ts';
import { sql } from '../../db/sql.ts';
import { createOutbound } from '../../outbound/index.ts';
import { bearer, testServer, type TestServer } from '../../../test/server/support/test-server.ts';
import { deadManWatch } from './agent.ts';
import { watchModule } from './index.ts';
import { PINGS_KEPT, prunePings } from './monitors.ts';

let server: TestServer;
let base: string;
let outside: Server;
let answer = 200;
let calls = 0;
beforeAll(async () => {
  server = await testServer({ modules: [watchModule] });
  base = await server.listen();
  outside = createServer((_request, response) => {
    calls += 1;
    response.writeHead(answer).end();
  });
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await new Promise((resolve) => outside.close(resolve));
  await server[Symbol.asyncDispose]();
});

const add = async (name: string, more: object = { every: '1h' }): Promise<{ readonly path: string }> => {
  const added = await server.ask('POST', '/monitors', { body: { name, ...more } });
  expect([added.statusCode, added.body]).toEqual([201, expect.stringContaining('ping_url')]);
  return { path: new URL(added.json<{ ping_url: string }>().ping_url).pathname };
};
const show = async (name: string) => (await server.ask('GET', `/monitors/${name}`)).json();
const events = async (name: string): Promise<readonly (readonly [string, unknown])[]> =>
  (await server.state.events.list({}, { limit: 100 }))
    .filter(({ data }) => data['monitor'] === name)
    .map(({ type, data }): readonly [string, unknown] => [type, data['because']])
    .toReversed();
/** As if the last call had been so long ago. */
const age = (name: string, seconds: number) =>
  server.database.database.query(sql`update muster.push_monitors set deadline = deadline - ${seconds} * interval '1 second',
    due_at = due_at - ${seconds} * interval '1 second' where name = ${name}`);
const start = (): Promise<AgentUnderTest> =>
  runAgent(deadManWatch, {
    fleet: server.state,
    sql: server.database.database,
    outbound: createOutbound({ allowedNetworks: ['127.0.0.0/8'], allowCommands: false }),
  });

describe('a job that must call', () => {
  it('calls with the line that is shown for it, by GET or POST, with whatever it has to say, and without a key', async () => {
    const { path } = await add('backup');
    expect(await show('backup')).toMatchObject({ state: 'new', every: '1h', grace: '5m', curl: expect.stringContaining(path) });
    const started = await fetch(`${base}${path}/start`);
    expect([started.status, await started.text()]).toEqual([200, 'OK']);
    expect((await show('backup')).state).toBe('running');
    const done = await fetch(`${base}${path}`, {
      method: 'POST',
      body: 'copied 3 files',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(done.status).toBe(200);
    expect((await fetch(`${base}${path}/log`, { method: 'POST', body: Buffer.alloc(20_000, 'x') })).status).toBe(200);
    const shown = await show('backup');
    expect(shown).toMatchObject({ state: 'up', pings: 3, because: null, last_duration_ms: expect.any(Number) });
    expect(Date.parse(shown.deadline) - Date.parse(shown.due_at)).toBe(300_000);
    const { items } = (await server.ask('GET', '/monitors/backup/pings')).json();
    expect(items.map(({ kind, body }: { kind: string; body: string }) => [kind, body.slice(0, 20), body.length])).toEqual([
      ['log', 'x'.repeat(20), 10_000],
      ['success', 'copied 3 files', 14],
      ['start', '', 0],
    ]);
  });

  it('that says it failed is down at once, and its return is told', async () => {
    const { path } = await add('report');
    await fetch(`${base}${path}/7`);
    expect(await show('report')).toMatchObject({ state: 'down', because: 'the job ended with exit status 7' });
    await fetch(`${base}${path}/0`);
    expect((await show('report')).state).toBe('up');
    expect(await events('report')).toEqual([
      ['monitor:down', 'the job ended with exit status 7'],
      ['monitor:up', null],
    ]);
  });

  it('that falls silent is late, then down: an event once, and a metric', async () => {
    const { path } = await add('nightly', { every: '1h', grace: '10m' });
    await fetch(`${base}${path}`);
    await using agent = await start();
    await age('nightly', 3_650);
    expect((await show('nightly')).state).toBe('late');
    await agent.tick();
    expect((await show('nightly')).state).toBe('late');
    await age('nightly', 600);
    await agent.tick();
    await agent.tick();
    expect(await show('nightly')).toMatchObject({ state: 'down', because: 'no call came in time' });
    expect(agent.events.filter(({ data }) => data['monitor'] === 'nightly').map(({ type }) => type)).toEqual(['monitor:down']);
    const figure = (name: string): number | undefined =>
      agent.metrics.filter((metric) => metric.name === name && metric.labels['monitor'] === 'nightly').at(-1)?.value;
    expect(figure('push_monitor_up')).toBe(0);
    expect(figure('push_monitor_overdue_seconds')).toBeGreaterThan(40);
    expect(agent.refusedMetrics).toEqual([]);
  });

  it('that begins and does not end is down too', async () => {
    const { path } = await add('hangs');
    await fetch(`${base}${path}/start`);
    await age('hangs', 301);
    await using agent = await start();
    await agent.tick();
    expect(await show('hangs')).toMatchObject({ state: 'down', because: 'a run began and did not end in time' });
  });

  it('is not late for what the database missed while it was away', async () => {
    const { path } = await add('grace');
    await fetch(`${base}${path}`);
    await age('grace', 7_200);
    await server.database.database.query(sql`update muster.fleet_clock set grace_until = clock_timestamp() + interval '1 minute'`);
    await using agent = await start();
    await agent.tick();
    expect((await show('grace')).state).toBe('late');
    await server.database.database.query(sql`update muster.fleet_clock set grace_until = '-infinity'`);
    await agent.tick();
    expect((await show('grace')).state).toBe('down');
  });

  it('may be paused, given another address and removed', async () => {
    const { path } = await add('moves');
    await fetch(`${base}${path}`);
    expect((await server.ask('POST', '/monitors/moves/pause')).json().state).toBe('paused');
    expect((await server.ask('POST', '/monitors/moves/resume')).json().state).toBe('new');
    const rotated = new URL((await server.ask('POST', '/monitors/moves/rotate')).json().ping_url).pathname;
    expect((await fetch(`${base}${path}`)).status).toBe(404);
    expect((await fetch(`${base}${rotated}`)).status).toBe(200);
    expect((await server.ask('DELETE', '/monitors/moves')).statusCode).toBe(204);
    expect((await fetch(`${base}${rotated}`)).status).toBe(404);
  });

  it('cannot call what nobody has, nor as often as it likes', async () => {
    expect((await fetch(`${base}/push/${'A'.repeat(32)}`)).status).toBe(404);
    expect((await fetch(`${base}/push/short`)).status).toBe(404);
    const { path } = await add('loops');
    expect((await fetch(`${base}${path}/nonsense`)).status).toBe(404);
    const statuses = await Promise.all(Array.from({ length: 80 }, async () => (await fetch(`${base}${path}/log`)).status));
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(60);
    expect(statuses).toContain(429);
  });

  it('leaves a hundred calls behind', async () => {
    await add('chatty');
    await server.database.database.query(
      sql`insert into muster.pings (monitor, kind) select 'chatty', 'log' from generate_series(1, ${PINGS_KEPT + 50})`,
    );
    await server.database.database.transaction(prunePings);
    expect((await server.ask('GET', '/monitors/chatty/pings?limit=1000')).json().items).toHaveLength(PINGS_KEPT);
  });

  it.each([
    [{}, 'either cron or every'],
    [{ every: '1h', cron: '* * * * *' }, 'either cron or every'],
    [{ cron: '61 * * * *' }, 'cron'],
    [{ cron: '0 3 * * *', time_zone: 'Mars/Olympus' }, 'Mars/Olympus'],
    [{ every: '0s' }, 'out of range'],
    [{ every: 'soon' }, 'soon'],
  ])('with %j is refused and says why', async (more, why) => {
    const refused = await server.ask('POST', '/monitors', { body: { name: 'refused', ...more } });
    expect([refused.statusCode, refused.json().detail]).toEqual([expect.toBeOneOf([400, 422]), expect.stringContaining(why)]);
  });

  it('is added once, and its address shown to those alone who may change it', async () => {
    const { path } = await add('secret');
    expect((await server.ask('POST', '/monitors', { body: { name: 'secret', every: '1h' } })).statusCode).toBe(409);
    const viewer = await server.ask('GET', '/monitors/secret', { headers: bearer(await server.key('viewer')) });
    expect(viewer.json()).toMatchObject({ name: 'secret', ping_url: null, curl: null });
    expect(viewer.body).not.toContain(path.slice(6));
  });
});

describe('a watcher outside', () => {
  const url = (): string => `http://127.0.0.1:${(outside.address() as AddressInfo).port}/ping/only-we-know-this`;
  const watcher = async () => (await server.ask('GET', '/watchers')).json().items[0];

  it('is called at its interval; its failure shows and is told once; its address is kept secret', async () => {
    const put = await server.ask('PUT', '/watchers/deadman', { body: { url: url(), every: '1h' } });
    expect(put.json()).toMatchObject({ state: 'new', every: '1h' });
    expect(put.body).not.toContain('only-we-know-this');
    await using agent = await start();
    await agent.tick();
    expect([calls, (await watcher()).state]).toEqual([1, 'reached']);
    await agent.tick();
    expect(calls).toBe(1);

    answer = 500;
    const turn = () => server.database.database.query(sql`update muster.outside_watchers set next_at = clock_timestamp()`);
    for (let n = 0; n < 2; n++) {
      await turn();
      await agent.tick();
    }
    expect(await watcher()).toMatchObject({ state: 'unreachable', failures: 2, last_status: 500, last_error: 'it answered 500' });
    answer = 200;
    await turn();
    await agent.tick();
    expect(await watcher()).toMatchObject({ state: 'reached', failures: 0, last_error: null });
    const told = agent.events.filter(({ data }) => data['watcher'] === 'deadman').map(({ type }) => type);
    expect(told).toEqual(['watcher:unreachable', 'watcher:reached']);
    const { rows } = await server.database.database.query<{ url: string }>(sql`select url from muster.outside_watchers`);
    expect(rows[0]?.url).not.toContain('only-we-know-this');
    expect((await server.ask('DELETE', '/watchers/deadman')).statusCode).toBe(204);
  });

  it('that may not be called, because it lies within, is shown as not reached', async () => {
    await server.ask('PUT', '/watchers/inside', { body: { url: url() } });
    await using agent = await runAgent(deadManWatch, { fleet: server.state, sql: server.database.database });
    const before = calls;
    await agent.tick();
    expect(await watcher()).toMatchObject({ name: 'inside', state: 'unreachable' });
    expect(calls).toBe(before);
  });
});
