import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { olderTransactionsOver } from '../../../../test/support/older-transactions.ts';
import { sql } from '../../../db/sql.ts';
import { FeedReader } from '../feed/feed-reader.ts';
import { isMine } from '../feed/feed-service.ts';
import { TracePartitions } from '../partitions/partitions.ts';
import { forgetRuns, forgetWhere, holds, indexNext, readQuery, RunSearch, SEARCH_READER, foldedTextOf, type Candidate } from './index.ts';

const KEEP = 30;
const DAY = '2026-11-20';
const NOON = Date.parse(`${DAY}T12:00:00Z`) * 1_000;
const everywhere = { projects: null, from: NOON - 86_400e6, to: NOON + 86_400e6 };

let test: TestDatabase;
let feed: FeedReader;
let search: RunSearch;
beforeAll(async () => {
  test = await testDatabase();
  await new TracePartitions(test.database).ensure(KEEP, Date.parse(`${DAY}T00:00:00Z`) / 86_400_000);
  feed = new FeedReader(test.database, SEARCH_READER);
  search = new RunSearch(test.database);
});
afterAll(() => test[Symbol.asyncDispose]());

interface Said {
  readonly text: string;
  readonly second: number;
  readonly project?: number;
}

/** Runs as the intake commits them: rows and an entry of the feed. */
async function add(...said: readonly Said[]): Promise<readonly string[]> {
  const ids = said.map(() => randomUUID());
  await test.database.transaction(async (tx) => {
    for (const [index, { text, second, project }] of said.entries())
      await tx.query(sql`
        insert into muster.trace_runs (run_id, trace_id, keep_days, day, project_no, run_type, status, start_time, inputs)
        values (${ids[index]}, ${ids[index]}, ${KEEP}, ${DAY}, ${project ?? 1}, 1, 1, to_timestamp(${NOON / 1e6 + second}),
                ${JSON.stringify({ q: text })})`);
    await tx.query(
      sql`insert into muster.trace_feed (keep_days, day, runs, completed) values (${KEEP}, ${DAY}, ${ids}::uuid[], ${ids}::uuid[])`,
    );
  });
  return ids;
}

const index = async (): Promise<number> => {
  await olderTransactionsOver(test.database);
  return indexNext(test.database, feed);
};

/** What the text of the candidates really holds, in the order they came. */
async function find(text: string, scope: Partial<Parameters<RunSearch['candidates']>[1]> = {}): Promise<readonly string[]> {
  const query = readQuery(text);
  const found: string[] = [];
  for await (const batch of search.candidates(query, { ...everywhere, ...scope })) found.push(...(await thatHold(query, batch)));
  return found;
}

/** Those that the search names, before anybody looked at what they hold. */
async function candidates(text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const batch of search.candidates(readQuery(text), everywhere)) found.push(...batch.map(({ runId }) => runId));
  return found;
}

async function thatHold(query: ReturnType<typeof readQuery>, batch: readonly Candidate[]): Promise<readonly string[]> {
  const { rows } = await test.database.query<{ run_id: string; inputs: string }>(sql`
    select run_id, inputs from muster.trace_runs where run_id = any(${batch.map(({ runId }) => runId)}::uuid[])`);
  const texts = new Map(rows.map(({ run_id, inputs }) => [run_id, inputs]));
  return batch
    .map(({ runId }) => runId)
    .filter((id) =>
      holds(query, foldedTextOf({ name: null, tags: null, inputs: texts.get(id) ?? null, outputs: null, error: null, extra: null })),
    );
}

describe('searching runs', () => {
  it('finds what was just committed before it is indexed, and after, newest first', async () => {
    const [old = '', young = ''] = await add({ text: 'A Zebra crossing', second: 1 }, { text: 'zebras', second: 2 });
    expect(await find('zebra')).toEqual([young, old]);
    expect(await index()).toBe(2);
    expect(await index()).toBe(0);
    expect(await find('zebra')).toEqual([young, old]);
    expect(await find('ebra cross')).toEqual([old]);
    expect(await find('"zebra crossing" -zebras')).toEqual([old]);
  });

  it('finds what is not indexed yet as it is now, when it changed between two searches, and what came since', async () => {
    const [changing = '', same = ''] = await add({ text: 'ocelot', second: 3 }, { text: 'ocelot', second: 4 });
    expect(await find('ocelot')).toEqual([same, changing]);
    await test.database.query(sql`update muster.trace_runs set inputs = '"margay"' where run_id = ${changing}`);
    await test.database.query(
      sql`insert into muster.trace_feed (keep_days, day, runs, completed) values (${KEEP}, ${DAY}, ${[changing]}::uuid[], '{}')`,
    );
    const [newest = ''] = await add({ text: 'ocelot', second: 5 });
    expect(await candidates('ocelot')).toEqual([newest, same]);
    expect(await candidates('margay')).toEqual([changing]);
    await index();
    expect(await find('ocelot')).toEqual([newest, same]);
  });

  it('reads what is not indexed yet in parts where it is large', async () => {
    const long = 'lorem ipsum '.repeat(20_000);
    const ids = await add(...Array.from({ length: 60 }, (_, second) => ({ text: `${long} ${second === 7 ? 'serval' : ''}`, second })));
    expect(await candidates('serval')).toEqual([ids[7]]);
    expect(await candidates('ipsum')).toHaveLength(60);
    await index();
  });

  it('keeps to projects, to a time, and to what comes after the page before', async () => {
    const [one = '', two = '', three = ''] = await add(
      { text: 'okapi', second: 11, project: 1 },
      { text: 'okapi', second: 12, project: 2 },
      { text: 'okapi', second: 13, project: 1 },
    );
    await index();
    expect(await find('okapi', { projects: new Set([1]) })).toEqual([three, one]);
    expect(await find('okapi', { from: NOON + 12e6 })).toEqual([three, two]);
    expect(await find('okapi', { to: NOON + 12e6 })).toEqual([one]);
    expect(await find('okapi', { after: { startTime: NOON + 13e6, runId: three } })).toEqual([two, one]);
  });

  it('finds in languages without spaces, and regardless of accents', async () => {
    const [japanese = '', german = ''] = await add(
      { text: '請求書を送ってください', second: 21 },
      { text: 'Die Größe der Straße', second: 22 },
    );
    await index();
    expect(await find('求書')).toEqual([japanese]);
    expect(await find('送')).toEqual([japanese]);
    expect(await find('GROSSE strasse')).toEqual([german]);
    expect(await find('große STRASSE')).toEqual([german]);
  });

  it('merges small segments into few, and finds the same, also in a search that began before', async () => {
    const ids: string[] = [];
    for (let second = 0; second < 20; second += 1) {
      ids.unshift(...(await add({ text: `walrus number${second}`, second: 100 + second })));
      await index();
    }
    const { rows } = await test.database.query<{ n: number }>(sql`select count(*)::int as n from muster.trace_search_segments`);
    expect(rows[0]?.n).toBeLessThan(15);
    const query = readQuery('walrus');
    const begun = new RunSearch(test.database).candidates(query, everywhere);
    const first = await begun.next();
    const found = first.done === true ? [] : [...first.value];
    for (let second = 20; second < 40; second += 1) {
      await add({ text: 'something else', second: 200 + second });
      await index();
    }
    for await (const batch of begun) found.push(...batch);
    expect(found.map(({ runId }) => runId)).toEqual(ids);
    expect(await find('walrus')).toEqual(ids);
    expect(await find('number7')).toEqual([ids[12]]);
  });

  it('indexes a run again when it changed', async () => {
    const [run = ''] = await add({ text: 'quokka', second: 301 });
    await index();
    await test.database.query(sql`update muster.trace_runs set inputs = '"numbat"' where run_id = ${run}`);
    await test.database.query(
      sql`insert into muster.trace_feed (keep_days, day, runs, completed) values (${KEEP}, ${DAY}, ${[run]}::uuid[], '{}')`,
    );
    await index();
    expect(await find('numbat')).toEqual([run]);
    expect(await find('quokka')).toEqual([]);
  });

  it('forgets a run with the words that stood in it alone', async () => {
    const [gone = '', kept = ''] = await add({ text: 'canary axolotl', second: 401 }, { text: 'axolotl', second: 402 });
    await index();
    await test.database.transaction((tx) => forgetRuns(tx, { keepDays: KEEP, day: DAY }, new Set([gone])));
    expect(await find('axolotl')).toEqual([kept]);
    const { rows } = await test.database.query(sql`select from muster.trace_search_segments where words like '%canary%'`);
    expect(rows).toEqual([]);
  });

  it('forgets the runs of a project, a segment a transaction', async () => {
    const [first = '', , kept = ''] = await add(
      { text: 'lemming', second: 411, project: 8 },
      { text: 'lemming secretive', second: 412, project: 9 },
      { text: 'lemming', second: 413, project: 8 },
    );
    await index();
    await add({ text: 'lemming secretive', second: 414, project: 9 });
    await index();
    const partition = { keepDays: KEEP, day: DAY };
    const forget = () => test.database.transaction((tx) => forgetWhere(tx, partition, ({ projectNo }) => projectNo === 9, 1));
    expect([await forget(), await forget()]).toEqual([true, false]);
    expect(await forget()).toBe(false);
    expect(await find('lemming')).toEqual([kept, first]);
    const { rows } = await test.database.query(sql`select from muster.trace_search_segments where words like '%secretive%'`);
    expect(rows).toEqual([]);
  });

  it('is the work of one process at a time', async () => {
    const [run = ''] = await add({ text: 'narwhal', second: 601 });
    await test.database.transaction(async (tx) => {
      expect(await isMine(tx, SEARCH_READER)).toBe(true);
      expect(await indexNext(test.database, feed)).toBe(0);
    });
    expect(await index()).toBe(1);
    expect(await find('narwhal')).toEqual([run]);
  });

  it('moves its place only with what it indexed', async () => {
    const [run = ''] = await add({ text: 'pangolin', second: 501 });
    await olderTransactionsOver(test.database);
    const broken = new FeedReader(test.database, SEARCH_READER);
    broken.advance = () => Promise.reject(new Error('the connection broke'));
    await expect(indexNext(test.database, broken)).rejects.toThrow('the connection broke');
    expect(await find('pangolin')).toEqual([run]);
    expect(await index()).toBe(1);
    expect(await find('pangolin')).toEqual([run]);
  });
});
