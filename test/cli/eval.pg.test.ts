import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { Datasets, Examples } from '../../src/modules/traces/datasets/index.ts';
import { tracesModule } from '../../src/modules/traces/index.ts';
import { createOutbound } from '../../src/outbound/index.ts';
import { BOOTSTRAP, testServer } from '../server/support/test-server.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { json, refuse, ScriptedProvider, speak } from '../traces/support/scripted-provider.ts';
import { until } from '../support/until.ts';
import { Program } from './support/program.ts';

const muster = Program.forThisFile();

interface Report {
  readonly examples: number;
  readonly errors: number;
  readonly cost_usd: number | null;
  readonly scores: readonly { readonly key: string; readonly mean: number }[];
  readonly comparison: {
    readonly keys: readonly { readonly key: string; readonly verdict: string }[];
    readonly regressions: readonly unknown[];
  } | null;
}

/** A program that answers questions about capitals, and writes down which it was asked. */
const target = (says: string): string =>
  `node -e 'let t="";process.stdin.on("data",(c)=>t+=c).on("end",()=>{const{q}=JSON.parse(t);require("fs").appendFileSync("asked.txt",q+"\\n");console.log(${says})})'`;

test('a dataset is run against a target, goes on where it was, and is compared with an earlier experiment', async () => {
  await using database = await testDatabase();
  const db = database.database;
  const { datasetId } = await new Datasets(db).create({ name: 'capitals' }, 'test');
  const cities = ['Paris', 'Rome', 'Oslo', 'Bern', 'Lima', 'Kyiv', 'Cairo', 'Quito'];
  await new Examples(db).put(datasetId, {
    examples: cities.map((city) => ({
      exampleId: randomUUID(),
      inputs: JSON.stringify({ q: city }),
      outputs: JSON.stringify({ answer: `It is ${city}.` }),
    })),
  });
  const cwd = muster.folder();
  const options = { cwd, env: { DATABASE_URL: database.url } };
  const asked = (): readonly string[] => readFileSync(join(cwd, 'asked.txt'), 'utf8').trim().split('\n');
  const run = (experiment: string, says: string, ...more: readonly string[]): Promise<Report> =>
    muster.json<Report>(
      [
        'eval',
        'capitals',
        '--target',
        target(says),
        '--evaluators',
        'exact,contains',
        '--experiment',
        experiment,
        '--concurrency',
        '2',
        ...more,
      ],
      options,
    );

  const good = 'JSON.stringify({ answer: "It is " + q + "." })';
  expect(await run('first', good, '--limit', '3')).toMatchObject({ examples: 3, errors: 0, comparison: null });
  expect(asked().toSorted()).toEqual(['Oslo', 'Paris', 'Rome']);
  const first = await run('first', good);
  expect([first.examples, first.scores]).toEqual([
    8,
    [
      { key: 'contains', n: 8, mean: 1 },
      { key: 'exact', n: 8, mean: 1 },
    ],
  ]);
  expect(asked().toSorted()).toEqual(cities.toSorted());

  const second = await run(
    'second',
    'q === "Lima" ? process.exit(3) : "I do not know " + q',
    '--compare',
    'first',
    '--report',
    'report.md',
  );
  expect(second).toMatchObject({ examples: 8, errors: 1 });
  expect(second.comparison?.keys.map(({ key, verdict }) => [key, verdict])).toEqual([
    ['contains', 'worse'],
    ['exact', 'worse'],
  ]);
  expect(second.comparison?.regressions).toHaveLength(14);
  expect(readFileSync(join(cwd, 'report.md'), 'utf8')).toContain('## Against first');

  // What was run lies there as runs, as LangSmith's evaluate() leaves them.
  const { rows } =
    await db.query(sql`select p.name, count(*)::int as runs, count(r.reference_example_id)::int as linked, count(r.error)::int as failed
    from muster.trace_runs r join muster.trace_projects p using (project_no) where p.reference_dataset_id = ${datasetId} group by 1 order by 1`);
  expect(rows).toEqual([
    { name: 'first', runs: 8, linked: 8, failed: 0 },
    { name: 'second', runs: 8, linked: 8, failed: 1 },
  ]);
});

/** A dataset of questions about capitals. */
async function capitals(database: TestDatabase, cities: readonly string[]): Promise<void> {
  const { datasetId } = await new Datasets(database.database).create({ name: 'capitals' }, 'test');
  await new Examples(database.database).put(datasetId, {
    examples: cities.map((city) => ({
      exampleId: randomUUID(),
      inputs: JSON.stringify({ q: `Which city is ${city}?` }),
      outputs: JSON.stringify({ answer: city }),
    })),
  });
}

test('a model of the gateway is asked, its calls lie under the examples with their cost, and a judge scores within its budget', async () => {
  const provider = await new ScriptedProvider().open();
  const outbound = createOutbound({ allowedNetworks: ['127.0.0.0/8'], allowCommands: false });
  await using server = await testServer({ modules: [tracesModule], outbound });
  try {
    const url = await server.listen();
    await capitals(server.database, ['Rome', 'Oslo', 'Bern']);
    provider.script = (got, response) => {
      const asked = JSON.stringify(got.body['messages']);
      if (got.path.endsWith('/embeddings')) {
        const data = [got.body['input']]
          .flat()
          .map((_, index) => ({ object: 'embedding', index, embedding: index === 0 ? [1, 0] : [0.6, 0.8] }));
        return json(response, { object: 'list', data, model: 'text-embedding-3-small', usage: { prompt_tokens: 4, total_tokens: 4 } });
      }
      if (asked.includes('BEGIN ANSWER')) return speak('{"reasoning":"Short.","score":4}')(got, response);
      return speak(`It is ${/city is (\w+)/.exec(asked)?.[1]}.`)(got, response);
    };
    await server.ask('PUT', '/gateway/providers/main', { body: { base_url: provider.url, kind: 'openai' } });
    const scale = { lowest: 0, highest: 4 };
    const evaluator = { prompt: 'Is it short?', model: 'gpt-4o-mini', share: 0, scale, budget_runs: 2 };
    expect((await server.ask('PUT', '/traces/evaluators/short', { body: evaluator })).statusCode).toBe(200);
    const options = {
      cwd: muster.folder(),
      env: { DATABASE_URL: server.database.url, OPENAI_BASE_URL: `${url}/openai/v1`, MUSTER_API_KEY: BOOTSTRAP },
    };
    const args = [
      'eval',
      'capitals',
      '--target',
      'model:gpt-4o-mini',
      '--experiment',
      'asked',
      '--evaluators',
      'contains',
      '--concurrency',
      '1',
    ];
    const report = await muster.json<Report>(
      [...args, '--scorer', 'judge:short', '--scorer', 'similarity:text-embedding-3-small'],
      options,
    );
    expect(report).toMatchObject({
      examples: 3,
      errors: 0,
      scores: [
        { key: 'contains', n: 3, mean: 1 },
        { key: 'short', n: 2, mean: 1 },
        { key: 'similarity', n: 3 },
      ],
      unscored: [{ key: 'short', n: 1, because: 'the budget of short for today is spent' }],
    });
    expect(report.scores[2]?.mean).toBeCloseTo(0.6, 5);
    // 9 tokens in and 3 out of gpt-4o-mini, three times.
    expect(report.cost_usd).toBeCloseTo(3 * (9 * 0.15e-6 + 3 * 0.6e-6), 9);
    const { rows } = await server.database.database.query(sql`
      select r.name, r.parent_run_id is not null as "isChild", count(*)::int as n, count(distinct r.trace_id)::int as traces
      from muster.trace_runs r join muster.trace_projects p using (project_no) where p.name = 'asked' group by 1, 2 order by 2`);
    expect(rows).toMatchObject([
      { name: 'target', isChild: false, n: 3, traces: 3 },
      { isChild: true, n: 3, traces: 3 },
    ]);
    // What scorers ask models is logged and priced as well: 4 tokens of an embedding at 0.02 USD a million, three times.
    const { rows: own } = await server.database.database.query(sql`
      select r.name, count(*)::int as n, sum(r.total_cost)::float8 as cost, bool_and(r.error is null) as "isWell"
      from muster.trace_runs r join muster.trace_projects p using (project_no) where p.name = 'evaluators' group by 1 order by 1`);
    expect(own).toMatchObject([
      { name: 'short', n: 2, isWell: true },
      { name: 'similarity', n: 3, isWell: true, cost: expect.closeTo(3 * 4 * 0.02e-6, 12) },
    ]);
    expect((await server.ask('GET', '/traces/evaluators/short')).json()).toMatchObject({ today: { calls: 2, scores: 2, left_out: 1 } });
  } finally {
    await provider.close();
  }
});

test('an endpoint is asked again where it refuses for now, and an interrupted experiment goes on to a report and a verdict', async () => {
  await using database = await testDatabase();
  await capitals(database, ['Rome', 'Oslo', 'Bern', 'Lima', 'Kyiv', 'Cairo', 'Quito']);
  const endpoint = await new ScriptedProvider().open();
  try {
    const held: (() => void)[] = [];
    endpoint.script = (got, response) => {
      if (got.text.includes('Kyiv')) return refuse(400)(got, response);
      if (got.text.includes('Lima') && held.length === 0) return void held.push(() => json(response, {}));
      return json(response, { answer: /city is (\w+)/.exec(got.text)?.[1] });
    };
    endpoint.next.push(refuse(503));
    const options = { cwd: muster.folder(), env: { DATABASE_URL: database.url } };
    const args = ['eval', 'capitals', '--target', endpoint.url, '--header', 'x-token: mine', '--experiment', 'over', '--concurrency', '1'];
    const running = muster.start(args, options);
    await until('an example is held', () => held.length > 0 || running.child.exitCode !== null, 60_000);
    running.child.kill('SIGINT');
    const stopped = await running.ended;
    expect([stopped.code, stopped.stderr]).toEqual([130, expect.stringContaining('--experiment over goes on')]);
    const ended = await muster.run([...args, '--fail-under', 'exact=0.9', '--report', 'report.html', '--json'], options);
    expect(ended.stderr).toContain('3 of them done before');
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      examples: 7,
      errors: 1,
      // Six of seven: the one that failed counts.
      thresholds: [{ key: 'exact', least: 0.9, mean: 6 / 7, passed: false }],
    });
    expect(readFileSync(join(options.cwd, 'report.html'), 'utf8')).toContain('Which city is Kyiv?');
    // The first was asked twice, the one that was interrupted, too, and what refused the question once.
    const asks = (city: string): number => endpoint.requests.filter(({ text }) => text.includes(city)).length;
    expect(['Rome', 'Oslo', 'Lima', 'Kyiv'].map(asks)).toEqual([2, 1, 2, 1]);
    expect(endpoint.last?.headers).toMatchObject({ 'x-token': 'mine', baggage: 'langsmith-project=over' });
    expect(String(endpoint.last?.headers['langsmith-trace'])).toMatch(/^\d{8}T\d{12}Z[0-9a-f-]{36}$/);
    endpoint.script = (_, response) => json(response, { answer: 'Kyiv' });
    expect(await muster.json<Report>([...args, '--retry-failed'], options)).toMatchObject({ examples: 7, errors: 0 });
    expect(asks('Kyiv')).toBe(2);
    const compared = await muster.json<Report>(['experiments', 'compare', 'over', 'over'], options);
    expect(compared.comparison?.keys.every(({ verdict }) => verdict === 'same')).toBe(true);
    expect((await muster.json<{ items: readonly unknown[] }>(['experiments', 'list', 'capitals'], options)).items).toMatchObject([
      { name: 'over', examples: 7, errors: 0 },
    ]);
  } finally {
    await endpoint.close();
  }
});
