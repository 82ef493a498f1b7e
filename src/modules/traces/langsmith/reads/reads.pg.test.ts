import { Client, RunTree } from 'langsmith';
import { Client as OldestClient } from 'langsmith-0.3';
import { Client as OlderClient } from 'langsmith-0.6';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BOOTSTRAP, testServer, type TestServer } from '../../../../../test/server/support/test-server.ts';
import { sql } from '../../../../db/sql.ts';
import { tracesModule } from '../../index.ts';

let server: TestServer;
let base: string;
let client: Client;
let root: RunTree;
let call: RunTree;

const INPUTS = { messages: [{ role: 'user', content: 'How much is 7 × 6? 🦆' }], nested: { list: [1, 2.5, null, true] } };
const list = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
};

beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  base = await server.listen();
  client = new Client({ apiUrl: `${base}/langsmith`, apiKey: BOOTSTRAP });
  root = new RunTree({
    name: 'answer',
    run_type: 'chain',
    inputs: INPUTS,
    client,
    project_name: 'shop',
    tags: ['beta', 'ümlaut'],
    metadata: { thread_id: 'talk-1', tier: 'gold', n: 3 },
  });
  await root.postRun();
  call = root.createChild({
    name: 'gpt',
    run_type: 'llm',
    inputs: INPUTS,
    extra: { metadata: { ls_model_name: 'gpt-4o-mini', ls_provider: 'openai' } },
    attachments: { picture: ['image/png', new Uint8Array([1, 2, 3, 254])] },
  });
  await call.postRun();
  await call.end({
    role: 'assistant',
    content: '42',
    usage_metadata: { input_tokens: 1_000, output_tokens: 100, total_tokens: 1_100, input_token_details: { cache_read: 400 } },
  });
  await call.patchRun();
  const tool = root.createChild({ name: 'calculator', run_type: 'tool', inputs: { a: 7 } });
  await tool.postRun();
  await tool.end(undefined, 'Error: no such key "ż"');
  await tool.patchRun();
  await root.end({ answer: '42' });
  await root.patchRun();
  await client.awaitPendingTraceBatches();
  await server.database.database.query(sql`
    insert into muster.trace_feedback (feedback_id, run_id, trace_id, project_no, key, score, comment, value)
    select gen_random_uuid(), ${root.id}, ${root.id}, project_no, 'helpful', score, comment, value
    from muster.trace_projects, (values (0.75, 'right', '"yes"'), (0.25, null, null)) v(score, comment, value) where name = 'shop'`);
});
afterAll(async () => {
  await client.awaitPendingTraceBatches();
  await server[Symbol.asyncDispose]();
});

describe('the current SDK of LangSmith in JavaScript', () => {
  it('reads a run as it was written', async () => {
    const run = await client.readRun(root.id);
    expect(run).toMatchObject({
      id: root.id,
      name: 'answer',
      run_type: 'chain',
      inputs: INPUTS,
      outputs: { answer: '42' },
      trace_id: root.id,
      parent_run_id: null,
      dotted_order: root.dotted_order,
      status: 'success',
      error: null,
      thread_id: 'talk-1',
    });
    expect(run.tags).toEqual(['beta', 'ümlaut']);
    expect(run.extra?.metadata).toMatchObject({ thread_id: 'talk-1', tier: 'gold', n: 3 });
    expect(run.start_time).toBe(new Date(String(run.start_time)).toISOString().slice(0, -1).concat(String(run.start_time).slice(23)));
    expect(run.feedback_stats).toMatchObject({ helpful: { n: 2, avg: 0.5, min: 0.25, max: 0.75, values: { yes: 1 } } });
    const read = await client.readRun(call.id);
    expect(read).toMatchObject({
      prompt_tokens: 1_000,
      completion_tokens: 100,
      total_tokens: 1_100,
      parent_run_id: root.id,
      parent_run_ids: [root.id],
    });
    // 600 × 0.15 + 400 × 0.075 + 100 × 0.6 millionths of a dollar.
    expect((read as { total_cost?: unknown }).total_cost).toBe('0.00018');
  });

  it('loads the children of a run as the tree they were', async () => {
    const run = await client.readRun(root.id, { loadChildRuns: true });
    expect(run.child_runs?.map(({ name, status }) => [name, status])).toEqual([
      ['gpt', 'success'],
      ['calculator', 'error'],
    ]);
    expect(run.child_runs?.[1]?.error).toBe('Error: no such key "ż"');
  });

  it('lists runs by project and filter, page by page', async () => {
    const names = async (query: object): Promise<readonly string[]> =>
      (await list(client.listRuns({ projectName: 'shop', ...query }))).map(({ name }) => name);
    expect((await names({})).toSorted()).toEqual(['answer', 'calculator', 'gpt']);
    expect(await names({ isRoot: true })).toEqual(['answer']);
    expect(await names({ runType: 'llm', select: ['id', 'name', 'total_tokens'] })).toEqual(['gpt']);
    expect(await names({ error: true })).toEqual(['calculator']);
    expect(await names({ limit: 1, filter: 'eq(is_root, false)', order: 'asc' })).toEqual(['gpt']);
    expect(await names({ filter: 'and(eq(metadata_key, "tier"), eq(metadata_value, "gold"))', isRoot: true })).toEqual(['answer']);
    expect(await names({ filter: 'and(eq(feedback_key, "helpful"), gt(feedback_score, 0.5))' })).toEqual(['answer']);
    expect(
      await names({
        filter: 'and(in(metadata_key, ["session_id","conversation_id","thread_id"]), eq(metadata_value, "talk-1"))',
        isRoot: true,
      }),
    ).toEqual(['answer']);
    expect(await names({ traceFilter: 'eq(name, "answer")', runType: 'tool' })).toEqual(['calculator']);
    expect(await names({ treeFilter: 'eq(name, "calculator")', isRoot: true })).toEqual(['answer']);
    expect(await names({ treeFilter: 'eq(name, "nobody")' })).toEqual([]);
    expect(await names({ parentRunId: root.id, order: 'asc' })).toEqual(['gpt', 'calculator']);
    expect(await names({ id: [call.id] })).toEqual(['gpt']);
    expect(await names({ query: 'much is 7' })).toHaveLength(2);
    await expect(names({ filter: 'eq(nam, "x")' })).rejects.toThrow(/character 4: there is no field nam/);
    const [only] = await list(client.listRuns({ projectName: 'shop', runType: 'llm', select: ['id', 'name'] }));
    expect(only).toMatchObject({ id: call.id, name: 'gpt' });
    expect(only?.outputs).toBeUndefined();
  });

  it('reads threads of the first version', async () => {
    expect(await client.listThreads({ projectName: 'shop' })).toMatchObject([{ thread_id: 'talk-1', count: 1 }]);
    expect((await list(client.readThread({ threadId: 'talk-1', projectName: 'shop' }))).map(({ id }) => id)).toEqual([root.id]);
  });

  it('keeps projects', async () => {
    expect(await client.hasProject({ projectName: 'shop' })).toBe(true);
    expect(await client.hasProject({ projectName: 'nobody' })).toBe(false);
    const made = await client.createProject({ projectName: 'made', description: 'x', metadata: { a: 1 } });
    expect(made).toMatchObject({ name: 'made', description: 'x', extra: { metadata: { a: 1 } }, reference_dataset_id: null });
    expect(made.tenant_id).toMatch(/^[0-9a-f-]{36}$/);
    await expect(client.createProject({ projectName: 'made' })).rejects.toThrow(/409/);
    expect(await client.createProject({ projectName: 'made', description: 'y', upsert: true })).toMatchObject({
      id: made.id,
      description: 'y',
    });
    expect(await client.updateProject(made.id, { name: 'made 2', endTime: '2026-01-01T00:00:00Z' })).toMatchObject({
      name: 'made 2',
      end_time: '2026-01-01T00:00:00.000000Z',
    });
    expect(await client.readProject({ projectId: made.id })).toMatchObject({ name: 'made 2' });
    expect((await list(client.listProjects({ nameContains: 'ADE' }))).map(({ name }) => name)).toEqual(['made 2']);
    expect(await client.readProject({ projectName: 'shop', includeStats: true })).toMatchObject({
      run_count: 1,
      total_tokens: 1_100,
      error_rate: 0,
      feedback_stats: { helpful: { n: 2 } },
    });
    await client.deleteProject({ projectId: made.id });
    expect(await client.hasProject({ projectName: 'made 2' })).toBe(false);
  });

  it('reads feedback', async () => {
    const feedback = await list(client.listFeedback({ runIds: [root.id] }));
    expect(feedback).toHaveLength(2);
    const [first] = feedback.filter(({ score }) => score === 0.75);
    expect(first).toMatchObject({ key: 'helpful', comment: 'right', value: 'yes', run_id: root.id, feedback_source: { type: 'api' } });
    expect(await client.readFeedback(first?.id ?? '')).toMatchObject({ id: first?.id, score: 0.75 });
    expect(await list(client.listFeedback({ runIds: [root.id], feedbackKeys: ['other'] }))).toEqual([]);
  });

  it('reads runs, traces and threads of the second version', async () => {
    const { id: projectId } = await client.readProject({ projectName: 'shop' });
    const runs = await list(
      client.runs.query({
        project_ids: [projectId],
        run_type: 'LLM',
        selects: ['ID', 'NAME', 'RUN_TYPE', 'STATUS', 'TOTAL_COST', 'INPUTS', 'ATTACHMENTS', 'PROMPT_TOKEN_DETAILS', 'METADATA'],
      }),
    );
    expect(runs).toMatchObject([
      {
        id: call.id,
        name: 'gpt',
        run_type: 'LLM',
        status: 'SUCCESS',
        total_cost: 0.00018,
        inputs: INPUTS,
        prompt_token_details: { raw: { cache_read: 400 } },
        metadata: { ls_provider: 'openai' },
      },
    ]);
    const url = runs[0]?.attachments?.['picture'] ?? '';
    const picture = await fetch(url);
    expect([picture.status, picture.headers.get('content-type'), [...new Uint8Array(await picture.arrayBuffer())]]).toEqual([
      200,
      'image/png',
      [1, 2, 3, 254],
    ]);
    expect((await fetch(url.replace(/.{9}$/, (end) => end.split('').toReversed().join('')))).status).toBe(404);
    const roots = { project_ids: [projectId], is_root: true, selects: ['TOTAL_TOKENS', 'TOTAL_COST'] as ('TOTAL_TOKENS' | 'TOTAL_COST')[] };
    expect(await list(client.runs.query(roots))).toEqual([{ id: root.id, total_tokens: null, total_cost: null }]);
    expect(await list(client.runs.query({ ...roots, include_subtree_usage: true }))).toEqual([
      { id: root.id, total_tokens: 1_100, total_cost: 0.00018 },
    ]);
    expect(await list(client.runs.query({ project_ids: [projectId], page_size: 1 }))).toHaveLength(3);
    expect(await client.runs.retrieve(call.id, { project_id: projectId })).toEqual({ id: call.id });
    expect((await client.traces.listRuns(root.id, { project_id: projectId, selects: ['NAME', 'PARENT_RUN_IDS'] })).items).toEqual([
      { id: root.id, name: 'answer', parent_run_ids: [] },
      { id: call.id, name: 'gpt', parent_run_ids: [root.id] },
      { id: expect.any(String), name: 'calculator', parent_run_ids: [root.id] },
    ]);
    expect(await list(client.traces.query({ project_id: projectId, selects: ['NAME'] }))).toMatchObject([
      { root_run: { id: root.id, name: 'answer' }, trace_aggregates: { total_tokens: 1_100, total_cost: 0.00018 } },
    ]);
    expect(await list(client.threads.query({ project_id: projectId }))).toMatchObject([
      {
        thread_id: 'talk-1',
        count: 1,
        first_trace_id: root.id,
        total_tokens: 1_100,
        first_inputs: 'How much is 7 × 6? 🦆',
        last_outputs: '42',
        num_errored_turns: 0,
      },
    ]);
    expect(await list(client.threads.listTraces('talk-1', { project_id: projectId, selects: ['NAME', 'LATENCY'] }))).toMatchObject([
      { trace_id: root.id, name: 'answer', latency: expect.any(Number) },
    ]);
    expect(await client.threads.stats('talk-1', { session_id: projectId, selects: ['TURNS'] })).toMatchObject({
      turns: 1,
      total_tokens: 1_100,
    });
    expect((await client.runs.getURL(call.id, { project_id: projectId, trace_id: root.id })).url).toBe(
      `${base}/traces/trace/${root.id}?run=${call.id}`,
    );
    expect((await client.readRun(root.id)).app_path).toBe(`/traces/trace/${root.id}`);
    await expect(list(client.runs.query({ project_ids: [projectId], selects: ['NONSENSE' as 'ID'] }))).rejects.toThrow(/no field NONSENSE/);
  });

  it('says on the page of a share that a trace has more runs than it shows', async () => {
    const idOf = (index: number): string => `0197a000-0000-4000-8000-${index.toString().padStart(12, '0')}`;
    const began = new Date().toISOString();
    const order = `${began.replaceAll(/[-:.]|Z$/g, '')}000Z`;
    const runCreates = Array.from({ length: 502 }, (_, index) => ({
      id: idOf(index),
      trace_id: idOf(0),
      dotted_order: [0, index]
        .slice(index === 0 ? 1 : 0)
        .map((each) => `${order}${idOf(each)}`)
        .join('.'),
      ...(index === 0 ? {} : { parent_run_id: idOf(0) }),
      name: `step ${index}`,
      run_type: 'chain',
      session_name: 'long',
      start_time: began,
      inputs: {},
    }));
    await client.batchIngestRuns({ runCreates });
    const { pathname } = new URL(await client.shareRun(idOf(0)));
    const html = await (await fetch(`${base}${pathname}`)).text();
    expect(html.match(/<details/g)).toHaveLength(500);
    expect(html).toContain('The trace has more runs');
    expect(html).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
  });

  it('shares a trace by a token that shows it and nothing else', async () => {
    expect(await client.readRunSharedLink(call.id)).toBeUndefined();
    const url = await client.shareRun(call.id);
    const token = /public\/([0-9a-f-]{36})\/r$/.exec(url)?.[1] ?? '';
    expect(await client.readRunSharedLink(root.id)).toBe(url);
    const open = async (path: string) => {
      const answer = await fetch(`${base}/langsmith/public/${path}`);
      return [answer.status, await answer.json()] as const;
    };
    expect(await open(`${token}/run`)).toMatchObject([200, { id: root.id, outputs: { answer: '42' } }]);
    expect((await client.listSharedRuns(token, { runIds: [call.id] })).map(({ name }) => name)).toEqual(['gpt']);
    expect(await client.public.runs.query(token, { selects: ['NAME'] })).toMatchObject({
      items: [{ name: 'answer' }, { name: 'gpt' }, { name: 'calculator' }],
    });
    // As Python's SDK asks.
    const listed = await fetch(`${base}/langsmith/public/${token}/runs/query`, { method: 'POST', body: JSON.stringify({ id: [call.id] }) });
    expect([listed.status, await listed.json()]).toMatchObject([200, { runs: [{ name: 'gpt' }], cursors: { next: null } }]);
    expect((await open(`${token.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))}/run`))[0]).toBe(404);
    expect((await open('nonsense/run'))[0]).toBe(422);
    const page = await fetch(`${base}/public/${token}/r`);
    const html = await page.text();
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(html).toContain('<pre dir="auto">How much is 7 × 6? 🦆');
    expect(html).toContain('no such key &quot;ż&quot;');
    expect(html).not.toContain('<script');
    expect(html).not.toContain('more runs');
    expect((await fetch(`${base}/public/nonsense/r`)).status).toBe(404);
    await server.database.database.query(sql`update muster.trace_shares set expires_at = clock_timestamp() - interval '1 second'`);
    expect((await open(`${token}/run`))[0]).toBe(404);
    const again = await client.shareRun(root.id);
    expect(again).not.toBe(url);
    await client.unshareRun(root.id);
    expect(await client.readRunSharedLink(root.id)).toBeUndefined();
  });
});

describe('plain SQL', () => {
  it('sees runs in words', async () => {
    const { rows } = await server.database.database.query(sql`
      select name, run_type, status, error, model, total_tokens, latency_seconds >= 0 as measured, metadata ->> 'tier' as tier
      from muster.llm_runs where project = 'shop' and day >= current_date - 1 order by start_time`);
    expect(rows).toMatchObject([
      { name: 'answer', run_type: 'chain', status: 'success', tier: 'gold', measured: true },
      { name: 'gpt', run_type: 'llm', model: 'gpt-4o-mini', total_tokens: 1_100 },
      { name: 'calculator', run_type: 'tool', status: 'error', error: 'Error: no such key "ż"' },
    ]);
  });
});

describe.each([
  ['0.6', OlderClient],
  ['0.3', OldestClient],
])('the SDK of the line %s', (_, Older) => {
  it('reads what the current one wrote', async () => {
    const old = new Older({ apiUrl: `${base}/langsmith/api/v1`, apiKey: BOOTSTRAP });
    expect(await old.readRun(root.id)).toMatchObject({ id: root.id, inputs: INPUTS, outputs: { answer: '42' } });
    const roots: string[] = [];
    for await (const { id } of old.listRuns({ projectName: 'shop', isRoot: true })) roots.push(id);
    expect(roots).toEqual([root.id]);
    expect(await old.hasProject({ projectName: 'shop' })).toBe(true);
  });
});
