import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import type { AgentSql } from '../../../agent/context.ts';
import { silentLogger } from '../../../base/logger.ts';
import type { Transaction } from '../../../db/database.ts';
import { raw, sql } from '../../../db/sql.ts';
import { METRICS } from '../catalogue.ts';
import type { Collection } from '../collector.ts';
import { fleetCollectors } from '../fleet/collectors.ts';
import type { Reading } from '../reading.ts';
import { Rounds } from '../rounds.ts';
import { postgresCollectors, surveyCollectors } from './collectors.ts';
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

async function collect(rounds: Rounds, tick: number, agentSql = sqlOf(), emit?: Collection['emit']): Promise<readonly Reading[]> {
  return rounds.collect(tick, {
    sql: agentSql,
    pools: () => test.database.pools(),
    latest: () => Promise.resolve([]),
    monotonic: tick,
    statementTimeoutMs: 20_000,
    log: silentLogger,
    ...(emit === undefined ? {} : { emit }),
  });
}

const valueOf = (readings: readonly Reading[], name: string, labels: Readonly<Record<string, string>> = {}): number | undefined =>
  readings.find((reading) => reading.name === name && Object.entries(labels).every(([key, value]) => reading.labels[key] === value))?.value;

describe('the PostgreSQL collectors', () => {
  const everything = () => [...postgresCollectors({ host: 'here' }), ...surveyCollectors(20), ...fleetCollectors()];

  it('read every source of this server without an error', async () => {
    const rounds = new Rounds(everything(), INTERVALS);
    const first = await collect(rounds, 5_000);
    const second = await collect(rounds, 10_000);
    const major = Math.floor((valueOf(first, 'postgres_server_version_number') ?? 0) / 10_000);
    const statuses = rounds.status();
    expect(statuses.filter(({ status }) => status === 'failing')).toEqual([]);
    const notOffered = statuses.filter(({ status }) => status === 'not_offered').map(({ collector }) => collector);
    expect(notOffered).toEqual([
      ...(major < 16 ? ['postgres_io'] : []),
      ...(major < 15 ? ['postgres_subscriptions', 'postgres_collations'] : []),
      'postgres_statements',
    ]);
    // What only exists with standbys, slots, subscriptions, an archive, checksums, a reset, timing or load; and the ratio of an
    // interval in which no statistics arrived.
    const absentHere =
      /^postgres_(cache_hit_ratio|replication_.*|replay_age_.*|checksum_failures_total|stats_reset_time_seconds|subscription_errors_total|archived_total|last_archive_age_seconds|archiver_failing|block_io_seconds_total|io_seconds_total|io_evictions_total|progress_ratio|query_.*|statements_deallocated_total|table_vacuum_seconds_total|sequence_usage_ratio|locks|table_autovacuum_(due|late)_ratio|table_tuples_total|table_last_vacuum_time_seconds|table_blocks_total|integer_key_usage_ratio|table_bloat_estimated_bytes|buffers_written_total)$/;
    const read = new Set([...first, ...second].map(({ name }) => name));
    const newer = (source: string): boolean => Number(/\((\d\d)\+?\)$/.exec(source)?.[1] ?? 0) > major;
    expect(
      Object.entries(POSTGRES_METRICS)
        .filter(([name, { source }]) => !read.has(name as keyof typeof METRICS) && !absentHere.test(name) && !newer(source))
        .map(([name]) => name),
    ).toEqual([]);
  });

  it('record the labels that the catalogue names, and no others', async () => {
    const rounds = new Rounds(everything(), INTERVALS);
    for (const { name, labels } of [...(await collect(rounds, 5_000)), ...(await collect(rounds, 10_000))]) {
      expect(Object.keys(labels).toSorted(), name).toEqual([...METRICS[name].labels].toSorted());
    }
  });

  it('name every series of a collection once', async () => {
    const rounds = new Rounds(everything(), INTERVALS);
    const seen = (await collect(rounds, 5_000)).map(({ name, labels }) =>
      JSON.stringify([name, Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))]),
    );
    expect(seen.filter((series, index) => seen.indexOf(series) !== index)).toEqual([]);
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
      waiter = test.database.transaction((tx) => tx.query(sql`select * from contended`), { lockTimeoutMs: 60_000 });
      await expect
        .poll(async () =>
          valueOf(await collect(new Rounds(postgresCollectors({ host: 'here' }), INTERVALS), 5_000), 'postgres_lock_waiting_backends'),
        )
        // Other tests on this server may wait for locks as well.
        .toBeGreaterThanOrEqual(1);
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

  it('name the root of a blocking tree once, in an event', async () => {
    const events: { readonly type: string; readonly data: Readonly<Record<string, unknown>> }[] = [];
    const roots = (): readonly string[] => events.map(({ data }) => (data['roots'] as { pid: number }[]).map(({ pid }) => pid).join());
    const rounds = new Rounds(postgresCollectors({ host: 'here' }), INTERVALS);
    await test.database.query(sql`create table blocked (id int primary key)`);
    const waiters: Promise<unknown>[] = [];
    await test.database.transaction(async (holder) => {
      await holder.query(sql`lock table blocked in access exclusive mode`);
      const { rows } = await holder.query<{ pid: number }>(sql`select pg_backend_pid() as pid`);
      waiters.push(test.database.transaction((tx) => tx.query(sql`select * from blocked`), { lockTimeoutMs: 60_000 }));
      let tick = 0;
      const look = async (): Promise<number> =>
        valueOf(
          await collect(rounds, (tick += 5_000), sqlOf(), (type, data) => events.push({ type, data })),
          'postgres_blocked_backends',
        ) ?? 0;
      // Other tests on this server may block each other meanwhile: then there are more roots, and other ones.
      const own = () => events.find((_, index) => roots()[index]?.split(',').includes(String(rows[0]?.pid)) === true);
      await expect.poll(async () => (await look()) > 0 && own() !== undefined).toBe(true);
      await look();
      expect(roots().filter((each, index) => each === roots()[index - 1])).toEqual([]);
      expect(own()).toMatchObject({
        type: 'database:blocked',
        data: { waiting: expect.arrayContaining([expect.objectContaining({ blocked_by: [rows[0]?.pid] })]) as unknown },
      });
    });
    await Promise.all(waiters);
  });

  it('find by name what a schema lacks and has too much of', async () => {
    for (const statement of [
      'create table advised (id int primary key, a int, b int, c text)',
      'create index advised_a on advised (a)',
      'create index advised_a_b on advised (a, b)',
      'create index advised_b_where on advised (b) where a > 1',
      'create table advising (advised_id int references advised, note text)',
      'create table keyless (id int)',
      'alter table advising add constraint short check (length(note) < 10) not valid',
      'create unique index concurrently keyless_id on keyless (id)',
      `update pg_index set indisvalid = false where indexrelid = 'keyless_id'::regclass`,
    ])
      await test.database.query({ text: statement, values: [] });
    const rounds = new Rounds(surveyCollectors(20), INTERVALS);
    const readings = await collect(rounds, 5_000);
    const advice = (topic: string): readonly string[] | undefined =>
      rounds
        .advice()
        .get(topic)
        ?.advice.map(({ object }) => object);
    expect(advice('duplicate_indexes')).toContain('muster.advised_a');
    expect(advice('duplicate_indexes')).not.toContain('muster.advised_b_where');
    expect(advice('unindexed_foreign_keys')).toContain('muster.advising');
    expect(advice('tables_without_primary_key')).toEqual(expect.arrayContaining(['muster.keyless', 'muster.advising']));
    expect(advice('constraints_not_validated')).toContain('muster.advising');
    expect(advice('invalid_indexes')).toEqual(['muster.keyless_id']);
    expect(valueOf(readings, 'postgres_invalid_indexes')).toBe(1);
    await test.database.query(sql`drop table advising, advised, keyless`);
  });

  it('tell the busiest tables by name and the others in sum', async () => {
    await test.database.query(sql`create table busy as select generate_series(1, 5000) as id`);
    const rounds = new Rounds(surveyCollectors(1), INTERVALS);
    await collect(rounds, 60_000);
    let tick = 60_000;
    await expect
      .poll(async () => {
        await test.database.query(sql`select sum(id) from busy`);
        const readings = await collect(rounds, (tick += 60_000));
        return readings.filter(({ name }) => name === 'postgres_table_live_tuples').map(({ labels }) => labels['table']);
      })
      .toEqual(['busy', '(rest)']);
    await test.database.query(sql`drop table busy`);
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
        ...postgresCollectors({ host: 'here' }).slice(1, 2),
      ],
      INTERVALS,
    );
    const readings = await rounds.collect(5_000, {
      sql: sqlOf(),
      pools: () => [],
      latest: () => Promise.resolve([]),
      monotonic: 5_000,
      statementTimeoutMs: 1_500,
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
    await expect.poll(async () => valueOf(await collect(rounds, Date.now()), 'postgres_cache_hit_ratio')).toBeGreaterThan(0.5);
  });
});
