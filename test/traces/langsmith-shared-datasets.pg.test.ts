import { randomUUID } from 'node:crypto';
import * as current from 'langsmith';
import * as oldest from 'langsmith-0.3';
import * as older from 'langsmith-0.6';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tracesModule } from '../../src/modules/traces/index.ts';
import { BOOTSTRAP, testServer, type TestServer } from '../server/support/test-server.ts';

let server: TestServer;
let base: string;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  base = await server.listen();
});
afterAll(() => server[Symbol.asyncDispose]());

const openly = async (path: string) => {
  const answer = await server.app.inject({ method: 'GET', url: path });
  return { status: answer.statusCode, body: answer.body, location: answer.headers['location'] };
};

it.each([
  ['current', current.Client],
  ['0.6', older.Client as unknown as typeof current.Client],
  ['0.3', oldest.Client as unknown as typeof current.Client],
])('a dataset that is shared is read without a key, cloned, and shared no more: %s', async (_version, Client) => {
  const client = new Client({ apiUrl: `${base}/langsmith`, apiKey: BOOTSTRAP });
  const name = `set-${randomUUID()}`;
  const { id: datasetId } = await client.createDataset(name, { description: 'Of questions' });
  await client.createExamples({ datasetId, inputs: [{ q: 1 }, { q: 2 }], outputs: [{ a: 1 }, { a: 2 }] });
  expect((await openly(`/langsmith/public/${randomUUID()}/datasets`)).status).toBe(404);

  const { share_token: token, url } = await client.shareDataset(datasetId);
  expect(await client.shareDataset(datasetId)).toMatchObject({ share_token: token });
  expect(await client.readDatasetSharedSchema(datasetId)).toMatchObject({ share_token: token, dataset_id: datasetId });
  expect(url).toContain(`/public/${token}/d`);

  const stranger = new Client({ apiUrl: `${base}/langsmith`, apiKey: 'none' });
  expect(await stranger.readSharedDataset(token)).toMatchObject({ id: datasetId, name, description: 'Of questions', example_count: 2 });
  expect((await stranger.listSharedExamples(token)).map(({ inputs, outputs }) => [inputs, outputs])).toEqual([
    [{ q: 1 }, { a: 1 }],
    [{ q: 2 }, { a: 2 }],
  ]);
  const found = JSON.parse((await openly(`/langsmith/public/${token}/examples?limit=1&offset=1`)).body) as {
    inputs: object;
    source_run_id: null;
  }[];
  expect(found).toMatchObject([{ inputs: { q: 2 }, source_run_id: null }]);
  expect(await openly(`/public/${token}/d`)).toMatchObject({ status: 302, location: `/langsmith/public/${token}/examples` });
  await expect(stranger.readDataset({ datasetId })).rejects.toThrow(/401|403/);

  await client.clonePublicDataset(`${base}/langsmith/public/${token}/d`, {
    datasetName: `${name}-cloned`,
    sourceApiUrl: `${base}/langsmith`,
  });
  const cloned: object[] = [];
  for await (const { inputs } of client.listExamples({ datasetName: `${name}-cloned` })) cloned.push(inputs);
  expect(cloned).toEqual(expect.arrayContaining([{ q: 1 }, { q: 2 }]));

  await client.unshareDataset(datasetId);
  expect((await openly(`/langsmith/public/${token}/examples`)).status).toBe(404);
  expect((await openly(`/public/${token}/d`)).status).toBe(404);
});

it('a key shares no dataset that it may not see, and a dataset that is gone is shared no more', async () => {
  const client = new current.Client({ apiUrl: `${base}/langsmith`, apiKey: BOOTSTRAP });
  const { id } = await client.createDataset(`set-${randomUUID()}`);
  const viewer = await server.key('viewer');
  const put = (key: string) => server.app.inject({ method: 'PUT', url: `/langsmith/datasets/${id}/share`, headers: { 'x-api-key': key } });
  expect((await put(viewer)).statusCode).toBe(403);
  const { share_token: token } = (await put(BOOTSTRAP)).json<{ share_token: string }>();
  await client.deleteDataset({ datasetId: id });
  expect((await openly(`/langsmith/public/${token}/datasets`)).status).toBe(404);
});
