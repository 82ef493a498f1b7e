import * as current from 'langsmith';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tracesModule } from '../../src/modules/traces/index.ts';
import { BOOTSTRAP, testServer, type TestServer } from '../server/support/test-server.ts';

let server: TestServer;
let client: current.Client;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  client = new current.Client({ apiUrl: `${await server.listen()}/langsmith`, apiKey: BOOTSTRAP });
});
afterAll(() => server[Symbol.asyncDispose]());

it('what LangSmith has and Muster does not is said with what to do instead, and asked once', async () => {
  const { id } = await client.createDataset('not shared');
  const similar = await server.app.inject({ method: 'POST', url: `/langsmith/datasets/${id}/search`, headers: { 'x-api-key': BOOTSTRAP } });
  expect([similar.statusCode, similar.json()]).toMatchObject([501, { remedy: expect.stringContaining('listExamples') }]);
  await expect(client.readDatasetOpenaiFinetuning({ datasetId: id })).rejects.toThrow(/501.*export/s);
  await expect(client.evaluators.list()).rejects.toThrow(/501.*api\/v1\/traces\/evaluators/s);
  const answer = await server.app.inject({ method: 'POST', url: '/langsmith/api/v1/nothing/of/this', headers: { 'x-api-key': BOOTSTRAP } });
  expect([answer.statusCode, answer.json(), answer.headers['x-should-retry']]).toMatchObject([501, { code: 'NOT_OFFERED' }, 'false']);
  expect((await server.app.inject({ method: 'GET', url: '/langsmith/nothing' })).statusCode).toBe(401);
});
