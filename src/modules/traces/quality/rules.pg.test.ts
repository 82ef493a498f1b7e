import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, BOOTSTRAP, testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { until } from '../../../../test/support/until.ts';
import { sql } from '../../../db/sql.ts';
import { FeedReader } from '../feed/feed-reader.ts';
import { tracesModule } from '../index.ts';
import type { CompletedCall } from './completed-calls.ts';
import { choose } from './rule-keeper.ts';
import { DEFAULT_JUDGING, drawOf, verdictId } from './judging.ts';
import { scoreSamples } from './report.ts';
import { RuleKeeper } from './rule-keeper.ts';
import { RULES_READER } from './judge-by-rules.ts';

let server: TestServer;
let keeper: RuleKeeper;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  const { database } = server.database;
  keeper = new RuleKeeper(database, new FeedReader(database, RULES_READER));
});
afterAll(() => server[Symbol.asyncDispose]());

const answers = (content: string, more: object = {}) => ({
  choices: [{ message: { role: 'assistant', content }, finish_reason: 'stop' }],
  ...more,
});
async function send(project: string, outputs: readonly unknown[], runType = 'llm'): Promise<readonly string[]> {
  const at = new Date().toISOString();
  const runs = outputs.map((said) => ({
    id: randomUUID(),
    name: 'call',
    run_type: runType,
    session_name: project,
    start_time: at,
    end_time: at,
    inputs: { messages: [{ role: 'user', content: 'What do you know about the harbour of the town?' }] },
    outputs: said,
  }));
  const sent = await server.app.inject({
    method: 'POST',
    url: '/langsmith/runs/batch',
    headers: { ...bearer(BOOTSTRAP), 'content-type': 'application/json' },
    payload: {
      post: runs.map((run) => ({ ...run, trace_id: run.id, dotted_order: `${at.replaceAll(/[-:.]/g, '').slice(0, -1)}000Z${run.id}` })),
      patch: [],
    },
  });
  expect(sent.statusCode).toBe(202);
  return runs.map(({ id }) => id);
}
/** Until the feed holds nothing more that it could show. */
async function judgeAll(): Promise<number> {
  let judged = 0;
  const reader = new FeedReader(server.database.database, RULES_READER);
  await until('all runs are judged', async () => {
    judged += (await keeper.step()).judged;
    return (await reader.lag()).entries === 0;
  });
  return judged;
}
const feedback = async (runIds: readonly string[]) =>
  (
    await server.database.database.query<{
      id: string;
      run: string;
      key: string;
      score: number;
      source: string;
      value: string;
      extra: string;
    }>(
      sql`select feedback_id as id, run_id as run, key, score, source, value, extra from muster.trace_feedback where run_id = any(${runIds}::uuid[]) order by key`,
    )
  ).rows;

describe('completed runs of models', () => {
  it('are judged by rules: faults become feedback with what was seen, passes are counted', async () => {
    const ids = await send('harbour', [
      answers('I am sorry, but I cannot help with that.'),
      answers('It was built in 1887, and it is the oldest of the coast.'),
    ]);
    const [other] = await send('harbour', [answers('')], 'chain');
    await judgeAll();
    const given = await feedback([...ids, other ?? '']);
    expect(given).toEqual([
      {
        id: verdictId(ids[0] ?? '', 'not_refused'),
        run: ids[0],
        key: 'not_refused',
        score: 0,
        source: 'heuristic',
        value: '"fail"',
        extra: expect.stringContaining('I cannot help'),
      },
    ]);
    const scores = (await server.ask('GET', '/traces/scores?project=harbour')).json<{ items: { key: string }[] }>();
    expect(scores.items.find(({ key }) => key === 'not_refused')).toEqual({
      project: 'harbour',
      key: 'not_refused',
      source: 'heuristic',
      n: 2,
      mean: 0.5,
      failures: 1,
      failure_share: 0.5,
    });
    const series = (await server.ask('GET', '/traces/scores/series?project=harbour&key=not_refused&points=24')).json();
    expect(series).toMatchObject({ step_ms: 3_600_000, items: [{ key: 'not_refused', points: [[expect.any(Number), 2, 0.5, 0.5]] }] });
    const { last_day: day } = (await server.ask('GET', '/traces/judging?project=harbour')).json<{
      last_day: { left_out: number; rules: { key: string }[] };
    }>();
    // Nobody asked for JSON: that rule found no fault because it found nothing to judge by, which is another thing.
    expect(day).toMatchObject({
      left_out: 0,
      rules: expect.arrayContaining([
        { key: 'not_refused', judged: 2, nothing_to_judge: 0 },
        { key: 'valid_json', judged: 0, nothing_to_judge: 2 },
      ]),
    });
    expect(scores.items.map(({ key }) => key)).not.toContain('valid_json');
    expect(await keeper.step()).toEqual({ judged: 0, leftOut: 0, isFull: false });
  });

  it('are left alone where their project says so, and where they are what judges logged', async () => {
    const put = (query: string, body: object) => server.ask('PUT', `/traces/judging${query}`, { body });
    expect((await put('?project=nobody', { share: 0 })).statusCode).toBe(404);
    await send('quiet', [answers('Hello there, all is well in this town.')]);
    expect((await put('?project=quiet', { share: 0 })).statusCode).toBe(200);
    expect((await server.ask('GET', '/traces/judging?project=quiet')).json()).toMatchObject({ share: 0, keep_passes: false });
    expect((await server.ask('GET', '/traces/judging')).json()).toMatchObject({ share: 1 });
    await judgeAll();
    const ids = [...(await send('quiet', [answers('')])), ...(await send('evaluators', [answers('')]))];
    expect(await judgeAll()).toBe(0);
    expect(await feedback(ids)).toEqual([]);
  });

  it('become feedback with their passes where that is asked for, of the checks that are asked for', async () => {
    await send('kept', [answers('Nothing to see yet, but the project is there now.')]);
    expect(
      (await server.ask('PUT', '/traces/judging?project=kept', { body: { keep_passes: true, checks: ['not_empty'] } })).statusCode,
    ).toBe(200);
    await judgeAll();
    const ids = await send('kept', [answers('Here is an answer.')]);
    await judgeAll();
    expect((await feedback(ids)).map(({ key, score, value }) => [key, score, value])).toEqual([['not_empty', 1, '"pass"']]);
  });

  it('make samples of the last hour, which rules of alerting look at', async () => {
    await send(
      'alarm',
      Array.from({ length: 6 }, (_, i) => (i < 3 ? answers('') : answers('An answer that says a few things about it.'))),
    );
    await judgeAll();
    const samples = await scoreSamples(server.database.database, Date.now());
    const of = (name: string) =>
      samples.find((sample) => sample.name === name && sample.labels['project'] === 'alarm' && sample.labels['key'] === 'not_empty');
    expect([of('llm_score')?.value, of('llm_score_failure_ratio')?.value, of('llm_scores')?.value]).toEqual([0.5, 0.5, 6]);
  });

  it('know what is usual for a model in a project, once it has been seen often enough', async () => {
    const begun = Date.now() - 3_600_000;
    const post = async (runs: readonly { readonly seconds: number; readonly cost: number }[]): Promise<readonly string[]> => {
      const made = runs.map(({ cost, seconds }) => ({
        id: randomUUID(),
        name: 'call',
        run_type: 'llm',
        session_name: 'usual',
        start_time: new Date(begun).toISOString(),
        end_time: new Date(begun + seconds * 1_000).toISOString(),
        inputs: {},
        outputs: {
          ...answers('An answer that says a few things about it.'),
          usage_metadata: { input_tokens: 1, output_tokens: 1, total_tokens: 2, total_cost: cost },
        },
        extra: { metadata: { ls_model_name: 'gpt-4o-mini' } },
      }));
      const headers = { ...bearer(BOOTSTRAP), 'content-type': 'application/json' };
      const sent = await server.app.inject({ method: 'POST', url: '/langsmith/runs/batch', headers, payload: { post: made } });
      expect(sent.statusCode).toBe(202);
      await judgeAll();
      return made.map(({ id }) => id);
    };
    const usual = await post(Array.from({ length: 230 }, (_, i) => ({ seconds: 1 + (i % 10) / 10, cost: 0.01 })));
    const [late, dear] = await post([
      { seconds: 30, cost: 0.01 },
      { seconds: 1, cost: 0.5 },
    ]);
    expect(await feedback(usual)).toEqual([]);
    expect((await feedback([late ?? ''])).map(({ key, value }) => [key, value])).toEqual([['usual_latency', '"fail"']]);
    expect((await feedback([dear ?? ''])).map(({ key, value }) => [key, value])).toEqual([['usual_cost', '"fail"']]);
  });

  it('make no samples of experiments: nobody is woken because a trial failed', async () => {
    await send(
      'trial',
      Array.from({ length: 6 }, () => answers('')),
    );
    await judgeAll();
    const { database } = server.database;
    const isTold = async () => (await scoreSamples(database, Date.now())).some(({ labels }) => labels['project'] === 'trial');
    expect(await isTold()).toBe(true);
    await database.query(sql`update muster.trace_projects set reference_dataset_id = ${randomUUID()} where name = 'trial'`);
    expect(await isTold()).toBe(false);
  });

  it('are chosen by their id alone, as many as the share says and no more than fit', () => {
    const calls = Array.from(
      { length: 4_000 },
      (_, i) => ({ runId: `00000000-0000-7000-8000-${String(i).padStart(12, '0')}`, projectNo: 1 }) as CompletedCall,
    );
    const third = choose(calls, () => ({ ...DEFAULT_JUDGING, share: 1 / 3 }), 10_000);
    expect(third.chosen.length).toBeGreaterThan(1_200);
    expect(third.chosen.length).toBeLessThan(1_470);
    expect(third.chosen.every(({ runId }) => drawOf(runId, 'rules') < 1 / 3)).toBe(true);
    expect(choose(calls.toReversed(), () => DEFAULT_JUDGING, 100).chosen).toEqual(choose(calls, () => DEFAULT_JUDGING, 100).chosen);
    expect(choose(calls, () => DEFAULT_JUDGING, 100).leftOut).toHaveLength(3_900);
  });
});
