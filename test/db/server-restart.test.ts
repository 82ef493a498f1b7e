import { expect, it } from 'vitest';
import { silentLogger } from '../../src/base/logger.ts';
import { PostgresAdapter } from '../../src/db/adapter.ts';
import { startEmbedded } from '../../src/db/embedded/index.ts';
import { sql } from '../../src/db/sql.ts';
import { WakeUps } from '../../src/db/wake-ups.ts';
import { until } from '../support/until.ts';
import { testFolder } from './embedded/folder.ts';

it.each(['fast', 'immediate'] as const)(
  'statements and wake-ups come back by themselves after a restart of the server (%s)',
  async (mode) => {
    await using folder = await testFolder();
    const before = await startEmbedded({ dataDir: folder.dataDir, log: silentLogger });
    await using database = new PostgresAdapter({ url: before.url, poolMax: 3 });
    await using wake = new WakeUps(database);
    await wake.start();
    await Promise.all([1, 2, 3].map(() => database.query(sql`select pg_sleep(0.02)`)));
    await until('it listens', () => wake.status().mode === 'listening');
    const interrupted = database.query(sql`select pg_sleep(30)`).catch((error: unknown) => error);
    await before.stop(mode);
    expect(await interrupted).toMatchObject({ code: 'DATABASE_UNREACHABLE', data: { transient: true, outcomeUnknown: true } });
    await expect(database.query(sql`select 1`)).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE', data: { outcomeUnknown: false } });
    await using after = await startEmbedded({ dataDir: folder.dataDir, log: silentLogger });
    expect(after.url).toBe(before.url);
    expect(await database.one(sql`select 1 as one`)).toEqual({ one: 1 });
    await until('it listens again', () => wake.status().reconnects === 1);
    // In the order of their making: those that use the server end before it does.
    await wake.stop();
    await database.stop();
  },
);
