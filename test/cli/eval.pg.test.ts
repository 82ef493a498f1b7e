import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { Datasets, Examples } from '../../src/modules/traces/datasets/index.ts';
import { testDatabase } from '../support/database.ts';
import { Program } from './support/program.ts';

const muster = Program.forThisFile();

interface Report {
  readonly examples: number;
  readonly errors: number;
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
    '--baseline',
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
}, 120_000);
