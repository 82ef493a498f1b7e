import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkSchema, migrate, type MigrateOptions, type MigrationReport } from '../../src/db/migrate.ts';
import type { MigrationSet } from '../../src/db/migration-set.ts';
import { sql } from '../../src/db/sql.ts';
import { coreMigrations } from '../../src/state/migrations.ts';
import { spawnModule } from '../support/child.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

describe('migrate', () => {
  let folder: string;
  let t: TestDatabase;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'muster-migrations-'));
    t = await testDatabase({ empty: true });
  });
  afterEach(async () => {
    await t[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const set = (): MigrationSet => ({ name: 'test', folder: pathToFileURL(`${folder}/`) });
  const file = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
  const run = (options?: MigrateOptions): Promise<MigrationReport> => migrate(t.database, [set()], options);
  const count = async (table: string): Promise<unknown> =>
    (await t.database.one<{ n: number }>({ text: `select count(*) as n from ${table}`, values: [] }))?.n;

  it('applies what is new, in order, once', async () => {
    await file('000001_first.sql', 'create table a (n int); insert into a values (1);');
    expect(await run()).toMatchObject({ applied: ['test/000001_first'], versions: { test: 1 } });
    await file('000002_second.sql', 'insert into a select n + 1 from a;');
    await file('000003_third.sql', 'insert into a select n + 10 from a;');
    expect((await run()).applied).toEqual(['test/000002_second', 'test/000003_third']);
    expect((await run()).applied).toEqual([]);
    expect((await t.database.query(sql`select n from a order by n`)).rows).toEqual([{ n: 1 }, { n: 2 }, { n: 11 }, { n: 12 }]);
  });

  it('makes the core schema, with partitions to write to', async () => {
    const report = await migrate(t.database, [coreMigrations]);
    expect(report.applied.length).toBeGreaterThan(2);
    await t.database.query(sql`insert into agent_heartbeats (agent_id, status) values ('a', 'running')`);
    await checkSchema(t.database, [coreMigrations]);
  });

  it('leaves nothing of a migration that fails, tells the line, and goes on after it is mended', async () => {
    await file('000001_first.sql', 'create table a (n int);');
    await file('000002_second.sql', 'insert into a values (1);\ninsert into a\n  values (nonsense);');
    await expect(run()).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringMatching(
        /test\/000002_second failed: column "nonsense" does not exist at line 3: values \(nonsense\);/,
      ) as string,
    });
    expect(await count('a')).toBe(0);
    await file('000002_second.sql', 'insert into a values (2);');
    expect((await run()).applied).toEqual(['test/000002_second']);
    expect(await count('a')).toBe(1);
  });

  it('refuses a file that was changed after it had been applied, and names it', async () => {
    await file('000001_first.sql', 'create table a (n int);');
    await run();
    await file('000001_first.sql', 'create table a (n bigint);');
    await expect(run()).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: 'Migration test/000001_first was changed after it had been applied.',
    });
    await file('000001_first.sql', 'create table a (n int);\r\n'.replace('\r\n', ''));
    expect((await run()).applied).toEqual([]);
  });

  it('refuses a number used twice and a name that is none', async () => {
    await file('000001_first.sql', 'select 1;');
    await file('000001_also_first.sql', 'select 1;');
    await expect(run()).rejects.toMatchObject({ code: 'MIGRATION_FAILED' });
    await rm(join(folder, '000001_also_first.sql'));
    await file('first.sql', 'select 1;');
    await expect(run()).rejects.toMatchObject({ code: 'MIGRATION_FAILED', message: expect.stringContaining('first.sql') as string });
  });

  it('applies a number that was left out when it comes', async () => {
    await file('000003_third.sql', 'select 3;');
    expect((await run()).applied.at(-1)).toBe('test/000003_third');
    await file('000002_second.sql', 'select 2;');
    expect((await run()).applied).toEqual(['test/000002_second']);
  });

  it('lets one of many that start at once do the work', async () => {
    await file('000001_first.sql', 'create table a (n int); select pg_sleep(0.2);');
    await file('000002_second.sql', 'insert into a values (1);');
    const reports = await Promise.all([run(), run(), run(), run()]);
    expect(reports.map(({ applied }) => applied.length).toSorted((a, b) => a - b)).toEqual([0, 0, 0, 2]);
    expect(await count('a')).toBe(1);
  });

  it('waits for another migrator only so long', async () => {
    await file('000001_first.sql', 'select pg_sleep(3);');
    await using child = spawnModule(new URL('migrate-child.ts', import.meta.url), [t.url, folder]);
    expect(await child.line()).toBe('000001_first');
    await expect(run({ waitMs: 100 })).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringContaining('Another process') as string,
    });
  });

  it('goes on after a migrator that was killed in the middle of a transaction', async () => {
    await file('000001_first.sql', 'create table a (n int);');
    await file('000002_second.sql', 'insert into a values (1); select pg_sleep(60);');
    await using child = spawnModule(new URL('migrate-child.ts', import.meta.url), [t.url, folder]);
    expect(await child.line()).toBe('000001_first');
    expect(await child.line()).toBe('000002_second');
    await child.kill('SIGKILL');
    await t.database.query(
      sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like '%pg_sleep(60)%' and pid <> pg_backend_pid()`,
    );
    await file('000002_second.sql', 'insert into a values (2);');
    expect((await run()).applied).toEqual(['test/000002_second']);
    expect((await t.database.query(sql`select n from a`)).rows).toEqual([{ n: 2 }]);
  });

  it('resumes a migration without transaction at the statement where a kill stopped it, past an invalid index', async () => {
    await file('000001_table.sql', 'create schema big; create table big.a (n int); insert into big.a select generate_series(1, 1000);');
    await run();
    await file(
      '000002_index.sql',
      `-- muster: no-transaction
       insert into big.a values (-1);
       create index concurrently a_by_n on big.a (n);
       insert into big.a values (-2);`.replaceAll(/^ +/gm, ''),
    );
    // A transaction that has written to the table holds CREATE INDEX CONCURRENTLY up while it builds.
    let begun: (() => void) | undefined;
    const writing = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let letGo: (() => void) | undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const reading = t.database.transaction(async (tx) => {
      await tx.query(sql`insert into big.a values (-3)`);
      begun?.();
      await held;
    });
    await writing;
    await using child = spawnModule(new URL('migrate-child.ts', import.meta.url), [t.url, folder]);
    try {
      await until('the index is being built', async () => {
        const row = await t.database.one<{ there: boolean }>(
          sql`select exists (select from pg_index where indexrelid = to_regclass('big.a_by_n') and not indisvalid) as there`,
        );
        return row?.there === true;
      });
      await child.kill('SIGKILL');
      await t.database.query(
        sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'create index%'`,
      );
    } finally {
      letGo?.();
      await reading;
    }
    expect((await run()).applied).toEqual(['test/000002_index']);
    expect(await t.database.one(sql`select indisvalid as valid from pg_index where indexrelid = 'big.a_by_n'::regclass`)).toEqual({
      valid: true,
    });
    expect((await t.database.query(sql`select n, count(*) as times from big.a where n < 0 group by n order by n desc`)).rows).toEqual([
      { n: -1, times: 1 },
      { n: -2, times: 1 },
      { n: -3, times: 1 },
    ]);
  });

  it('refuses a newer schema, unless that declares itself compatible with this program', async () => {
    await file('000001_first.sql', 'create table a (n int);');
    await file('000002_second.sql', '-- muster: compatible-back-to 1\nalter table a add m int;');
    await run();
    await rm(join(folder, '000002_second.sql'));
    expect((await run()).applied).toEqual([]);
    await checkSchema(t.database, [set()]);
    await file('000002_second.sql', '-- muster: compatible-back-to 1\nalter table a add m int;');
    await file('000003_third.sql', 'alter table a drop m;');
    await run();
    await rm(join(folder, '000003_third.sql'));
    await expect(run()).rejects.toMatchObject({ code: 'SCHEMA_NEWER', data: { schema: 3, program: 2, needed: 3 } });
    await expect(checkSchema(t.database, [set()])).rejects.toMatchObject({ code: 'SCHEMA_NEWER' });
  });

  it('tells a start without migrating what is missing', async () => {
    await file('000001_first.sql', 'create table a (n int);');
    await expect(checkSchema(t.database, [set()])).rejects.toMatchObject({
      code: 'SCHEMA_MISSING',
      message: expect.stringContaining('test/000001_first') as string,
    });
  });

  it('touches nothing where a table of somebody else has our name', async () => {
    await t.database.query(sql`create table agents (mine text)`);
    await expect(migrate(t.database, [coreMigrations])).rejects.toMatchObject({
      code: 'SCHEMA_OCCUPIED',
      message: 'The database already has public.agents, which Muster did not make.',
    });
    expect(await t.database.one(sql`select to_regnamespace('muster') is null as untouched`)).toEqual({ untouched: true });
  });

  it('tells a user without rights which to ask for', async () => {
    const name = `muster_test_plain_${process.pid}`;
    await t.database.query({ text: `create role ${name} login password 'plain'`, values: [] });
    try {
      const url = new URL(t.url);
      url.username = name;
      url.password = 'plain';
      const { PostgresAdapter } = await import('../../src/db/adapter.ts');
      await using plain = new PostgresAdapter({ url: url.href, poolMax: 1, poolMin: 0 });
      await file('000001_first.sql', 'create table a (n int);');
      await expect(migrate(plain, [set()])).rejects.toMatchObject({
        code: 'DATABASE_RIGHTS',
        remedy: expect.stringContaining('grant create') as string,
      });
    } finally {
      await t.database.query({ text: `drop role ${name}`, values: [] });
    }
  });

  it('does not wait for a lock for long while writers queue behind it', async () => {
    await file('000001_first.sql', 'create table a (n int);');
    await run();
    await file('000002_second.sql', 'alter table a add m int;');
    let letGo: (() => void) | undefined;
    const holding = t.database.transaction(async (tx) => {
      await tx.query(sql`lock table a in access share mode`);
      await new Promise<void>((resolve) => {
        letGo = resolve;
      });
    });
    const migrating = run();
    await until('the migrator waits for the lock', async () => {
      const row = await t.database.one<{ n: number }>(
        sql`select count(*) as n from pg_locks where not granted and relation = 'a'::regclass`,
      );
      return row?.n === 1;
    });
    letGo?.();
    await holding;
    expect((await migrating).applied).toEqual(['test/000002_second']);
  });
});
