import { afterAll, beforeAll, expect, test } from 'vitest';
import { agentId, epoch, newHostId, newRunId } from '../../src/base/ids.ts';
import { addAgents, bearer, testServer, type TestServer } from './support/test-server.ts';

let server: TestServer;
const NOW = Date.now();
const runIds = Array.from({ length: 7 }, (_, n) => newRunId(NOW - 60_000 + n * 1_000));

beforeAll(async () => {
  server = await testServer();
  await addAgents(server.state, 2);
  const { hosts, ledger } = server.state;
  const hostId = newHostId();
  await hosts.join({ hostId, hostname: 'alpha', pid: 1, processKey: null, version: '1', labels: {}, capacity: 9, leaseMs: 600_000 });
  await hosts.claim(hostId, ['load'], 2);
  const name = { agentId: agentId('load_0000'), epoch: epoch(1) };
  await ledger.write(hostId, {
    runs: runIds.map((runId, n) => ({
      ...name,
      runId,
      runNumber: n + 1,
      trigger: n === 0 ? 'first' : 'schedule',
      scheduledFor: NOW - 60_000 + n * 1_000,
      startedAt: NOW - 60_000 + n * 1_000,
      endedAt: n === 6 ? null : NOW - 60_000 + n * 1_000 + 250,
      outcome: n === 6 ? null : n === 3 ? 'failed' : 'succeeded',
      durationMs: n === 6 ? null : 250,
      error: n === 3 ? 'the printer is on fire' : null,
      result: null,
      linesKept: 1,
      linesDropped: 0,
    })),
    lines: runIds.map((runId, n) => ({
      ...name,
      seq: n,
      at: NOW - 60_000 + n * 1_000,
      runId,
      level: n === 3 ? 'error' : 'info',
      message: `run ${n + 1}`,
      fields: null,
    })),
  });
});
afterAll(() => server[Symbol.asyncDispose]());

async function pages(path: string): Promise<readonly Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const answer = await server.ask('GET', `${path}${path.includes('?') ? '&' : '?'}limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`);
    expect(answer.statusCode).toBe(200);
    const page = answer.json<{ items: Record<string, unknown>[]; next_cursor: string | null }>();
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  return items;
}

test('the runs of an agent come newest first, page by page, and narrowed by outcome', async () => {
  const runs = await pages('/agents/load_0000/runs');
  expect(runs.map((run) => run['run_id'])).toEqual(runIds.toReversed());
  expect(runs[0]).toMatchObject({ outcome: 'running', ended_at: null, duration_ms: null, hostname: 'alpha' });
  expect(await pages('/agents/load_0000/runs?outcome=failed')).toMatchObject([{ error: 'the printer is on fire', run_number: 4 }]);
  expect((await server.ask('GET', `/runs/${runIds[3]}`)).json()).toMatchObject({ agent_id: 'load_0000', outcome: 'failed' });
  expect((await server.ask('GET', '/agents/load_0001/runs')).json()).toEqual({ items: [], next_cursor: null });
});

test('what agents said is found by agent, run, level, words and time', async () => {
  expect((await pages('/agents/load_0000/logs')).map((line) => line['message'])).toEqual([7, 6, 5, 4, 3, 2, 1].map((n) => `run ${n}`));
  expect(await pages('/logs?level=warn')).toMatchObject([{ message: 'run 4', level: 'error', run_id: runIds[3] }]);
  expect(await pages(`/logs?run_id=${runIds[1]}`)).toMatchObject([{ message: 'run 2' }]);
  expect(await pages('/logs?search=RUN%205')).toMatchObject([{ message: 'run 5' }]);
  expect(await pages(`/logs?agent_id=load_0000&from=${NOW - 60_000}&to=${NOW - 58_000}`)).toHaveLength(2);
  expect(await pages('/logs?agent_id=load_0001')).toEqual([]);
});

test('the history of an agent says who held it', async () => {
  expect(await pages('/agents/load_0001/history')).toMatchObject([
    {
      epoch: 1,
      hostname: 'alpha',
      released_at: null,
      status: 'held',
      reason: null,
      moved_because: 'first start: nobody had held it before',
    },
  ]);
});

test('a cursor of one list is none of another', async () => {
  const { next_cursor: cursor } = (await server.ask('GET', '/agents/load_0000/runs?limit=1')).json<{ next_cursor: string }>();
  expect((await server.ask('GET', `/agents/load_0000/logs?cursor=${cursor}`)).json()).toMatchObject({ code: 'BAD_CURSOR' });
  expect((await server.ask('GET', `/agents/load_0000/history?cursor=${cursor}`)).json()).toMatchObject({ code: 'BAD_CURSOR' });
});

test('a key for metrics alone reads no logs', async () => {
  const headers = bearer(await server.key('operator', { scopes: ['metrics:read'] }));
  for (const path of ['/logs', '/agents/load_0000/runs', '/agents/load_0000/history', `/runs/${runIds[0]}`])
    expect((await server.ask('GET', path, { headers })).statusCode).toBe(403);
});
