import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { agentId, epoch, hostId, type HostId } from '../../base/ids.ts';
import { isMusterError } from '../../base/errors.ts';
import type { Database, TransactionOptions, Transaction } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import { createMetrics, type Metrics, type Sample } from './index.ts';

let on: TestDatabase;
let metrics: Metrics;

beforeEach(async () => {
  on = await testDatabase();
  metrics = createMetrics(on.database);
});
afterEach(async () => {
  await metrics.stop();
  await on[Symbol.asyncDispose]();
});

const sample = (over: Partial<Sample> = {}): Sample => ({
  metricName: 'cpu_usage',
  agentId: 'a',
  unit: 'ratio',
  labels: {},
  at: Date.now(),
  value: 0.5,
  ...over,
});

/** A live host that holds these agents at these epochs. */
async function hostWith(agents: Readonly<Record<string, number>>): Promise<HostId> {
  const host = hostId(randomUUID());
  await on.database.query(
    sql`insert into muster.hosts (host_id, hostname, pid, version, capacity, expires_at) values (${host}, 'h', 1, '0', 10, clock_timestamp() + interval '1 minute')`,
  );
  for (const [id, at] of Object.entries(agents)) {
    await on.database.query(sql`insert into muster.agents (agent_id, agent_name, agent_type) values (${id}, ${id}, 'test_agent')`);
    await on.database.query(sql`update muster.agent_leases set host_id = ${host}, epoch = ${at} where agent_id = ${id}`);
  }
  return host;
}

const stored = async (): Promise<readonly { agent: string | null; value: number }[]> =>
  (
    await on.database.query<{ agent: string | null; value: number }>(
      sql`select agent_id as agent, value from muster.samples join muster.series using (series_id) order by value`,
    )
  ).rows;

describe('samples written in the name of a host', () => {
  test('are stored exactly, to the millisecond and the last bit', async () => {
    const host = await hostWith({ a: 3 });
    const at = Date.now() - 1234;
    const values = [0.1, -0, 5e-324, 1.7976931348623157e308, 2 ** 53, -1 / 3];
    const samples = values.map((value, i) => sample({ value, at: at + i, metricName: `m${i}` }));
    const result = await metrics.writeFenced({ hostId: host, fences: [{ hostId: host, agentId: agentId('a'), epoch: epoch(3) }], samples });
    expect(result).toEqual({ written: 6, rejected: [] });
    const { rows } = await on.database.query<{ name: string; at: number; value: number }>(
      sql`select metric_name as name, date_part('epoch', ts) * 1000 as at, value from muster.samples join muster.series using (series_id) order by metric_name`,
    );
    rows.forEach((row, i) => {
      expect(Object.is(row.value, values[i])).toBe(true);
      expect(row.at).toBe(at + i);
    });
    expect(rows).toHaveLength(6);
  });

  test('of an agent that has moved on are refused one by one, the others are written', async () => {
    const host = await hostWith({ a: 3, b: 7 });
    const fences = [
      { hostId: host, agentId: agentId('a'), epoch: epoch(3) },
      { hostId: host, agentId: agentId('b'), epoch: epoch(6) },
    ];
    const samples = [
      sample({ agentId: 'b', value: 1 }),
      sample({ value: 2 }),
      sample({ agentId: 'c', value: 3 }),
      sample({ agentId: '', value: 4 }),
    ];
    const result = await metrics.writeFenced({ hostId: host, fences, samples });
    expect(result.rejected).toEqual([
      { index: 0, reason: 'stale_epoch' },
      { index: 2, reason: 'stale_epoch' },
    ]);
    expect(await stored()).toEqual([
      { agent: 'a', value: 2 },
      { agent: null, value: 4 },
    ]);
    expect(metrics.status().rejected.stale_epoch).toBe(2);
  });

  test('of a host whose lease ran out are refused as a whole', async () => {
    const host = await hostWith({ a: 3 });
    await on.database.query(sql`update muster.hosts set expires_at = clock_timestamp() - interval '1 ms'`);
    const batch = { hostId: host, fences: [{ hostId: host, agentId: agentId('a'), epoch: epoch(3) }], samples: [sample()] };
    await expect(metrics.writeFenced(batch)).rejects.toSatisfy((error) => isMusterError(error, 'LEASE_LOST'));
    expect(await stored()).toEqual([]);
  });

  test('hold up whoever takes the agent away until they are committed, and are refused after', async () => {
    const host = await hostWith({ a: 3 });
    const batch = { hostId: host, fences: [{ hostId: host, agentId: agentId('a'), epoch: epoch(3) }], samples: [sample()] };
    const done: string[] = [];
    let write: Promise<unknown> = Promise.resolve();
    await on.database.transaction(async (tx) => {
      await tx.query(sql`select from muster.hosts where host_id = ${host} for update`);
      write = metrics.writeFenced(batch).then((result) => done.push(`written ${result.written}, refused ${result.rejected.length}`));
      await waitFor(
        async () =>
          (await on.database.query(sql`select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`))
            .count > 0,
      );
      await tx.query(sql`update muster.agent_leases set epoch = 4, host_id = null`);
      done.push('taken');
    });
    await write;
    expect(done).toEqual(['taken', 'written 0, refused 1']);
  });
});

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

test('a sample is refused with its reason, and the rest of its batch is written', async () => {
  const cases: readonly [string, Partial<Sample>, string][] = [
    ['when it is not a number', { value: Number.NaN }, 'not_finite'],
    ['when it is infinite', { value: Number.NEGATIVE_INFINITY }, 'not_finite'],
    ['when it lies more than five minutes ahead', { at: Date.now() + 6 * 60_000 }, 'bad_time'],
    ['when it is older than the detail that is kept', { at: Date.now() - 31 * 86_400_000 }, 'bad_time'],
    ['when its time is not a number', { at: Number.NaN }, 'bad_time'],
    ['when its name is empty', { metricName: '' }, 'bad_name'],
    ['when its name has a control character', { metricName: 'a\u0001b' }, 'bad_name'],
    ['when its name is too long', { metricName: 'x'.repeat(256) }, 'bad_name'],
    ['when a label is half a character', { labels: { a: '\ud800' } }, 'bad_name'],
    ['when its agent is a NUL', { agentId: '\0' }, 'bad_name'],
  ];
  for (const [why, over, reason] of cases) {
    const result = await metrics.writeExternal([sample({ value: 1 }), sample({ value: 2, ...over }), sample({ value: 3 })]);
    expect(result, why).toEqual({ written: 2, rejected: [{ index: 1, reason }] });
    expect(
      (await stored()).map(({ value }) => value),
      why,
    ).toEqual([1, 3]);
    await on.database.query(sql`truncate muster.samples`);
  }
});

describe('series', () => {
  test('are the same whatever the order of their labels, and in every process', async () => {
    await using other = createMetrics(on.database);
    await metrics.writeExternal([sample({ labels: { a: '1', b: '2' } }), sample({ labels: { b: '2', a: '1' } })]);
    await Promise.all(
      [metrics, other].map((each) => each.writeExternal(Array.from({ length: 50 }, (_, i) => sample({ metricName: `n${i}` })))),
    );
    const { rows } = await on.database.query<{ n: number; last: number }>(
      sql`select count(*)::int as n, max(series_id) as last from muster.series`,
    );
    expect(rows[0]?.n).toBe(51);
  });

  test('beyond the limit of their metric are refused, existing ones go on', async () => {
    await using limited = createMetrics(on.database, { seriesPerMetric: 2 });
    const of = (host: string): Sample => sample({ labels: { host } });
    expect((await limited.writeExternal([of('1'), of('2'), of('3'), of('1')])).rejected).toEqual([{ index: 2, reason: 'too_many_series' }]);
    expect((await limited.writeExternal([of('2'), of('3')])).rejected).toEqual([{ index: 1, reason: 'too_many_series' }]);
    expect((await limited.writeExternal([sample({ metricName: 'other' })])).rejected).toEqual([]);
    expect(limited.status()).toMatchObject({ written: 5, rejected: { too_many_series: 2 } });
  });

  test('beyond the limit in all are refused', async () => {
    await using limited = createMetrics(on.database, { series: 3 });
    const result = await limited.writeExternal(['a', 'b', 'c', 'd', 'e'].map((metricName) => sample({ metricName })));
    expect(result).toEqual({
      written: 3,
      rejected: [
        { index: 3, reason: 'too_many_series' },
        { index: 4, reason: 'too_many_series' },
      ],
    });
  });
});

/** The database behind a connection that breaks right after COMMIT was sent. */
function breakingAfterCommit(database: Database, times: number): Database {
  let left = times;
  return {
    query: (statement, options) => database.query(statement, options),
    one: (statement, options) => database.one(statement, options),
    async transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T> {
      const result = await database.transaction(work, options);
      if (left-- > 0) throw new Error('the connection broke during the commit');
      return result;
    },
  };
}

describe('a batch whose commit was in doubt', () => {
  test('is written once when it comes again, even by a host that has lost its lease since', async () => {
    const host = await hostWith({ a: 3 });
    await using doubtful = createMetrics(breakingAfterCommit(on.database, 1));
    const batch = {
      hostId: host,
      fences: [{ hostId: host, agentId: agentId('a'), epoch: epoch(3) }],
      samples: [sample(), sample({ value: Number.NaN })],
    };
    await expect(doubtful.writeFenced(batch)).rejects.toThrow('broke');
    await on.database.query(sql`update muster.hosts set expires_at = '-infinity'`);
    expect(await doubtful.writeFenced(batch)).toEqual({ written: 1, rejected: [{ index: 1, reason: 'not_finite' }] });
    expect(await stored()).toHaveLength(1);
  });

  test('does not keep the batches after it from being written', async () => {
    await using doubtful = createMetrics(breakingAfterCommit(on.database, 1));
    const first = [sample({ value: 1 })];
    await expect(doubtful.writeExternal(first)).rejects.toThrow('broke');
    await doubtful.writeExternal([sample({ value: 2 })]);
    await doubtful.writeExternal(first);
    await doubtful.writeExternal([sample({ value: 3 })]);
    expect((await stored()).map(({ value }) => value)).toEqual([1, 2, 3]);
  });

  test('is written when it had not been committed after all', async () => {
    const batch = [sample()];
    const away = await on.database.query(sql`alter table muster.samples rename to elsewhere`);
    expect(away.count).toBe(0);
    await expect(metrics.writeExternal(batch)).rejects.toThrow();
    await on.database.query(sql`alter table muster.elsewhere rename to samples`);
    expect((await metrics.writeExternal(batch)).written).toBe(1);
    expect(await stored()).toHaveLength(1);
  });
});
