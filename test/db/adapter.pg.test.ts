import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';

describe('PostgresAdapter', () => {
  let t: TestDatabase;
  beforeAll(async () => {
    t = await testDatabase();
  });
  afterAll(() => t[Symbol.asyncDispose]());

  it('reads bigint as a number', async () => {
    expect(await t.database.one(sql`select 42::bigint as n, 9007199254740993::bigint as big`)).toEqual({ n: 42, big: '9007199254740993' });
  });

  it('rolls a transaction back when its work throws', async () => {
    await expect(
      t.database.transaction(async (tx) => {
        await tx.query(sql`insert into muster.system_state (key, value) values ('a', '1')`);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await t.database.one(sql`select 1 from muster.system_state where key = 'a'`)).toBeUndefined();
    expect(t.database.status().pools.main).toMatchObject({ total: 1, idle: 1, waiting: 0 });
  });

  it('made partitions for today', async () => {
    await t.database.query(sql`insert into muster.events (type) values ('test:made')`);
    expect(await t.database.one(sql`select count(*) as n from muster.events`)).toEqual({ n: 1 });
  });
});
