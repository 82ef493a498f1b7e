import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bearer, BOOTSTRAP, testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { tracesModule } from '../index.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  expect(
    (await server.ask('POST', '/traces/datasets', { body: { name: 'set', description: 'For a test', metadata: { a: 1 } } })).statusCode,
  ).toBe(201);
});
afterAll(() => server[Symbol.asyncDispose]());

const examples = async (query = '') =>
  (await server.ask('GET', `/traces/datasets/set/examples${query}`)).json<{
    items: { example_id: string; inputs: unknown; outputs: unknown; splits: string[]; source_run_id: string }[];
  }>().items;
const put = (path: string, payload: string, type: string) =>
  server.app.inject({
    method: 'POST',
    url: `/api/v1/traces/datasets/set${path}`,
    payload,
    headers: { ...bearer(BOOTSTRAP), 'content-type': type },
  });

it('examples are made of runs, by filter or id, each once', async () => {
  const at = new Date().toISOString();
  const runs = [1, 2, 3].map((n) => ({
    id: randomUUID(),
    name: `call ${n}`,
    run_type: 'llm',
    session_name: 'shop',
    start_time: at,
    end_time: at,
    inputs: { n },
    outputs: { out: n },
    tags: n === 2 ? [] : ['odd'],
  }));
  const sent = await server.app.inject({
    method: 'POST',
    url: '/langsmith/runs/batch',
    payload: { post: runs },
    headers: bearer(BOOTSTRAP),
  });
  expect(sent.statusCode).toBe(202);
  const from = (body: object) => server.ask('POST', '/traces/datasets/set/from-runs', { body });
  expect((await from({ project: 'shop', filter: 'has(tags, "odd")', split: 'odd' })).json()).toMatchObject({ examples: 2 });
  expect((await from({ run_ids: [runs[0]?.id], split: 'odd' })).json()).toMatchObject({ examples: 1 });
  const made = (await examples()).map(({ inputs, outputs, splits }) => JSON.stringify([inputs, outputs, splits]));
  expect(made.toSorted()).toEqual(['[{"n":1},{"out":1},["odd"]]', '[{"n":3},{"out":3},["odd"]]']);
  expect((await from({ run_ids: [runs[1]?.id], with_outputs: false })).json()).toMatchObject({ examples: 1 });
  expect((await examples('?split=base')).map(({ inputs, outputs, source_run_id: run }) => [inputs, outputs, run])).toEqual([
    [{ n: 2 }, null, runs[1]?.id],
  ]);
  expect((await from({ project: 'nobody' })).statusCode).toBe(404);
  expect((await from({})).statusCode).toBe(422);
  expect((await from({ project: 'shop', filter: 'has(' })).statusCode).toBe(422);
});

it('what is exported can be imported, and is the same', async () => {
  const before = await examples();
  for (const format of ['jsonl', 'csv'] as const) {
    const file = await server.ask('GET', `/traces/datasets/set/export?format=${format}`);
    expect([file.statusCode, file.headers['content-disposition']]).toEqual([200, `attachment; filename="examples.${format}"`]);
    for (const { example_id: id } of await examples())
      expect((await server.ask('DELETE', `/traces/datasets/set/examples/${id}`)).statusCode).toBe(204);
    expect(await examples()).toEqual([]);
    expect((await put(`/import?format=${format}`, file.body, 'text/plain')).json()).toMatchObject({ examples: before.length });
    const shown = (list: Awaited<ReturnType<typeof examples>>) =>
      list.map(({ example_id: id, inputs, outputs, splits }) => ({ id, inputs, outputs, splits }));
    expect(shown(await examples())).toEqual(shown(before));
  }
  expect((await put('/import?format=csv&inputs=q&outputs=a', 'q,a\nWhy?,So', 'text/csv')).json()).toMatchObject({ examples: 1 });
  expect((await put('/import', '{"inputs":', 'application/x-ndjson')).json()).toMatchObject({
    code: 'INVALID_INPUT',
    detail: expect.stringContaining('line 1'),
  });
});

it('datasets are listed, shown by name, and deleted', async () => {
  expect((await server.ask('GET', '/traces/datasets?name_contains=SE')).json()).toMatchObject({
    items: [{ name: 'set', metadata: { a: 1 }, experiments: 0 }],
  });
  expect((await server.ask('GET', '/traces/datasets/none')).statusCode).toBe(404);
  expect((await server.ask('DELETE', '/traces/datasets/set')).statusCode).toBe(204);
  expect((await server.ask('GET', '/traces/datasets/set')).statusCode).toBe(404);
});
