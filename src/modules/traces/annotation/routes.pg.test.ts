import { Client, RunTree } from 'langsmith';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BOOTSTRAP, bearer, testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { tracesModule } from '../index.ts';

interface Item {
  readonly item_id: string;
  readonly run_id: string;
  readonly name: string;
  readonly completed_by: string | null;
}

let server: TestServer;
let client: Client;
let queue: string;
const runs: Record<string, string> = {};
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  client = new Client({ apiUrl: `${await server.listen()}/langsmith`, apiKey: BOOTSTRAP, callerOptions: { maxRetries: 0 } });
  for (const [name, project] of [
    ['one', 'mine'],
    ['two', 'mine'],
    ['theirs', 'theirs'],
  ] as const) {
    const run = new RunTree({ name, run_type: 'llm', inputs: { name }, project_name: project, client });
    await run.postRun();
    await run.end({});
    await run.patchRun();
    runs[name] = run.id;
  }
  await client.awaitPendingTraceBatches();
});
afterAll(() => server[Symbol.asyncDispose]());

const listed = async (query = '', headers = bearer(BOOTSTRAP)): Promise<readonly Item[]> =>
  (await server.ask('GET', `/traces/queues/${queue}/runs${query}`, { headers })).json<{ items: Item[] }>().items;
const names = async (query = '', headers = bearer(BOOTSTRAP)): Promise<readonly string[]> =>
  (await listed(query, headers)).map(({ name }) => name);
const mark = async (item: string | undefined, state: string) =>
  (await server.ask('PATCH', `/traces/queues/${queue}/runs/${item}`, { body: { state } })).statusCode;

it('makes a queue that the SDK sees, and changes it without losing what the SDK said of it', async () => {
  const made = await server.ask('POST', '/traces/queues', { body: { name: 'doubtful', rubric: [{ key: 'tone' }] } });
  expect(made.json()).toMatchObject({ runs: 0, waiting: 0, rubric: [{ key: 'tone', is_required: false, meaning: null }] });
  queue = made.json<{ queue_id: string }>().queue_id;
  expect(await client.readAnnotationQueue(queue)).toMatchObject({ name: 'doubtful', rubric_items: [{ feedback_key: 'tone' }] });
  await client.updateAnnotationQueue(queue, {
    rubricItems: [{ feedback_key: 'tone', value_descriptions: { '0': 'rude' }, is_required: true }],
  });
  await client.createFeedbackConfig({ feedbackKey: 'tone', feedbackConfig: { type: 'continuous', min: 0, max: 1 } });
  const change = { instructions: 'Be strict', rubric: [{ key: 'tone', description: 'How it sounds' }] };
  expect((await server.ask('PATCH', `/traces/queues/${queue}`, { body: change })).json()).toMatchObject({
    name: 'doubtful',
    instructions: 'Be strict',
    rubric: [{ key: 'tone', description: 'How it sounds', is_required: true, meaning: { type: 'continuous', min: 0, max: 1 } }],
  });
  expect((await client.readAnnotationQueue(queue)).rubric_items).toMatchObject([{ value_descriptions: { '0': 'rude' } }]);
  expect((await server.ask('POST', '/traces/queues', { body: { name: 'doubtful' } })).statusCode).toBe(409);
  const twice = { name: 'x', rubric: [{ key: 'a' }, { key: 'a' }] };
  expect((await server.ask('POST', '/traces/queues', { body: twice })).statusCode).toBe(422);
});

it('is worked through: done, skipped, looked at again', async () => {
  for (const name of ['one', 'two', 'theirs', 'one'])
    expect((await server.ask('POST', `/traces/queues/${queue}/runs`, { body: { run_ids: [runs[name]] } })).json()).toEqual({ runs: 1 });
  expect(await names()).toEqual(['one', 'two', 'theirs']);
  const [one, two] = await listed();
  expect(await mark(one?.item_id, 'skipped')).toBe(204);
  expect(await names('?state=open')).toEqual(['two', 'theirs', 'one']);
  expect(await mark(two?.item_id, 'completed')).toBe(204);
  expect(await names('?state=open')).toEqual(['theirs', 'one']);
  expect(await listed('?state=completed')).toMatchObject([
    { name: 'two', completed_by: expect.any(String), completed_at: expect.any(String) },
  ]);
  expect((await server.ask('GET', '/traces/queues')).json()).toMatchObject({ items: [{ runs: 3, waiting: 2 }] });
  expect(await mark(two?.item_id, 'open')).toBe(204);
  expect(await names('?state=open')).toEqual(['two', 'theirs', 'one']);
  expect(await client.getSizeFromAnnotationQueue(queue)).toEqual({ size: 3 });
  expect(await mark(queue, 'completed')).toBe(404);
  const other = (await server.ask('POST', '/traces/queues', { body: { name: 'other' } })).json<{ queue_id: string }>().queue_id;
  const elsewhere = await server.ask('PATCH', `/traces/queues/${other}/runs/${two?.item_id}`, { body: { state: 'completed' } });
  expect(elsewhere.statusCode).toBe(404);
});

it('shows a key that is confined to projects the runs of those, and lets it review them alone', async () => {
  const { key } = (await server.ask('POST', '/keys', { body: { name: 'of mine', role: 'operator', projects: ['mine'] } })).json<{
    key: string;
  }>();
  const headers = bearer(key);
  expect(await names('', headers)).toEqual(['two', 'one']);
  expect((await server.ask('GET', `/traces/queues/${queue}`, { headers })).json()).toMatchObject({ runs: 2, waiting: 2 });
  const theirs = (await listed()).find(({ name }) => name === 'theirs')?.item_id;
  const refused = await server.ask('PATCH', `/traces/queues/${queue}/runs/${theirs}`, { headers, body: { state: 'completed' } });
  expect(refused.statusCode).toBe(404);
  expect((await server.ask('DELETE', `/traces/queues/${queue}/runs/${theirs}`, { headers })).statusCode).toBe(404);
  expect((await server.ask('POST', `/traces/queues/${queue}/runs`, { headers, body: { run_ids: [runs['theirs']] } })).statusCode).toBe(404);
  for (const [method, body] of [
    ['PATCH', { name: 'new' }],
    ['DELETE', undefined],
  ] as const)
    expect((await server.ask(method, `/traces/queues/${queue}`, { headers, ...(body === undefined ? {} : { body }) })).statusCode).toBe(
      403,
    );
});

it('gives up a run, and then itself', async () => {
  const [first] = await listed();
  expect((await server.ask('DELETE', `/traces/queues/${queue}/runs/${first?.item_id}`)).statusCode).toBe(204);
  expect((await listed()).length).toBe(2);
  expect((await server.ask('DELETE', `/traces/queues/${queue}`)).statusCode).toBe(204);
  expect((await server.ask('GET', `/traces/queues/${queue}/runs`)).statusCode).toBe(404);
});
