import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresAdapter, type PostgresAdapterOptions } from '../../src/db/adapter.ts';
import { sql } from '../../src/db/sql.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { startProxy, throughProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';

describe('PostgresAdapter', () => {
  let t: TestDatabase;
  beforeAll(async () => {
    t = await testDatabase();
    await t.database.query(sql`create table public.notes (n int primary key)`);
  });
  afterAll(() => t[Symbol.asyncDispose]());

  const another = (options: Partial<PostgresAdapterOptions> = {}): PostgresAdapter =>
    new PostgresAdapter({ url: t.url, poolMax: 2, poolMin: 0, ...options });
  const changed = (change: (url: URL) => void): string => {
    const url = new URL(t.url);
    change(url);
    return url.href;
  };
  const failureOf = async (url: string, options: Partial<PostgresAdapterOptions> = {}): Promise<unknown> => {
    await using database = another({ url, ...options });
    return await database.start().then(
      () => 'it started',
      (error: unknown) => error,
    );
  };

  describe('gives values', () => {
    it('bigint as a number while that is exact, as text beyond', async () => {
      expect(await t.database.one(sql`select 42::bigint as n, 9007199254740993::bigint as big`)).toEqual({
        n: 42,
        big: '9007199254740993',
      });
    });

    it('timestamptz as a date, jsonb as a value, parameters as what they are', async () => {
      const at = new Date('2026-11-22T10:00:00.123Z');
      const row = await t.database.one(
        sql`select ${at}::timestamptz as at, ${JSON.stringify({ a: [1] })}::jsonb as json, ${['a', 'b']}::text[] as list`,
      );
      expect(row).toEqual({ at, json: { a: [1] }, list: ['a', 'b'] });
    });

    it('undefined for no row, and an error for two where one is meant', async () => {
      expect(await t.database.one(sql`select 1 as n where false`)).toBeUndefined();
      await expect(t.database.one(sql`select generate_series(1, 2)`)).rejects.toMatchObject({ code: 'INTERNAL' });
    });

    it('of the last one where a text without parameters has several statements', async () => {
      expect(await t.database.query({ text: 'select 1 as n; select 2 as n', values: [] })).toEqual({ rows: [{ n: 2 }], count: 1 });
    });

    it('the count of what a statement changed', async () => {
      expect((await t.database.query(sql`insert into notes select generate_series(100, 104)`)).count).toBe(5);
      expect((await t.database.query(sql`delete from notes where n >= 100`)).count).toBe(5);
    });
  });

  describe('in a transaction', () => {
    it('commits what the work did and gives its result', async () => {
      const result = await t.database.transaction(
        async (tx) => (await tx.query<{ n: number }>(sql`insert into notes values (1) returning n`)).rows[0]?.n,
      );
      expect(result).toBe(1);
      expect(await t.database.one(sql`delete from notes where n = 1 returning n`)).toEqual({ n: 1 });
    });

    it('rolls back when the work throws, and gives the connection back', async () => {
      await expect(
        t.database.transaction(async (tx) => {
          await tx.query(sql`insert into notes values (2)`);
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
      expect(await t.database.one(sql`select 1 from notes where n = 2`)).toBeUndefined();
      const { total, idle, waiting } = t.database.status().pools.main;
      expect({ busy: total - idle, waiting }).toEqual({ busy: 0, waiting: 0 });
    });

    it('does not pretend to have committed where a failed statement was swallowed', async () => {
      await expect(
        t.database.transaction(async (tx) => {
          await tx.query(sql`insert into notes values (3)`);
          await tx.query(sql`select 1 / 0`).catch(() => undefined);
        }),
      ).rejects.toThrow('rolled back');
      expect(await t.database.one(sql`select 1 from notes where n = 3`)).toBeUndefined();
    });

    it('refuses a statement after its end', async () => {
      let late: (() => Promise<unknown>) | undefined;
      await t.database.transaction((tx) => {
        late = () => tx.query(sql`select 1`);
        return Promise.resolve();
      });
      await expect(late?.()).rejects.toThrow('ended');
    });

    it('sets what was asked for, and only there', async () => {
      const settings = sql`select current_setting('synchronous_commit') as sync, current_setting('statement_timeout') as statement,
        current_setting('lock_timeout') as lock, current_setting('transaction_isolation') as isolation, current_setting('transaction_read_only') as read_only`;
      await using database = another({ poolMax: 1 });
      const before = await database.one(settings);
      const inside = await database.transaction(async (tx) => (await tx.query(settings)).rows[0], {
        synchronousCommit: 'off',
        statementTimeoutMs: 1_234,
        lockTimeoutMs: 567,
        isolation: 'serializable',
        readOnly: true,
      });
      expect(inside).toEqual({ sync: 'off', statement: '1234ms', lock: '567ms', isolation: 'serializable', read_only: 'on' });
      expect(await database.one(settings)).toEqual(before);
    });

    it('runs again after a serialization failure, as often as allowed', async () => {
      await t.database.query(sql`insert into notes values (10)`);
      let runs = 0;
      const collide = (attempts: number): Promise<void> =>
        t.database.transaction(
          async (tx) => {
            runs += 1;
            await tx.query(sql`select * from notes`);
            if (runs === 1) await t.database.query(sql`update notes set n = n + 1 where n >= 10`);
            await tx.query(sql`update notes set n = n + 1 where n >= 10`);
          },
          { isolation: 'repeatable read', attempts },
        );
      await expect(collide(1)).rejects.toMatchObject({ code: '40001' });
      runs = 0;
      await collide(3);
      expect(runs).toBe(2);
      await t.database.query(sql`delete from notes`);
    });

    it('copies a binary payload of several megabytes', async () => {
      const rows = 200_000;
      const payload = Buffer.alloc(19 + rows * 10 + 2);
      payload.write('PGCOPY\n\xff\r\n\0', 'latin1');
      for (let i = 0; i < rows; i += 1) {
        payload.writeInt16BE(1, 19 + i * 10);
        payload.writeInt32BE(4, 21 + i * 10);
        payload.writeInt32BE(i, 25 + i * 10);
      }
      payload.writeInt16BE(-1, 19 + rows * 10);
      const copied = await t.database.transaction(async (tx) => {
        const count = await tx.copyBinary('copy notes from stdin (format binary)', payload);
        await tx.query(sql`select 1`);
        return count;
      });
      expect(copied).toBe(rows);
      expect(await t.database.one(sql`select count(*) as n, max(n) as last from notes`)).toEqual({ n: rows, last: rows - 1 });
      await expect(t.database.transaction((tx) => tx.copyBinary('copy notes from stdin (format binary)', payload))).rejects.toMatchObject({
        code: '23505',
      });
      await expect(t.database.transaction((tx) => tx.copyBinary('copy nowhere from stdin (format binary)', payload))).rejects.toMatchObject(
        { code: '42P01' },
      );
      await t.database.query(sql`truncate notes`);
      const { total, idle } = t.database.status().pools.main;
      expect(total).toBe(idle);
    });
  });

  describe('tells what is wrong with the connection', () => {
    it('nothing listens there', async () => {
      expect(await failureOf(changed((url) => (url.port = '9')))).toMatchObject({
        code: 'DATABASE_UNREACHABLE',
        message: 'Nothing answers at 127.0.0.1:9.',
      });
    });

    it('no such host', async () => {
      expect(await failureOf(changed((url) => (url.hostname = 'no-such-host.invalid')))).toMatchObject({
        code: 'DATABASE_UNREACHABLE',
        message: 'The host "no-such-host.invalid" of the database is not known.',
      });
    });

    it('a wrong password, which it does not repeat', async () => {
      const error = await failureOf(changed((url) => (url.password = 'my-wrong-secret')));
      expect(error).toMatchObject({ code: 'DATABASE_AUTH' });
      expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('my-wrong-secret');
    });

    it('no such database', async () => {
      expect(await failureOf(changed((url) => (url.pathname = '/nowhere')))).toMatchObject({
        code: 'DATABASE_MISSING',
        remedy: expect.stringContaining('create database "nowhere"') as string,
      });
    });

    it('no TLS where the URL demands it', async () => {
      expect(await failureOf(changed((url) => url.searchParams.set('sslmode', 'require')))).toMatchObject({
        code: 'DATABASE_TLS',
        remedy: expect.stringContaining('sslmode=disable') as string,
      });
    });

    it('but takes what the server offers where the URL only prefers it', async () => {
      expect(await failureOf(changed((url) => url.searchParams.set('sslmode', 'prefer')))).toBe('it started');
    });

    it('too many connections', async () => {
      const role = `muster_test_few_${process.pid}`;
      await t.database.query({ text: `create role ${role} login password 'few' connection limit 1`, values: [] });
      try {
        const url = changed((u) => {
          u.username = role;
          u.password = 'few';
        });
        await using first = another({ url });
        await first.start();
        expect(await failureOf(url)).toMatchObject({ code: 'DATABASE_BUSY', data: { sqlState: '53300', transient: true } });
      } finally {
        await t.database.query({ text: `drop role ${role}`, values: [] });
      }
    });

    it('a network that swallows everything, in the time given', async () => {
      const { host, port } = t.database.connection;
      await using proxy = await startProxy({ host, port });
      proxy.blackHole();
      const from = performance.now();
      expect(await failureOf(throughProxy(t.url, proxy), { connectTimeoutMs: 300 })).toMatchObject({ code: 'DATABASE_UNREACHABLE' });
      expect(performance.now() - from).toBeLessThan(20_000);
    });

    it('a right that is missing', async () => {
      const role = `muster_test_poor_${process.pid}`;
      await t.database.query({ text: `create role ${role} login password 'poor'`, values: [] });
      try {
        await using poor = another({
          url: changed((u) => {
            u.username = role;
            u.password = 'poor';
          }),
        });
        await expect(poor.query(sql`select * from muster.agents`)).rejects.toMatchObject({
          code: 'DATABASE_RIGHTS',
          message: expect.stringContaining(role) as string,
        });
      } finally {
        await t.database.query({ text: `drop role ${role}`, values: [] });
      }
    });

    it('a database that takes no writes', async () => {
      await using database = another();
      await expect(database.transaction((tx) => tx.query(sql`insert into notes values (1)`), { readOnly: true })).rejects.toMatchObject({
        code: 'DATABASE_READ_ONLY',
      });
    });

    it('a stale lease, as the fence says it', async () => {
      await expect(t.database.query(sql`select muster.fence(gen_random_uuid(), '{}', '{}')`)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    });
  });

  describe('goes on after', () => {
    it('a backend that was terminated while idle', async () => {
      await using database = another({ poolMax: 1 });
      const pid = (await database.one<{ pid: number }>(sql`select pg_backend_pid() as pid`))?.pid;
      await t.database.query(sql`select pg_terminate_backend(${pid}::int)`);
      await until('the pool has noticed', () => database.status().pools.main.total === 0);
      expect(await database.one(sql`select 1 as one`)).toEqual({ one: 1 });
    });

    it('a backend that was terminated at work, and says that the outcome is unknown', async () => {
      await using database = another({ poolMax: 1 });
      await database.start();
      const pid = database.status().session?.pid;
      const sleeping = database.query(sql`select pg_sleep(30)`).catch((error: unknown) => error);
      await until(
        'it sleeps',
        async () =>
          (await t.database.one(sql`select 1 from pg_stat_activity where pid = ${pid}::int and query like '%pg_sleep%'`)) !== undefined,
      );
      await t.database.query(sql`select pg_terminate_backend(${pid}::int)`);
      expect(await sleeping).toMatchObject({ code: 'DATABASE_UNREACHABLE', data: { transient: true, outcomeUnknown: true } });
      expect(await database.one(sql`select 1 as one`)).toEqual({ one: 1 });
    });

    it('a connection that breaks between two statements of a transaction', async () => {
      await using database = another({ poolMax: 1 });
      await expect(
        database.transaction(async (tx) => {
          const pid = (await tx.query<{ pid: number }>(sql`select pg_backend_pid() as pid`)).rows[0]?.pid;
          await t.database.query(sql`select pg_terminate_backend(${pid}::int)`);
          await delay(50);
          await tx.query(sql`insert into notes values (20)`);
        }),
      ).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
      expect(await database.one(sql`select count(*) as n from notes`)).toEqual({ n: 0 });
    });

    it('a commit whose answer was lost, which it reports as unknown', async () => {
      const { host, port } = t.database.connection;
      await using proxy = await startProxy({ host, port });
      await using database = another({ url: throughProxy(t.url, proxy), poolMax: 1 });
      const committing = database.transaction(async (tx) => {
        await tx.query(sql`create table public.deferred_sleep (n int)`);
        await tx.query({
          text: `create function public.slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.3); return null; end';
                   create constraint trigger slow after insert on deferred_sleep deferrable initially deferred for each row execute function slow()`,
          values: [],
        });
        await tx.query(sql`insert into deferred_sleep values (1)`);
        setTimeout(() => proxy.cut(), 100);
      });
      await expect(committing).rejects.toMatchObject({
        message: expect.stringContaining('may or may not') as string,
        data: { outcomeUnknown: true },
      });
    });

    it('a statement that takes too long for the server', async () => {
      await using database = another({ poolMax: 1, statementTimeoutMs: 50 });
      await expect(database.query(sql`select pg_sleep(5)`)).rejects.toMatchObject({
        code: 'DATABASE_TIMEOUT',
        data: { sqlState: '57014' },
      });
      expect(database.status().pools.main).toMatchObject({ total: 1, discarded: 0 });
    });

    it('a lock that is not to be had', async () => {
      await t.database.transaction(async (tx) => {
        await tx.query(sql`lock table notes`);
        await expect(t.database.transaction((other) => other.query(sql`select * from notes`), { lockTimeoutMs: 30 })).rejects.toMatchObject(
          {
            code: 'DATABASE_TIMEOUT',
            data: { sqlState: '55P03', transient: true },
          },
        );
      });
    });

    it('an answer that does not come: the connection is thrown away, not given to the next', async () => {
      const { host, port } = t.database.connection;
      await using proxy = await startProxy({ host, port });
      await using database = another({ url: throughProxy(t.url, proxy), poolMax: 1, queryTimeoutMs: 100 });
      await database.start();
      proxy.blackHole();
      await expect(database.query(sql`select 1`)).rejects.toMatchObject({ code: 'DATABASE_TIMEOUT', data: { outcomeUnknown: true } });
      expect(database.status().pools.main.discarded).toBe(1);
      proxy.heal();
      expect(await database.one(sql`select 2 as two`)).toEqual({ two: 2 });
    });
  });

  it('keeps connections for heartbeats when all others are busy, and says when none comes free', async () => {
    await using database = another({ poolMax: 1, connectTimeoutMs: 1_000 });
    await database.start();
    await database.transaction(async (tx) => {
      await tx.query(sql`select 1`);
      expect(await database.one(sql`select 1 as beat`, { pool: 'heartbeat' })).toEqual({ beat: 1 });
      await expect(database.query(sql`select 1`)).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
    });
    expect(database.status().pools).toMatchObject({ main: { max: 1, waiting: 0 }, heartbeat: { max: 2, total: 1 } });
  });

  it('prepares a named statement once a connection', async () => {
    await using database = another({ poolMax: 1 });
    for (let n = 0; n < 3; n += 1) await database.query({ ...sql`select ${n}::int as n`, name: 'count up' });
    expect(await database.one(sql`select count(*) as n from pg_prepared_statements where name = 'count up'`)).toEqual({ n: 1 });
  });

  it('leaves no connection behind when it stops, and refuses work then', async () => {
    const database = another({ applicationName: 'muster leaving', poolMax: 3 });
    await Promise.all([1, 2, 3].map(() => database.query(sql`select pg_sleep(0.05)`)));
    await database.stop();
    await until(
      'its backends are gone',
      async () =>
        (await t.database.one(sql`select 1 from pg_stat_activity where application_name like 'muster leaving%' limit 1`)) === undefined,
    );
    await expect(database.query(sql`select 1`)).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
  });
});
