import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, BOOTSTRAP, testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { sql } from '../../../db/sql.ts';
import { FeedReader } from '../feed/feed-reader.ts';
import { tracesModule } from '../index.ts';
import { projectStats } from '../langsmith/reads/project-stats.ts';
import { BUILT_IN_PRICES } from '../prices/index.ts';
import { listProjects } from '../reads/project-store.ts';
import { FigureKeeper } from './figure-keeper.ts';

let server: TestServer;
let session = '';
const START = Date.now() - 60_000;
const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
  const answer = await server.app.inject({ method: 'POST', url: `/langsmith${path}`, headers: bearer(BOOTSTRAP), payload: body });
  return { ...answer.json<object>(), status: answer.statusCode };
};

/** A trace as an SDK sends it: a chain with a call in it that it hands back, so that its usage stands in both. */
function trace(thread: string, { ms, usage, error }: { readonly ms: number; readonly usage: object; readonly error?: string }): object[] {
  const [root, call] = [randomUUID(), randomUUID()];
  const stamp = new Date(START).toISOString().replaceAll(/[-:.]/g, '').slice(0, -1) + '000Z';
  const metadata = { thread_id: thread, user_id: 'u1', ls_provider: 'openai', ls_model_name: 'gpt-4o-mini' };
  const common = {
    trace_id: root,
    session_name: 'chat',
    start_time: new Date(START).toISOString(),
    outputs: { usage_metadata: usage },
    extra: { metadata },
  };
  const end_time = new Date(START + ms).toISOString();
  return [
    {
      ...common,
      id: root,
      dotted_order: `${stamp}${root}`,
      name: 'agent',
      run_type: 'chain',
      end_time,
      ...(error === undefined ? {} : { error }),
    },
    {
      ...common,
      id: call,
      parent_run_id: root,
      dotted_order: `${stamp}${root}.${stamp}${call}`,
      name: 'ChatOpenAI',
      run_type: 'llm',
      end_time: new Date(START + ms / 2).toISOString(),
      tags: ['beta'],
      events: [{ name: 'new_token', time: new Date(START + ms / 4).toISOString() }],
    },
  ];
}

beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  const runs = [
    ...trace('t1', {
      ms: 1_000,
      usage: { input_tokens: 1_000, output_tokens: 100, total_tokens: 1_100, input_token_details: { cache_read: 400 } },
    }),
    ...trace('t1', { ms: 2_000, usage: { input_tokens: 2_000, output_tokens: 0, total_tokens: 2_000 } }),
    ...trace('t2', { ms: 4_000, usage: { input_tokens: 1_000, output_tokens: 0, total_tokens: 1_000 }, error: 'it broke' }),
  ];
  expect((await post('/runs/batch', { post: runs, patch: [] }))['status']).toBe(202);
  const { database } = server.database;
  const feed = new FeedReader(database, 'figures');
  const keeper = new FigureKeeper(database, feed, BUILT_IN_PRICES);
  while ((await feed.lag()).entries > 0) await keeper.step();
  session =
    (await database.one<{ id: string }>(sql`select project_id::text as id from muster.trace_projects where name = 'chat'`))?.id ?? '';
});
afterAll(() => server[Symbol.asyncDispose]());

describe('statistics as LangSmith gives them', () => {
  it('count tokens and cost once, of the calls, and take latency from whole traces', async () => {
    const all = await post('/runs/stats', { session: [session] });
    expect(all).toMatchObject({
      status: 200,
      run_count: 6,
      total_tokens: 4_100,
      prompt_tokens: 4_000,
      prompt_token_details: { cache_read: 400 },
      // 3,600 × 0.15 + 400 × 0.075 + 100 × 0.6, a million
      total_cost: '0.00063',
      unpriced_run_count: 0,
      source: 'rollups',
      last_run_start_time: new Date(START).toISOString(),
    });
    expect(all['error_rate']).toBeCloseTo(1 / 6);
    expect(all['latency_p50']).toBeCloseTo(2, 1);
    expect(all['first_token_p99']).toBeCloseTo(1, 1);
    expect(await post('/runs/stats', { session: [session], is_root: true })).toMatchObject({
      run_count: 3,
      total_cost: '0.00063',
      source: 'rollups',
    });
  });

  it('answer any filter from the runs themselves', async () => {
    const stats = (more: object) => post('/runs/stats', { session: [session], ...more });
    expect(await stats({ run_type: 'LLM', filter: 'gt(latency, 0.9)' })).toMatchObject({ run_count: 2, source: 'runs' });
    expect(await stats({ filter: 'has(tags, "beta")' })).toMatchObject({ run_count: 3, total_tokens: 4_100 });
    expect(await stats({ error: true })).toMatchObject({ run_count: 1, error_rate: 1 });
    expect(await stats({ run_type: 'llm', trace_filter: 'eq(thread_id, "t1")' })).toMatchObject({ run_count: 2 });
    expect(await stats({ filter: 'eq(' })).toMatchObject({ status: 422 });
    expect(await post('/runs/stats', { session: [randomUUID()] })).toMatchObject({ status: 404 });
  });

  it('of a project are the same from its figures as from its runs', async () => {
    const { database } = server.database;
    const projects = await listProjects(database, null);
    const no = projects.find(({ projectId }) => projectId === session)?.projectNo ?? 0;
    const of = async (mostRuns: number) => (await projectStats(database, projects, Date.now(), mostRuns)).get(no) as Record<string, number>;
    const [exact, estimated] = [await of(6), await of(5)];
    expect(exact).toMatchObject({ run_count: 3, total_tokens: 4_100, prompt_tokens: 4_000, total_cost: 0.00063, latency_p50: 2 });
    for (const [name, value] of Object.entries(exact)) {
      if (typeof value !== 'number' || name === 'latency_p99') continue;
      expect([name, Math.abs((estimated[name] ?? Number.NaN) - value) <= value * 0.01]).toEqual([name, true]);
    }
    // Between two values the one interpolates, and the other names one that was there.
    expect(estimated['latency_p99']).toBeCloseTo(4, 1);
  });

  it('go by group', async () => {
    const group = (group_by: object) => post('/runs/stats', { session: [session], group_by });
    expect(await group({ attribute: 'name' })).toMatchObject({
      agent: { run_count: 3 },
      ChatOpenAI: { run_count: 3, total_cost: '0.00063' },
    });
    expect(await group({ attribute: 'tag' })).toMatchObject({ beta: { run_count: 3 } });
    expect(await group({ attribute: 'metadata', path: 'ls_model_name' })).toMatchObject({ 'gpt-4o-mini': { run_count: 3 } });
    expect(await group({ attribute: 'metadata', path: 'thread_id' })).toMatchObject({ t1: { run_count: 4 }, t2: { run_count: 2 } });
    expect(await group({ attribute: 'metadata', path: 'weather' })).toMatchObject({ status: 422 });
  });
});

describe('conversations', () => {
  it('tell turns, tokens and cost of each thread, page by page', async () => {
    const ask = (more: object = {}) =>
      post('/runs/group', { session_id: session, group_by: 'conversation', start_time: null, limit: 100, offset: 0, ...more });
    const all = await ask();
    expect(all['total']).toBe(2);
    expect(all['groups']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          group_key: 't1',
          count: 2,
          total_tokens: 3_100,
          total_cost: '0.00048',
          filter: 'eq(thread_id, "t1")',
          latency_p50: 1.5,
        }),
        expect.objectContaining({ group_key: 't2', count: 1, total_tokens: 1_000, total_cost: '0.00015' }),
      ]),
    );
    expect((await ask({ limit: 1, offset: 1 }))['groups']).toHaveLength(1);
    expect((await ask({ filter: 'eq(thread_id, "t2")' }))['total']).toBe(1);
  });
});
