import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { daysAround, dropPartitions, ensurePartitions, partitionName, partitionsOf } from '../../src/db/partitions.ts';
import { raw, sql } from '../../src/db/sql.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';

describe('daily partitions', () => {
  let t: TestDatabase;
  let today: string;
  beforeAll(async () => {
    t = await testDatabase();
    today = (await t.database.one<{ day: string }>(sql`select to_char(now() at time zone 'UTC', 'YYYY-MM-DD') as day`))?.day ?? '';
  });
  afterAll(() => t[Symbol.asyncDispose]());

  /** A table as ours are, with a default partition like that of samples. */
  async function table(name: string): Promise<void> {
    await t.database.query({
      text: `create table muster.${name} (ts timestamptz not null, n int not null check (n > 0)) partition by range (ts);
             create index on muster.${name} (n, ts);
             create table muster.${name}_default partition of muster.${name} default`,
      values: [],
    });
  }

  it('are there for yesterday, today and two days after a migration', async () => {
    const wanted = daysAround(today, 1, 2);
    expect(wanted).toHaveLength(4);
    for (const name of ['events', 'heartbeats', 'samples']) {
      expect(await partitionsOf(t.database, name)).toEqual(expect.arrayContaining(wanted.map((day) => partitionName(name, day))));
    }
  });

  it('begin and end at midnight UTC, whatever the time zone of the session', async () => {
    await table('zoned');
    await ensurePartitions(t.database, { tables: ['zoned'] });
    await t.database.query(sql`insert into muster.zoned values (${`${today}T00:00:00Z`}, 1), (${`${today}T23:59:59.999999Z`}, 2)`);
    expect(await t.database.one(sql`select count(*) as n from muster.${raw(partitionName('zoned', today))}`)).toEqual({ n: 2 });
  });

  it('take over the rows of their day from the default partition, with the indexes and checks of their table', async () => {
    await table('moving');
    await t.database.query(sql`insert into muster.moving select now() - interval '10 days', g from generate_series(1, 3) g`);
    await t.database.query(sql`insert into muster.moving select now(), g from generate_series(1, 100) g`);
    await ensurePartitions(t.database, { tables: ['moving'] });
    expect(await t.database.one(sql`select count(*) as n from muster.moving_default`)).toEqual({ n: 3 });
    expect(await t.database.one(sql`select count(*) as n from muster.moving`)).toEqual({ n: 103 });
    const partition = raw(partitionName('moving', today));
    expect(await t.database.one(sql`select count(*) as n from muster.${partition}`)).toEqual({ n: 100 });
    expect(
      await t.database.one(sql`select count(*) as n from pg_indexes where schemaname = 'muster' and tablename = ${partition.text}`),
    ).toEqual({ n: 1 });
    await expect(t.database.query(sql`insert into muster.moving values (now(), 0)`)).rejects.toMatchObject({ code: '23514' });
  });

  it('keep numbering the rows of a table with an identity', async () => {
    await t.database.query(sql`insert into muster.events (type) values ('test:one'), ('test:two')`);
    const { rows } = await t.database.query<{ id: number }>(sql`select id from muster.events where type like 'test:%' order by id`);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(2);
  });

  it('are made once when several ask at once', async () => {
    await table('raced');
    const made = await Promise.all(Array.from({ length: 4 }, () => ensurePartitions(t.database, { tables: ['raced'] })));
    expect(made.flat().toSorted()).toEqual(daysAround(today, 1, 2).map((day) => partitionName('raced', day)));
  });

  it('are made while writers are at work, who never wait for long', async () => {
    await table('busy');
    await t.database.query(sql`insert into muster.busy values (now(), 1)`);
    let slowest = 0;
    let writes = 0;
    const done = new AbortController();
    const writer = async (): Promise<void> => {
      while (!done.signal.aborted) {
        const from = performance.now();
        await t.database.transaction(async (tx) => {
          await tx.query(sql`insert into muster.busy values (now() - random() * interval '2 days', 1)`);
        });
        slowest = Math.max(slowest, performance.now() - from);
        writes += 1;
      }
    };
    const writers = Promise.all([writer(), writer()]);
    writers.catch(() => undefined); // awaited below

    try {
      expect(await ensurePartitions(t.database, { tables: ['busy'], daysBehind: 5, daysAhead: 5 })).toHaveLength(11);
    } finally {
      done.abort();
      await writers;
    }
    expect(writes).toBeGreaterThan(0);
    expect(slowest).toBeLessThan(10_000);
    expect(await t.database.one(sql`select count(*) as n from muster.busy`)).toEqual({ n: writes + 1 });
  });

  it('are dropped when they are older than what is kept, and no others', async () => {
    await table('kept');
    await ensurePartitions(t.database, { tables: ['kept'], daysBehind: 5, daysAhead: 1 });
    const dropped = await dropPartitions(t.database, 'kept', 2);
    expect(dropped).toEqual(daysAround(today, 5, -3).map((day) => partitionName('kept', day)));
    expect(await partitionsOf(t.database, 'kept')).toEqual([
      ...daysAround(today, 2, 1).map((day) => partitionName('kept', day)),
      'kept_default',
    ]);
    expect(await dropPartitions(t.database, 'kept', 2)).toEqual([]);
  });

  it('wait for a reader that holds the table, without stopping writers for the whole time', async () => {
    await table('held');
    await ensurePartitions(t.database, { tables: ['held'], daysBehind: 3, daysAhead: 0 });
    let dropping: Promise<readonly string[]> | undefined;
    await t.database.transaction(async (tx) => {
      await tx.query(sql`select * from muster.held`);
      dropping = dropPartitions(t.database, 'held', 1);
      const from = performance.now();
      await t.database.query(sql`insert into muster.held values (now(), 1)`);
      expect(performance.now() - from).toBeLessThan(10_000);
    });
    expect(await dropping).toHaveLength(2);
  });

  it('are nobody’s concern where the table is not there', async () => {
    expect(await ensurePartitions(t.database, { tables: ['nothing'] })).toEqual([]);
    expect(await dropPartitions(t.database, 'nothing', 1)).toEqual([]);
  });
});
