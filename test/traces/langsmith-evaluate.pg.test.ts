import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as current from 'langsmith';
import * as currently from 'langsmith/evaluation';
import * as older from 'langsmith-0.6';
import * as formerly from 'langsmith-0.6/evaluation';
import { tracesModule } from '../../src/modules/traces/index.ts';
import { BOOTSTRAP, testServer, type TestServer } from '../server/support/test-server.ts';
import { until } from '../support/until.ts';

let server: TestServer;
let apiUrl: string;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  apiUrl = `${await server.listen()}/langsmith`;
});
afterAll(() => server[Symbol.asyncDispose]());

type Evaluation = Pick<typeof currently, 'evaluate' | 'evaluateComparative'>;
type Package = Pick<typeof current, 'Client'> & Evaluation;
interface Said {
  readonly outputs?: Record<string, unknown>;
  readonly referenceOutputs?: Record<string, unknown>;
}

const right = ({ outputs, referenceOutputs }: Said) => ({
  key: 'right',
  score: outputs?.['answer'] === referenceOutputs?.['answer'],
  comment: `said ${String(outputs?.['answer'])}`,
});
const share = ({ outputs, referenceOutputs }: { outputs?: Record<string, unknown>[]; referenceOutputs?: Record<string, unknown>[] }) => ({
  key: 'share_right',
  score: (outputs ?? []).filter((one, i) => one['answer'] === referenceOutputs?.[i]?.['answer']).length / (outputs ?? []).length,
});

describe.each([
  ['current', { Client: current.Client, ...currently }],
  ['0.6', { Client: older.Client, ...formerly } as unknown as Package],
])('the evaluation of LangSmith’s SDK, %s', (version, { Client, evaluate, evaluateComparative }) => {
  it('runs a dataset with evaluators and a summary, reads it back, and compares two experiments pairwise', async () => {
    const client = new Client({ apiUrl, apiKey: BOOTSTRAP, autoBatchTracing: true });
    const dataset = `set-${randomUUID()}`;
    const { id: datasetId } = await client.createDataset(dataset);
    const cities = ['Oslo', 'Rome', 'Lima', 'Bern'];
    await client.createExamples({ datasetId, inputs: cities.map((q) => ({ q })), outputs: cities.map((q) => ({ answer: q })) });
    const experiment = async (experimentPrefix: string, answer: (q: string) => string, numRepetitions = 1): Promise<string> => {
      const { experimentName, results, summaryResults } = await evaluate(async ({ q }: { q: string }) => ({ answer: answer(q) }), {
        client,
        data: dataset,
        experimentPrefix: `${experimentPrefix}-${version}`,
        metadata: { kind: experimentPrefix },
        maxConcurrency: 2,
        numRepetitions,
        evaluators: [right],
        summaryEvaluators: [share],
      } as Parameters<typeof evaluate>[1]);
      await client.awaitPendingTraceBatches();
      expect(results).toHaveLength(4 * numRepetitions);
      expect(summaryResults.results).toMatchObject([{ key: 'share_right' }]);
      return experimentName;
    };
    const before = await experiment('before', (q) => q, 2);
    const after = await experiment('after', (q) => q.replace('Rome', 'Roma'));

    // Version 0.6 sends scores before their runs, which they find a moment later.
    let project = await client.readProject({ projectName: after, includeStats: true });
    await until('all scores have found their runs', async () => {
      project = await client.readProject({ projectName: after, includeStats: true });
      return (project.feedback_stats?.['right'] as { n?: number } | undefined)?.n === 4;
    });
    expect(project).toMatchObject({ reference_dataset_id: datasetId, run_count: 4, extra: { metadata: { kind: 'after' } } });
    expect(project.feedback_stats?.['right']).toMatchObject({ n: 4, avg: 0.75 });
    const summed = project as unknown as { session_feedback_stats: Record<string, unknown> };
    expect(summed.session_feedback_stats['share_right']).toMatchObject({ n: 1, avg: 0.75 });
    const runs: { id: string; reference_example_id?: string | null; outputs?: Record<string, unknown> }[] = [];
    for await (const run of client.listRuns({ projectName: after, isRoot: true })) runs.push(run);
    expect(new Set(runs.map((run) => run.reference_example_id)).size).toBe(4);
    const said: string[] = [];
    for await (const feedback of client.listFeedback({ runIds: runs.map(({ id }) => id), feedbackKeys: ['right'] }))
      said.push(`${String(feedback.score)} ${feedback.comment}`);
    expect(said.toSorted()).toEqual(['0 said Roma', '1 said Bern', '1 said Lima', '1 said Oslo']);

    const pairwise = await evaluateComparative([before, after], {
      client,
      experimentPrefix: `pairs-${version}`,
      description: 'which is right',
      randomizeOrder: true,
      evaluators: [
        (pair, example) => ({
          key: 'preferred',
          scores: Object.fromEntries(pair.map((run) => [run.id, Number(run.outputs?.['answer'] === example.outputs?.['answer'])])),
        }),
      ],
    });
    expect(pairwise.results).toHaveLength(4);
    const preferred: unknown[] = [];
    for await (const feedback of client.listFeedback({ runIds: runs.map(({ id }) => id), feedbackKeys: ['preferred'] }))
      preferred.push(feedback);
    expect(preferred).toHaveLength(4);
    const [one] = preferred as { comparative_experiment_id: string; feedback_source: object }[];
    const listed = await server.app.inject({
      url: `/langsmith/datasets/${datasetId}/comparative?id=${one?.comparative_experiment_id}`,
      headers: { 'x-api-key': BOOTSTRAP },
    });
    expect(listed.json()).toMatchObject([
      {
        id: one?.comparative_experiment_id,
        name: pairwise.experimentName,
        description: 'which is right',
        reference_dataset_id: datasetId,
        experiments_info: [{ name: before }, { name: after }],
        feedback_stats: { preferred: { n: 12 } },
      },
    ]);

    // The same experiments, as Muster lists and compares them: an example that was run twice counts once.
    await until('what the SDK sent last is there', async () => {
      const { items } = (await server.ask('GET', `/traces/datasets/${dataset}/experiments`)).json<{ items: { scores: object[] }[] }>();
      return items.length === 2 && items.every(({ scores }) => scores.length >= 2);
    });
    const compared = (await server.ask('GET', `/traces/experiments/compare?baseline=${before}&candidate=${after}`)).json();
    expect(compared).toMatchObject({
      dataset_id: datasetId,
      keys: expect.arrayContaining([
        expect.objectContaining({ key: 'right', n: 4, difference: -0.25, losses: 1, ties: 3, verdict: 'unclear' }),
      ]),
      latency: { n: 4 },
      cost: null,
      regressions: expect.arrayContaining([expect.objectContaining({ key: 'right', from: 1, to: 0 })]),
    });
    expect((await server.ask('GET', `/traces/experiments/compare?baseline=${before}&candidate=nobody`)).statusCode).toBe(404);
  });
});
