import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { olderTransactionsOver } from '../../../../test/support/older-transactions.ts';
import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { FeedReader } from '../feed/feed-reader.ts';
import { TracePartitions } from '../partitions/partitions.ts';
import { dayOfDate } from '../run/days.ts';
import { forgetRuns, indexNext, SEARCH_READER } from '../search/index.ts';
import { conditionsOf, type RunFilters } from './run-filters.ts';
import { listRuns } from './run-list.ts';
import { listRunsOf } from './run-search.ts';
import { addProject, addRuns, KEEP_DAYS, type RunRow } from './testing.ts';

// Of the first day the index knows words and no fields, of the second all, of the third what is indexed and what is not yet.
const DAYS = ['2026-11-18', '2026-11-19', '2026-11-20'] as const;
const HOUR = 3_600_000_000;

const users = fc.constantFrom('ann', 'Ann', 'bob', 'żółw', '7', '');
const tags = fc.constantFrom('beta', 'prod', 'a b', 'Beta');
const keys = fc.constantFrom('tier', 'n', 'session_id', 'k"q');
const values = fc.oneof(users, fc.constantFrom('1', '1.0', '1e0', 'true', '-0'), fc.constantFrom(0, 1, 1.5, 1e21, true, false, null));
const rows = fc.record({
  name: fc.option(users, { nil: null }),
  model: fc.option(fc.constantFrom('gpt-4o', 'gpt-5'), { nil: null }),
  user_id: fc.option(users, { nil: null }),
  thread_id: fc.option(users, { nil: null }),
  prompt: fc.option(users, { nil: null }),
  run_type: fc.nat(6),
  status: fc.constantFrom(0, 1, 2),
  tags: fc.option(fc.array(tags, { maxLength: 2 }), { nil: null }),
  metadata: fc.option(fc.dictionary(keys, fc.oneof(values, fc.constant({ deep: 1 })), { maxKeys: 3, noNullPrototype: true }), {
    nil: null,
  }),
});

const quoted = (texts: fc.Arbitrary<unknown>) => texts.map((text) => JSON.stringify(text));
const call = (...parts: readonly fc.Arbitrary<string>[]) => fc.tuple(...parts).map(([op = '', ...rest]) => `${op}(${rest.join(', ')})`);
const word = (text: string) => fc.constant(text);
const listOf = (items: fc.Arbitrary<string>) => fc.array(items, { minLength: 1, maxLength: 3 }).map((all) => `[${all.join(', ')}]`);
const someValue = quoted(values.filter((value) => value !== null));
const leaves = fc.oneof(
  call(fc.constantFrom('eq', 'neq'), fc.constantFrom('name', 'user_id', 'thread_id', 'prompt'), quoted(users)),
  call(fc.constantFrom('in', 'nin'), fc.constantFrom('name', 'user_id'), listOf(quoted(users))),
  call(fc.constantFrom('eq', 'neq'), word('model'), word('"gpt-5"')),
  call(word('eq'), word('run_type'), fc.constantFrom('"LLM"', '"embedding"')),
  call(fc.constantFrom('has', 'eq', 'neq'), fc.constantFrom('tags', 'tag'), quoted(tags)),
  call(word('in'), word('tags'), listOf(quoted(tags))),
  call(word('has'), word('metadata'), quoted(keys)),
  call(word('has'), word('metadata'), quoted(fc.tuple(keys, values).map(([key, value]) => JSON.stringify({ [key]: value })))),
  call(
    fc.constantFrom('eq', 'in', 'neq').filter((op) => op !== 'in'),
    word('metadata_key'),
    quoted(keys),
  ),
  call(
    word('and'),
    call(word('eq'), word('metadata_key'), quoted(keys)),
    call(fc.constantFrom('eq', 'neq'), word('metadata_value'), someValue),
  ),
  call(
    word('and'),
    call(word('in'), word('metadata_key'), listOf(quoted(keys))),
    call(word('in'), word('metadata_value'), listOf(someValue)),
  ),
  call(word('eq'), word('status'), word('"error"')),
);
const filters: fc.Arbitrary<string> = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaves,
    fc
      .tuple(fc.constantFrom('and', 'or'), fc.array(tie('filter'), { minLength: 1, maxLength: 3 }))
      .map(([op, of]) => `${op}(${of.join(', ')})`),
    tie('filter').map((of) => `not(${of})`),
  ),
})).filter;
const single = { name: users, user: users, tag: tags, thread: users, model: word('gpt-5'), prompt: users };
const asked: fc.Arbitrary<RunFilters> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ filter: filters }) },
  { weight: 1, arbitrary: fc.record(single, { requiredKeys: [] }) },
  ...Object.entries(single).map(([name, values]) => ({ weight: 1, arbitrary: values.map((value) => ({ [name]: value })) })),
);

let test: TestDatabase;
let db: Database;
const projects: number[] = [];

const rowsOf = (day: string, count: number, seed: number): readonly RunRow[] =>
  fc
    .sample(fc.tuple(fc.uuid(), fc.nat(23), fc.nat(1), rows), { numRuns: count, seed })
    .map(([runId, hour, project, { metadata, ...columns }]) => ({
      runId,
      projectNo: projects[project],
      startTime: Date.parse(`${day}T00:00:00Z`) * 1_000 + hour * HOUR,
      columns: { ...columns, extra: metadata === null ? null : JSON.stringify({ metadata }) },
    }));

const index = async (): Promise<void> => {
  await olderTransactionsOver(db);
  while ((await indexNext(db, new FeedReader(db, SEARCH_READER))) > 0);
};

beforeAll(async () => {
  test = await testDatabase();
  db = test.database;
  for (const day of DAYS) await new TracePartitions(db).ensure(KEEP_DAYS, dayOfDate(day));
  for (const name of ['one', 'two']) projects.push((await addProject(db, name)).projectNo);
  await addRuns(db, [...rowsOf(DAYS[0], 30, 1), ...rowsOf(DAYS[1], 30, 2)]);
  await index();
  await db.query(sql`update muster.trace_search_segments set fields = null where day = ${DAYS[0]}::date`);
  for (const seed of [3, 4, 5]) {
    await addRuns(db, rowsOf(DAYS[2], 15, seed));
    await index();
  }
  await addRuns(db, rowsOf(DAYS[2], 15, 6));
});
afterAll(() => test[Symbol.asyncDispose]());

describe('runs by values of their fields', () => {
  it('are those that reading them all finds, in the same order', async () => {
    let found = 0;
    await fc.assert(
      fc.asyncProperty(
        asked,
        fc.constantFrom('asc', 'desc'),
        fc.constantFrom(3, 200),
        fc.boolean(),
        async (filters, order, limit, pages) => {
          const query = { projects, order, limit } as const;
          const expected = await listRuns(db, { ...query, where: conditionsOf(filters) });
          const runs = await listRunsOf(db, { ...query, filters });
          expect(runs.map(({ runId }) => runId)).toEqual(expected.map(({ runId }) => runId));
          const last = expected.at(-1);
          if (pages && last !== undefined) {
            const next = await listRunsOf(db, { ...query, filters, after: last });
            const wanted = await listRuns(db, { ...query, where: conditionsOf(filters), after: last });
            expect(next.map(({ runId }) => runId)).toEqual(wanted.map(({ runId }) => runId));
          }
          found += expected.length > 0 ? 1 : 0;
        },
      ),
      { numRuns: 400 },
    );
    // Most must find something, or this says little.
    expect(found).toBeGreaterThan(150);
  });

  it('are found of metadata that is too long to be read, and when they changed', async () => {
    const [long, changing] = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'];
    const startTime = Date.parse(`${DAYS[2]}T12:00:00Z`) * 1_000;
    await addRuns(db, [
      {
        runId: long,
        projectNo: projects[0],
        startTime,
        columns: { extra: JSON.stringify({ runtime: 'x'.repeat(300_000), metadata: { whose: 'long' } }) },
      },
      { runId: changing, projectNo: projects[0], startTime, columns: { user_id: 'before' } },
    ]);
    await index();
    const ids = async (filters: RunFilters) => (await listRunsOf(db, { projects, filters, limit: 9 })).map(({ runId }) => runId);
    expect(await ids({ filter: 'and(eq(metadata_key, "whose"), eq(metadata_value, "long"))' })).toEqual([long]);
    await db.query(sql`update muster.trace_runs set user_id = 'after' where run_id = ${changing}`);
    await db.query(
      sql`insert into muster.trace_feed (keep_days, day, runs, completed) values (${KEEP_DAYS}, ${DAYS[2]}, ${[changing]}::uuid[], '{}')`,
    );
    for (const step of [async () => undefined, index]) {
      await step();
      expect(await ids({ user: 'after' })).toEqual([changing]);
      expect(await ids({ user: 'before' })).toEqual([]);
    }
  });

  it('leave no word of a field behind that stood in a forgotten run alone', async () => {
    const runId = '00000000-0000-4000-8000-00000000000c';
    const fields = async (): Promise<number> => {
      const row = await db.one<{ n: number }>(
        sql`select coalesce(sum(length(fields) + 1) / 11, 0)::int as n from muster.trace_search_segments where fields <> '' and day = ${DAYS[1]}::date`,
      );
      return row?.n ?? 0;
    };
    const before = await fields();
    await addRuns(db, [
      {
        runId,
        projectNo: projects[0],
        startTime: Date.parse(`${DAYS[1]}T12:00:00Z`) * 1_000,
        columns: { user_id: 'who', thread_id: 'went' },
      },
    ]);
    await index();
    expect(await listRunsOf(db, { projects, filters: { user: 'who' }, limit: 9 })).toHaveLength(1);
    expect(await fields()).toBeGreaterThanOrEqual(before + 2);
    await db.transaction((tx) => forgetRuns(tx, { keepDays: KEEP_DAYS, day: DAYS[1] }, new Set([runId])));
    expect(await fields()).toBe(before);
  });
});
