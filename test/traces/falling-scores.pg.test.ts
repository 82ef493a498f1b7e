import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEFAULT_RULES } from '../../src/modules/alerting/rules/default-rules.ts';
import { createRuleEvaluator } from '../../src/modules/alerting/rules/evaluator.ts';
import { createRuleStore } from '../../src/modules/alerting/rules/rule-store.ts';
import { ruleDocument } from '../../src/modules/alerting/rules/document.ts';
import { tracesModule } from '../../src/modules/traces/index.ts';
import { scoreSamples } from '../../src/modules/traces/quality/report.ts';
import { bearer, BOOTSTRAP, testServer, type TestServer } from '../server/support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
});
afterAll(async () => {
  await server.state.metrics.stop();
  await server[Symbol.asyncDispose]();
});

/** What users said of so many answers of the shop. */
async function say(scores: readonly number[]): Promise<void> {
  const at = new Date().toISOString();
  const send = async (path: string, payload: object): Promise<void> => {
    const sent = await server.app.inject({ method: 'POST', url: `/langsmith/${path}`, headers: bearer(BOOTSTRAP), payload });
    expect(sent.statusCode).toBeLessThan(300);
  };
  const runs = scores.map((score) => ({ score, id: randomUUID() }));
  const fields = { name: 'call', run_type: 'llm', session_name: 'shop', start_time: at, end_time: at, inputs: {}, outputs: {} };
  await send('runs/batch', { post: runs.map(({ id }) => ({ ...fields, id })) });
  for (const { id, score } of runs) await send('feedback', { run_id: id, key: 'polite', score, feedback_source: { type: 'app' } });
}

it('a score that falls fires the rule that ships, and a rule of one’s own about its mean, with project, key and source', async () => {
  const { database, state } = server;
  const rules = createRuleStore(database.database, server.wake);
  const shipped = DEFAULT_RULES.find(({ name }) => name === 'traces_scores_fail');
  await rules.create(ruleDocument.parse({ ...shipped, for: '0s' }), 'test');
  const own = { metric_name: 'llm_score', match: { key: 'polite', source: 'app' }, operator: '<', threshold: 0.6, for: '0s' };
  await rules.create(ruleDocument.parse({ name: 'politeness_falls', ...own }), 'test');
  const evaluator = createRuleEvaluator(state);
  /** As the bridge reports, and the alerting agent looks. */
  const look = async (): Promise<readonly string[]> => {
    const at = Date.now();
    const samples = await scoreSamples(database.database, at);
    await state.metrics.writeExternal(
      samples.map(({ labels, name, value }) => ({ metricName: name, agentId: 'langsmith_bridge', unit: '1', labels, at, value })),
    );
    await state.metrics.flush();
    const evaluation = await evaluator.evaluate();
    if (evaluation.needsSave) await database.database.transaction((tx) => evaluation.save(tx));
    evaluation.settle();
    return evaluation.changes.map(({ rule, state: to, target }) => `${rule} ${to} ${target}`).toSorted();
  };
  await say([1, 1, 1, 1, 0.9, 1]);
  expect(await look()).toEqual([]);
  await say([0, 0.2, 0, 0.1, 0, 0]);
  const target = 'agent=langsmith_bridge,key=polite,project=shop,source=app';
  expect(await look()).toEqual([`politeness_falls firing ${target}`, `traces_scores_fail firing ${target}`]);
});
