import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresAdapter } from '../../src/db/adapter.ts';
import { migrate } from '../../src/db/migrate.ts';
import { named, sql } from '../../src/db/sql.ts';
import { WakeUps } from '../../src/db/wake-ups.ts';
import { coreMigrations } from '../../src/state/migrations.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { startPgBouncer, type PgBouncer } from '../support/pgbouncer.ts';
import { missing } from '../support/requirements.ts';
import { until } from '../support/until.ts';

describe.skipIf(missing('pgbouncer'))('behind PgBouncer in transaction mode', () => {
  let t: TestDatabase;
  let pooler: PgBouncer;
  let database: PostgresAdapter;
  beforeAll(async () => {
    t = await testDatabase({ empty: true });
    pooler = await startPgBouncer(t.url);
    database = new PostgresAdapter({ url: pooler.url, poolMax: 4, poolMin: 0, statementTimeoutMs: 2_000 });
    await database.start();
  });
  afterAll(async () => {
    await database.stop();
    await pooler[Symbol.asyncDispose]();
    await t[Symbol.asyncDispose]();
  });

  it('sees that the session is not its own and leaves nothing in it', async () => {
    expect(database.status().session?.pooled).toBe(true);
    for (let i = 0; i < 5; i += 1) {
      expect(await database.one(sql`select current_setting('statement_timeout') as timeout`)).toEqual({ timeout: '0' });
    }
  });

  it('sets its limits in each transaction instead', async () => {
    const limit = await database.transaction(
      async (tx) => (await tx.query(sql`select current_setting('statement_timeout') as timeout`)).rows[0],
    );
    expect(limit).toEqual({ timeout: '2s' });
  });

  it('migrates, one of several at a time', async () => {
    const reports = await Promise.all([1, 2, 3].map(() => migrate(database, [coreMigrations])));
    expect(reports.filter(({ applied }) => applied.length > 0)).toHaveLength(1);
  });

  it('sends named statements unprepared', async () => {
    const results = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => database.one(named('same name', sql`select ${n}::int as n`))));
    expect(results).toEqual([1, 2, 3, 4, 5, 6].map((n) => ({ n })));
  });

  it('finds out that LISTEN does not work, says that it polls, and still wakes its own process', async () => {
    await using wake = new WakeUps(database);
    let woken = 0;
    wake.on('events', () => (woken += 1));
    await wake.start();
    await until('the pooler is unmasked', () => wake.status().mode === 'polling');
    wake.hint('events');
    await until('its own listener is called', () => woken === 1);
  });

  it('listens past the pooler where it is told how', async () => {
    await using both = new PostgresAdapter({ url: pooler.url, directUrl: t.url, poolMax: 2, poolMin: 0 });
    await using wake = new WakeUps(both);
    await wake.start();
    await until('it listens', () => wake.status().mode === 'listening');
  });
});
