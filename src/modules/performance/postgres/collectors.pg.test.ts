import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import type { AgentSql } from '../../../agent/context.ts';
import { silentLogger } from '../../../base/logger.ts';
import type { Transaction } from '../../../db/database.ts';
import { raw, sql } from '../../../db/sql.ts';
import { METRICS } from '../catalogue.ts';
import { fleetCollectors } from '../fleet/collectors.ts';
import type { Reading } from '../reading.ts';
import { Rounds } from '../rounds.ts';
import { postgresCollectors } from './collectors.ts';
import { POSTGRES_METRICS } from './metrics.ts';

const INTERVALS = { fast: 5_000, slow: 5_000, rare: 5_000 };

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test[Symbol.asyncDispose]());

/** Reads as an agent does; `before` runs in the same transaction. */
function sqlOf(before?: (tx: Transaction) => Promise<unknown>): AgentSql {
  const read: AgentSql['read'] = (statement, limits = {}) =>
    test.database.transaction(
      async (tx) => {
        await before?.(tx);
        return tx.query(statement);
      },
      { readOnly: true, ...limits },
    );
  return {
    read,
    write: () => Promise.reject(new Error('collectors do not write')),
    transaction: () => Promise.reject(new Error('collectors do not write')),
  };
}

async function collect(rounds: Rounds, tick: number, agentSql = sqlOf()): Promise<readonly Reading[]> {
  return rounds.collect(tick, {
    sql: agentSql,
    pools: () => test.database.pools(),
    latest: () => Promise.resolve([]),
    monotonic: tick,
    statementTimeoutMs: 2_000,
    log: silentLogger,
  });
}

const valueOf = (readings: readonly Reading[], name: string, labels: Readonly<Record<string, string>> = {}): number | undefined =>
  readings.find((reading) => reading.name === name && Object.entries(labels).every(([key, value]) => reading.labels[key] === value))?.value;

describe('the PostgreSQL collectors', () => {
  it('read every source of this server without an error', async () => {
    const rounds = new Rounds([...postgresCollectors({ host: 'here' }), ...fleetCollectors()], INTERVALS);
    const first = await collect(rounds, 5_000);
    const second = await collect(rounds, 10_000);
    expect(rounds.status().filter(({ status }) => status !== 'up')).toEqual([]);
    // What only exists with standbys, slots, checksums or a reset; and the ratio of an interval in which no statistics arrived.
    const absentHere = [
      'postgres_cache_hit_ratio',
      'postgres_replication_lag_bytes',
      'postgres_replication_lag_seconds',
      'postgres_replay_age_seconds',
      'postgres_replication_slot_retained_bytes',
      'postgres_checksum_failures_total',
      'postgres_stats_reset_time_seconds',
    ];
    const read = new Set([...first, ...second].map(({ name }) => name));
    expect(Object.keys(POSTGRES_METRICS).filter((name) => !read.has(name as keyof typeof METRICS) && !absentHere.includes(name))).toEqual(
      [],
    );
  });

  it('record the labels that the catalogue names, and no others', async () => {
    const rounds = new Rounds([...postgresCollectors({ host: 'here' }), ...fleetCollectors()], INTERVALS);
    for (const { name, labels } of [...(await collect(rounds, 5_000)), ...(await collect(rounds, 10_000))]) {
      expect(Object.keys(labels).toSorted(), name).toEqual([...METRICS[name].labels].toSorted());
    }
  });

  it('see a session that is idle in a transaction, and how long', async () => {
    const rounds = new Rounds(postgresCollectors({ host: 'here' }), INTERVALS);
    let readings: readonly Reading[] = [];
    await test.database.transaction(async (tx) => {
      await tx.query(sql`select 1`);
      const { rows } = await tx.query<{ at: number }>(sql`select extract(epoch from clock_timestamp())::float8 as at`);
      expect(rows).toHaveLength(1);
      readings = await collect(rounds, 5_000);
    });
    expect(valueOf(readings, 'postgres_connections', { state: 'idle_in_transaction' })).toBeGreaterThanOrEqual(1);
    expect(valueOf(readings, 'postgres_longest_idle_in_transaction_seconds')).toBeGreaterThan(0);
    expect(valueOf(readings, 'postgres_longest_transaction_seconds')).toBeGreaterThan(0);
  });

  it('see a session that waits for a lock, and how long', async () => {
    const rounds = new Rounds(postgresCollectors({ host: 'here' }), INTERVALS);
    await test.database.query(sql`create table contended (id int primary key)`);
    let waiter: Promise<unknown> | undefined;
    await test.database.transaction(async (holder) => {
      await holder.query(sql`lock table contended in access exclusive mode`);
      waiter = test.database.transaction((tx) => tx.query(sql`select * from contended`), { lockTimeoutMs: 10_000 });
      await expect
        .poll(
          async () =>
            valueOf(await collect(new Rounds(postgresCollectors({ host: 'here' }), INTERVALS), 5_000), 'postgres_lock_waiting_backends'),
          { timeout: 5_000 },
        )
        .toBe(1);
      const readings = await collect(rounds, 5_000);
      expect(valueOf(readings, 'postgres_longest_lock_wait_seconds')).toBeGreaterThan(0);
    });
    await waiter;
  });

  it('count the sessions of others as hidden, and leave their ages out, without pg_monitor', async () => {
    const role = `muster_restricted_${process.pid}`;
    await test.database.query(sql`create role ${raw(role)}`);
    try {
      const rounds = new Rounds(postgresCollectors({ host: 'here' }), INTERVALS);
      const readings = await collect(
        rounds,
        5_000,
        sqlOf((tx) => tx.query(sql`set local role ${raw(role)}`)),
      );
      expect(valueOf(readings, 'postgres_connections', { state: 'hidden' })).toBeGreaterThan(0);
      expect(valueOf(readings, 'postgres_longest_transaction_seconds')).toBeUndefined();
      expect(valueOf(readings, 'postgres_connections_usage_ratio')).toBeGreaterThan(0);
    } finally {
      await test.database.query(sql`drop role ${raw(role)}`);
    }
  });

  it('give up on a statement after its time-out, and go on with the rest', async () => {
    const rounds = new Rounds(
      [
        ...postgresCollectors({ host: 'here' }).slice(0, 1),
        {
          name: 'slow',
          tier: 'fast',
          asksDatabase: true,
          collect: async ({ sql: database, statementTimeoutMs }) =>
            void (await database.read(sql`select pg_sleep(30)`, { statementTimeoutMs })),
        },
        ...postgresCollectors({ host: 'here' }).slice(2, 3),
      ],
      INTERVALS,
    );
    const readings = await rounds.collect(5_000, {
      sql: sqlOf(),
      pools: () => [],
      latest: () => Promise.resolve([]),
      monotonic: 5_000,
      statementTimeoutMs: 200,
      log: silentLogger,
    });
    expect(rounds.status().map(({ status }) => status)).toEqual(['up', 'failing', 'up']);
    expect(valueOf(readings, 'postgres_connections_limit')).toBeGreaterThan(0);
  });

  it('measure the cache of the time between two runs', async () => {
    const rounds = new Rounds(postgresCollectors({ host: 'here' }), INTERVALS);
    expect(valueOf(await collect(rounds, 5_000), 'postgres_cache_hit_ratio')).toBeUndefined();
    await test.database.query(sql`create table cached as select generate_series(1, 50000) as id`);
    await test.database.query(sql`select count(*) from cached`);
    await expect
      .poll(async () => valueOf(await collect(rounds, Date.now()), 'postgres_cache_hit_ratio'), { timeout: 10_000 })
      .toBeGreaterThan(0.5);
  });
});
