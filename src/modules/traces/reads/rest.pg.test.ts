import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { sql } from '../../../db/sql.ts';
import { tracesModule } from '../index.ts';
import { isoMicros } from './filter/timestamp.ts';
import { addPartitions, addProject, addRuns } from './testing.ts';

const DAY = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
const at = (second: number): number => (Date.parse(`${DAY}T12:00:00Z`) / 1_000 + second) * 1e6;
const idOf = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

let server: TestServer;
const get = async (path: string, headers?: Readonly<Record<string, string>>) =>
  server.ask('GET', `/traces/${path}`, headers === undefined ? {} : { headers });
const confined = async (project: string): Promise<Readonly<Record<string, string>>> => {
  const key = await server.key('operator');
  await server.database.database.query(sql`update muster.api_keys set projects = ${[project]} where key_id = ${key.split('_')[1]}`);
  return bearer(key);
};

beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  const db = server.database.database;
  await addPartitions(db, [DAY]);
  const { projectNo } = await addProject(db, 'chat');
  const { projectNo: other } = await addProject(db, 'other');
  for (let n = 1; n <= 6; n++) {
    const thread = `talk ${n % 2}`;
    const message = (content: string): string => JSON.stringify({ messages: [{ role: 'user', content }] });
    await addRuns(db, [
      {
        runId: idOf(n),
        projectNo,
        startTime: at(n * 10),
        columns: {
          thread_id: thread,
          end_time: isoMicros(at(n * 10 + 2)),
          inputs: message(`ask ${n}`),
          outputs: `{"answer":"say ${n}"}`,
          status: n === 5 ? 2 : 1,
          error: n === 5 ? '"broken"' : null,
        },
      },
      {
        runId: idOf(100 + n),
        traceId: idOf(n),
        parentRunId: idOf(n),
        projectNo,
        startTime: at(n * 10 + 1),
        columns: { run_type: 1, total_tokens: 10, total_cost: '0.1', outputs: n === 3 ? '"a needle"' : null },
      },
    ]);
  }
  await addRuns(db, [{ runId: idOf(50), projectNo: other, startTime: at(1), columns: { thread_id: 'talk 1' } }]);
  await db.query(sql`insert into muster.trace_quarantine (source, project, run_id, reason, message, size, body) values
    ('langsmith', 'chat', 'x', 'bad_id', 'no UUID', 9, '{"id":"x"}'), ('otlp', 'other', null, 'bad_time', 'when?', 3, null)`);
});
afterAll(() => server[Symbol.asyncDispose]());

it('a root is listed with what its trace adds up to, models alone counted, and what has no price told apart', async () => {
  const db = server.database.database;
  const { projectNo } = await addProject(db, 'sums');
  const [root, large, single] = [idOf(0x5000), idOf(0x6000), idOf(0x7000)];
  const below = (n: number, columns: Readonly<Record<string, unknown>>, traceId = root) => ({
    runId: idOf(0x5000 + n),
    traceId,
    parentRunId: traceId,
    projectNo,
    startTime: at(n),
    columns,
  });
  await addRuns(db, [
    { runId: root, projectNo, startTime: at(0), columns: { total_tokens: 99 } },
    below(1, { run_type: 1, total_tokens: 10, total_cost: '0.1', first_token_time: isoMicros(at(3)) }),
    below(2, { run_type: 4, total_tokens: 5, total_cost: '0.02' }),
    below(3, { run_type: 1, total_tokens: 7, status: 2 }),
    // It says again what the model below it used.
    below(4, { run_type: 0, total_tokens: 10, total_cost: '0.1' }),
    { runId: single, projectNo, startTime: at(1), columns: { run_type: 1, total_tokens: 3, total_cost: '0.003' } },
    { runId: large, projectNo, startTime: at(2) },
  ]);
  await db.query(sql`insert into muster.trace_runs (run_id, trace_id, parent_run_id, project_no, day, start_time, keep_days, run_type, status)
    select gen_random_uuid(), ${large}, ${large}, ${projectNo}, ${DAY}::date, ${isoMicros(at(2))}::timestamptz, 30, 0, 1 from generate_series(1, 1001)`);
  const { items } = (await get('runs?project=sums&is_root=true')).json<{ items: { run_id: string; trace: unknown }[] }>();
  expect(items.map(({ run_id: id, trace }) => [id, trace])).toEqual([
    [large, null],
    [single, { runs: 1, errors: 0, total_tokens: 3, total_cost: '0.003', unpriced_runs: 0, first_token_seconds: null }],
    [root, { runs: 5, errors: 1, total_tokens: 22, total_cost: '0.12', unpriced_runs: 1, first_token_seconds: 3 }],
  ]);
  const without = (await get('runs?project=sums&is_root=true&previews=false')).json<{ items: { trace: unknown }[] }>();
  expect(without.items.map(({ trace }) => trace)).toEqual([null, null, null]);
});

describe('conversations', () => {
  it('are listed with what they took and how they began and stand, page by page', async () => {
    const first = (await get(`threads?project=chat&limit=1`)).json();
    expect(first.items).toEqual([
      {
        thread_id: 'talk 0',
        project: 'chat',
        project_id: expect.any(String),
        turns: 3,
        errors: 0,
        first_time: isoMicros(at(20)),
        last_time: isoMicros(at(60)),
        first_trace_id: idOf(2),
        last_trace_id: idOf(6),
        user_id: null,
        latency_p50_seconds: 2,
        latency_p99_seconds: 2,
        prompt_tokens: null,
        completion_tokens: null,
        total_tokens: 30,
        total_cost: '0.3',
        inputs_preview: 'ask 2',
        outputs_preview: 'say 6',
        error_preview: null,
      },
    ]);
    const second = (await get(`threads?project=chat&limit=1&cursor=${first.next_cursor}`)).json();
    expect([second.items[0].thread_id, second.items[0].errors, second.items[0].error_preview, second.next_cursor]).toEqual([
      'talk 1',
      1,
      'broken',
      null,
    ]);
    expect((await get('threads')).json().items).toHaveLength(3);
    expect((await get('threads/talk%201?project=other')).json()).toMatchObject({ turns: 1, project: 'other', total_tokens: null });
    expect((await get('threads/nobody?project=other')).statusCode).toBe(404);
    expect((await get('threads?cursor=x')).statusCode).toBe(400);
  });
});

describe('a search among conversations', () => {
  const found = async (path: string): Promise<readonly string[]> =>
    (await get(path)).json().items.map((item: { thread_id: string }) => item.thread_id);

  it('finds those of which a turn, or a step of one, holds the words, the newest that does first', async () => {
    expect(await found('threads?project=chat&q=say')).toEqual(['talk 0', 'talk 1']);
    expect(await found('threads?project=chat&q=%22say%203%22')).toEqual(['talk 1']);
    expect(await found('threads?project=chat&q=eedl')).toEqual(['talk 1']);
    expect(await found('threads?q=needle')).toEqual(['talk 1']);
    expect(await found('threads?project=other&q=needle')).toEqual([]);
    expect((await get('threads?q=-needle')).statusCode).toBe(422);
  });

  it('goes from page to page, each conversation once', async () => {
    const first = (await get('threads?project=chat&q=ask&limit=1')).json();
    expect(first.items).toHaveLength(1);
    const second = (await get(`threads?project=chat&q=ask&limit=1&cursor=${first.next_cursor}`)).json();
    expect([first.items[0].thread_id, second.items[0].thread_id, second.next_cursor]).toEqual(['talk 0', 'talk 1', null]);
    expect((await get(`threads?project=chat&cursor=${first.next_cursor}`)).statusCode).toBe(400);
  });
});

describe('a key that is confined to one project', () => {
  it('sees of the others nothing, as if they were not there', async () => {
    const key = await confined('other');
    expect((await get('runs', key)).json().items.map(({ run_id }: { run_id: string }) => run_id)).toEqual([idOf(50)]);
    expect((await get('projects', key)).json().items.map(({ name }: { name: string }) => name)).toEqual(['other']);
    expect((await get('threads', key)).json().items).toHaveLength(1);
    expect((await get('quarantine', key)).json().items).toMatchObject([{ project: 'other' }]);
    for (const path of [
      `runs/${idOf(1)}`,
      `trees/${idOf(1)}`,
      'projects/chat',
      'runs?project=chat',
      'threads?project=chat',
      `runs/${idOf(1)}/share`,
      'quarantine/1',
    ])
      expect([path, (await get(path, key)).statusCode]).toEqual([path, 404]);
    for (const path of [`/langsmith/runs/${idOf(1)}`, `/langsmith/v2/runs/${idOf(1)}`])
      expect([path, (await server.app.inject({ method: 'GET', url: path, headers: key })).statusCode]).toEqual([path, 404]);
    const queried = await server.app.inject({ method: 'POST', url: '/langsmith/runs/query', headers: key, payload: { trace: idOf(1) } });
    expect(queried.json()).toEqual({ runs: [], cursors: { next: null, prev: null } });
    expect((await server.ask('POST', '/traces/projects', { body: { name: 'third' }, headers: key })).statusCode).toBe(403);
  });
});

describe('feedback', () => {
  it('of a person is kept and listed', async () => {
    const said = await server.ask('POST', '/traces/feedback', {
      body: { run_id: idOf(1), key: 'thumbs', score: 1, value: { a: [1] }, comment: 'good' },
    });
    expect([said.statusCode, said.json()]).toEqual([
      201,
      expect.objectContaining({ key: 'thumbs', score: 1, value: { a: [1] }, source: 'app', project: 'chat' }),
    ]);
    await server.ask('POST', '/traces/feedback', { body: { run_id: idOf(2), key: 'thumbs', score: 0 } });
    const page = (await get('feedback?key=thumbs&limit=1')).json();
    expect(page.items).toMatchObject([{ run_id: idOf(2) }]);
    expect((await get(`feedback?key=thumbs&limit=1&cursor=${page.next_cursor}`)).json().items).toMatchObject([{ run_id: idOf(1) }]);
    expect((await get(`feedback?run_id=${idOf(1)}&project=chat&source=app`)).json().items).toHaveLength(1);
    expect((await server.ask('POST', '/traces/feedback', { body: { run_id: idOf(9_999), key: 'x' } })).statusCode).toBe(404);
  });
});

describe('what was refused', () => {
  it('is listed, shown and forgotten', async () => {
    const { items } = (await get('quarantine?source=langsmith')).json();
    expect(items).toEqual([expect.objectContaining({ project: 'chat', run_id: 'x', reason: 'bad_id', size: 9 })]);
    expect((await get(`quarantine/${items[0].no}`)).json()).toMatchObject({ body: '{"id":"x"}' });
    expect((await server.ask('DELETE', `/traces/quarantine/${items[0].no}`)).statusCode).toBe(204);
    expect((await server.ask('DELETE', `/traces/quarantine/${items[0].no}`)).statusCode).toBe(404);
  });
});

describe('a saved filter', () => {
  it('is its maker’s own until it is shared, and one of a name replaces the other', async () => {
    const viewer = bearer(await server.key('viewer'));
    const save = (body: object, headers: Readonly<Record<string, string>>) =>
      server.ask('POST', '/traces/saved-filters', { body, headers });
    expect((await save({ name: 'mine', query: 'status=error' }, viewer)).statusCode).toBe(201);
    expect((await save({ name: 'mine', query: 'status=success' }, viewer)).json()).toMatchObject({
      query: 'status=success',
      is_shared: false,
    });
    expect((await save({ name: 'all', query: 'a=b', is_shared: true }, viewer)).statusCode).toBe(403);
    const shared = (await server.ask('POST', '/traces/saved-filters', { body: { name: 'all', query: 'a=b', is_shared: true } })).json();
    const names = async (headers?: Readonly<Record<string, string>>) =>
      (await get('saved-filters', headers)).json().items.map(({ name }: { name: string }) => name);
    expect([await names(viewer), await names()]).toEqual([['all', 'mine'], ['all']]);
    expect((await server.ask('DELETE', `/traces/saved-filters/${shared.id}`, { headers: viewer })).statusCode).toBe(403);
    expect((await server.ask('DELETE', `/traces/saved-filters/${shared.id}`)).statusCode).toBe(204);
  });
});

describe('a shared trace', () => {
  it('has an address for a while', async () => {
    const share = (body?: object) => server.ask('PUT', `/traces/runs/${idOf(101)}/share`, body === undefined ? {} : { body });
    expect((await get(`runs/${idOf(1)}/share`)).statusCode).toBe(404);
    const made = (await share({ expires_in: '7d' })).json();
    expect(made).toMatchObject({ trace_id: idOf(1), url: expect.stringMatching(/\/public\/[0-9a-f-]{36}\/r$/) });
    expect(Date.parse(made.expires_at) - Date.now()).toBeGreaterThan(6 * 86_400_000);
    expect((await share()).json()).toMatchObject({ token: made.token, expires_at: null });
    expect((await get(`runs/${idOf(1)}`)).json().share.token).toBe(made.token);
    for (const bad of ['never', '1s']) expect((await share({ expires_in: bad })).statusCode).toBe(422);
    expect((await server.ask('DELETE', `/traces/runs/${idOf(1)}/share`)).statusCode).toBe(204);
    expect((await get(`runs/${idOf(1)}/share`)).statusCode).toBe(404);
  });
});
