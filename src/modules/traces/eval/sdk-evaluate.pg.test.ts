import { randomUUID } from 'node:crypto';
import { Client } from 'langsmith';
import { evaluate } from 'langsmith/evaluation';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BOOTSTRAP, testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { tracesModule } from '../index.ts';

let server: TestServer;
let client: Client;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  client = new Client({ apiUrl: `${await server.listen()}/langsmith`, apiKey: BOOTSTRAP });
});
afterAll(() => server[Symbol.asyncDispose]());

const right = ({ outputs, referenceOutputs }: { outputs: Record<string, unknown>; referenceOutputs?: Record<string, unknown> }) => ({
  key: 'right',
  score: outputs['answer'] === referenceOutputs?.['answer'],
});

it('LangSmith’s evaluate() runs a dataset, and its experiments are listed and compared', async () => {
  const dataset = `set-${randomUUID()}`;
  const { id: datasetId } = await client.createDataset(dataset);
  const cities = ['Oslo', 'Rome', 'Lima', 'Bern'];
  await client.createExamples({ datasetId, inputs: cities.map((q) => ({ q })), outputs: cities.map((q) => ({ answer: q })) });
  const experiment = async (prefix: string, answer: (q: string) => string): Promise<string> => {
    const results = await evaluate(async ({ q }: { q: string }) => ({ answer: answer(q) }), {
      client,
      data: dataset,
      experimentPrefix: prefix,
      maxConcurrency: 2,
      evaluators: [right],
    });
    await client.awaitPendingTraceBatches();
    expect(results.results).toHaveLength(4);
    return results.experimentName;
  };
  const before = await experiment('before', (q) => q);
  const after = await experiment('after', (q) => (q.length === 4 ? q : 'I do not know').replace('Rome', 'Roma'));

  const { items } = (await server.ask('GET', `/traces/datasets/${dataset}/experiments`)).json<{ items: object[] }>();
  expect(items).toMatchObject([
    { name: after, examples: 4, errors: 0, scores: [{ key: 'right', n: 4, mean: 0.75 }] },
    { name: before, examples: 4, errors: 0, scores: [{ key: 'right', n: 4, mean: 1 }] },
  ]);
  const compared = (await server.ask('GET', `/traces/experiments/compare?baseline=${before}&candidate=${after}`)).json();
  expect(compared).toMatchObject({
    dataset_id: datasetId,
    keys: [{ key: 'right', n: 4, difference: -0.25, losses: 1, ties: 3 }],
    regressions: [{ key: 'right', from: 1, to: 0 }],
  });
  expect((await server.ask('GET', `/traces/experiments/compare?baseline=${before}&candidate=nobody`)).statusCode).toBe(404);
}, 60_000);
