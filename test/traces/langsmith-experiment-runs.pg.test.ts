import { randomUUID } from 'node:crypto';
import { Client } from 'langsmith';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tracesModule } from '../../src/modules/traces/index.ts';
import { bearer, BOOTSTRAP, testServer, type TestServer } from '../server/support/test-server.ts';

let server: TestServer;
let client: Client;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  client = new Client({ apiUrl: `${await server.listen()}/langsmith`, apiKey: BOOTSTRAP, autoBatchTracing: false });
});
afterAll(() => server[Symbol.asyncDispose]());

interface Item {
  readonly id: string;
  readonly inputs: object;
  readonly outputs: object;
  readonly runs: readonly { readonly id: string; readonly status: string; readonly outputs?: object; readonly session_id?: string }[];
}

async function post(url: string, payload: object, key = BOOTSTRAP) {
  const answer = await server.app.inject({ method: 'POST', url: `/langsmith${url}`, headers: bearer(key), payload });
  return { status: answer.statusCode, body: answer.json<unknown>() };
}

/** A dataset of three examples; `calm` was run on all of them, `hasty` on the first two. */
async function compared() {
  const { id: datasetId } = await client.createDataset(`set-${randomUUID()}`);
  const examples = await client.createExamples({
    datasetId,
    inputs: [1, 2, 3].map((q) => ({ q })),
    outputs: [1, 2, 3].map((a) => ({ a })),
  });
  const experiment = async (name: string, examplesOf: readonly number[]): Promise<string> => {
    const projectName = `${name}-${randomUUID()}`;
    const { id } = await client.createProject({ projectName, referenceDatasetId: datasetId });
    for (const n of examplesOf) {
      const runId = randomUUID();
      const stamp = new Date().toISOString().replaceAll(/[-:.]/g, '').slice(0, -1);
      const run = {
        id: runId,
        trace_id: runId,
        dotted_order: `${stamp}001Z${runId}`,
        name,
        run_type: 'chain',
        start_time: new Date().toISOString(),
        end_time: new Date().toISOString(),
        inputs: { q: n },
        outputs: { a: n },
        session_name: projectName,
        reference_example_id: examples[n - 1]?.id,
      };
      const answer = await post('/runs/batch', { post: [run] });
      expect(answer.status).toBe(202);
    }
    return id;
  };
  const calm = await experiment('calm', [1, 2, 3]);
  const hasty = await experiment('hasty', [1, 2]);
  return { datasetId, calm, hasty, ids: examples.map(({ id }) => id) };
}

it('what experiments made of a dataset is read example by example, in both versions, page by page', async () => {
  const { datasetId, calm, hasty, ids } = await compared();
  const v1 = await post(`/datasets/${datasetId}/runs`, {
    session_ids: [calm, hasty],
    offset: 0,
    limit: 100,
    preview: false,
    filters: null,
  });
  const items = v1.body as Item[];
  expect([v1.status, items.map(({ id, inputs, outputs }) => [id, inputs, outputs])]).toEqual([
    200,
    ids.map((id, n) => [id, { q: n + 1 }, { a: n + 1 }]),
  ]);
  expect(items.map(({ runs }) => runs.map((run) => [run.session_id, run.status, run.outputs]))).toEqual([
    [
      [calm, 'success', { a: 1 }],
      [hasty, 'success', { a: 1 }],
    ],
    [
      [calm, 'success', { a: 2 }],
      [hasty, 'success', { a: 2 }],
    ],
    [[calm, 'success', { a: 3 }]],
  ]);
  const second = await post(`/datasets/${datasetId}/runs`, { session_ids: [hasty], offset: 1, limit: 1 });
  expect((second.body as Item[]).map(({ id }) => id)).toEqual([ids[1]]);

  const first = await post(`/api/v2/datasets/${datasetId}/experiment-runs`, {
    experiment_ids: [calm],
    page_size: 2,
    selects: ['ID', 'OUTPUTS'],
  });
  const page = first.body as { items: Item[]; next_cursor: string | null };
  expect(page.items.map(({ id, runs }) => [id, runs])).toEqual(
    [0, 1].map((n) => [ids[n], [{ id: expect.any(String), outputs: { a: n + 1 } }]]),
  );
  const rest = await post(`/api/v2/datasets/${datasetId}/experiment-runs`, {
    experiment_ids: [calm],
    page_size: 2,
    cursor: page.next_cursor,
  });
  expect(rest.body).toMatchObject({ items: [{ id: ids[2], runs: [{ id: expect.any(String) }] }], next_cursor: null });
});

it('a filter of an experiment leaves the runs that fit, and the examples that have any', async () => {
  const { datasetId, calm, ids } = await compared();
  const { body } = await post(`/datasets/${datasetId}/runs`, {
    session_ids: [calm],
    filters: { [calm]: [`eq(reference_example_id, "${ids[1]}")`, 'eq(status, "success")'] },
  });
  expect((body as Item[]).map(({ id, runs }) => [id, runs.length])).toEqual([[ids[1], 1]]);
});

it('what is no experiment on the dataset, or not to be seen, is not found', async () => {
  const { datasetId, calm } = await compared();
  const other = await compared();
  expect((await post(`/datasets/${datasetId}/runs`, { session_ids: [other.calm] })).status).toBe(404);
  expect((await post(`/datasets/${randomUUID()}/runs`, { session_ids: [calm] })).status).toBe(404);
  expect((await post(`/datasets/${datasetId}/runs`, { session_ids: [] })).status).toBe(422);
  expect((await post(`/v2/datasets/${datasetId}/experiment-runs`, { experiment_ids: [calm], cursor: 'x' })).status).toBe(422);
  const { key } = (await server.ask('POST', '/keys', { body: { name: randomUUID(), role: 'operator', projects: ['none'] } })).json();
  expect((await post(`/datasets/${datasetId}/runs`, { session_ids: [calm] }, key)).status).toBe(404);
});
