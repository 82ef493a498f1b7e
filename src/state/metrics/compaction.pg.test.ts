import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DAY, evenly, HOUR, MetricsFixture, MINUTE, sample } from '../../../test/support/metrics.ts';
import type { Database } from '../../db/database.ts';
import { partitionsOf } from '../../db/partitions.ts';
import { sql } from '../../db/sql.ts';
import type { MaintenanceJob } from '../maintenance.ts';
import { metricsMaintenance, type RangeResult } from './index.ts';

let m: MetricsFixture;
beforeEach(async () => {
  m = await MetricsFixture.open();
});
afterEach(async () => {
  await m[Symbol.asyncDispose]();
});

/** Five days ago, 00:00 UTC: closed. */
const day = Math.floor(Date.now() / DAY) * DAY - 5 * DAY;
const ranges = [
  { from: day, to: day + DAY, points: 11_000 },
  { from: day + 5 * HOUR + 17 * MINUTE, to: day + 6 * HOUR + 17 * MINUTE, points: 3_600 },
  { from: day - HOUR, to: day + MINUTE, points: 11_000 },
];
const everything = (): Promise<RangeResult[]> =>
  Promise.all(ranges.map((range) => m.metrics.query({ metricName: 'cpu_usage', aggregate: 'sum', limit: 100, ...range })));

const write = async (): Promise<void> => {
  for (const agentId of ['a', 'b', 'c']) {
    await m.metrics.writeExternal(
      evenly(day, 5_000, DAY / 5_000, (i) => (agentId === 'a' ? i : agentId === 'b' ? Math.sin(i) : 0.25), { agentId }),
    );
  }
};

describe('a closed day', () => {
  test('becomes chunks that answer as the rows did, and its partition goes', async () => {
    await m.on.database.query(sql`select 1`);
    await write();
    const before = await everything();
    await m.run('metrics_compaction');
    expect(await m.count('muster.samples')).toBe(0);
    // 17,280 samples a series in chunks of 4,096 at most.
    expect(await m.count('muster.chunks')).toBe(15);
    expect(await everything()).toEqual(before);
    expect(before[0]?.series).toHaveLength(3);
  });

  test('loses its partition, the open days keep theirs', async () => {
    await m.on.database.query(sql`create table muster.samples_20200101 (like muster.samples including all)`);
    await m.on.database.query(
      sql`alter table muster.samples attach partition muster.samples_20200101 for values from ('2020-01-01 00:00:00+00') to ('2020-01-02 00:00:00+00')`,
    );
    const open = (await partitionsOf(m.on.database, 'samples')).filter((name) => name !== 'samples_20200101');
    await m.run('metrics_compaction');
    expect(await partitionsOf(m.on.database, 'samples')).toEqual(open);
    expect(open.length).toBeGreaterThan(2);
  });

  test('stays as it is while its hours are not rolled up', async () => {
    await write();
    await m.rolledUpUntil(day + HOUR);
    await m.run('metrics_compaction');
    expect(await m.count('muster.chunks')).toBe(0);
    expect(await m.count('muster.samples')).toBe(51_840);
  });

  test('takes late samples into its chunks, and rolls them up', async () => {
    await write();
    await m.run('metrics_rollups');
    await m.run('metrics_compaction');
    const late = [
      sample({ at: day + 2_500, value: 1e6 }),
      sample({ at: day + 12 * HOUR + 1, value: 2e6 }),
      sample({ agentId: 'z', at: day + 7, value: 3e6 }),
    ];
    await m.metrics.writeExternal(late);
    await m.run('metrics_rollups');
    const before = await everything();
    await m.run('metrics_compaction');
    expect(await m.count('muster.samples')).toBe(0);
    expect(await everything()).toEqual(before);
    const result = await m.metrics.query({
      metricName: 'cpu_usage',
      agentIds: ['a', 'z'],
      from: day,
      to: day + DAY,
      points: 24,
      aggregate: 'max',
      limit: 10,
    });
    expect(result.source).toBe('rollup_1h');
    expect(result.series.map(({ points }) => [points[0]?.[1], points[12]?.[1]])).toEqual([
      [1e6, 2e6],
      [3e6, null],
    ]);
  });

  test('with more samples of a series than one transaction moves is moved in parts', async () => {
    await m.metrics.writeExternal(evenly(day, 700, 120_000, (i) => i));
    const before = await everything();
    await m.run('metrics_compaction');
    expect(await m.count('muster.samples')).toBe(0);
    expect(await everything()).toEqual(before);
    const { rows } = await m.on.database.query<{ most: number; n: number }>(
      sql`select max(n) as most, sum(n)::int as n from muster.chunks`,
    );
    expect(rows).toEqual([{ most: expect.any(Number) as number, n: 120_000 }]);
    expect(rows[0]?.most).toBeLessThanOrEqual(4_096);
  });
});

/** A database whose transactions fail when their turn comes: before they begin, or when everything is done but the commit. */
function dying(database: Database, at: number): Database {
  let turn = 0;
  return {
    query: (statement, options) => database.query(statement, options),
    one: (statement, options) => database.one(statement, options),
    transaction: (work, options) =>
      database.transaction(async (tx) => {
        const result = await work(tx);
        if (++turn === at) throw new Error('killed');
        return result;
      }, options),
  };
}

describe('compaction that is killed', () => {
  test('at any of its transactions loses and doubles nothing, and goes on with the next run', async () => {
    for (const agentId of ['a', 'b', 'c', 'd']) await m.metrics.writeExternal(evenly(day, 2_000, DAY / 2_000, (i) => i, { agentId }));
    const before = await everything();
    let finished = false;
    for (let at = 1; !finished; at += 1) {
      finished = await jobNamed('metrics_compaction', metricsMaintenance(dying(m.on.database, at)))
        .run(new AbortController().signal)
        .then(
          () => true,
          () => false,
        );
      expect(await everything()).toEqual(before);
      if (at > 20) throw new Error('it never gets on');
    }
    expect(await m.count('muster.samples')).toBe(0);
  });

  test('by its signal stops between two transactions', async () => {
    await write();
    const before = await everything();
    await expect(m.run('metrics_compaction', AbortSignal.abort(new Error('told to stop')))).rejects.toThrow('told to stop');
    expect(await everything()).toEqual(before);
  });
});

test('a reader sees every sample once while compaction moves them', async () => {
  await write();
  const count = async (): Promise<number> => {
    const result = await m.metrics.query({
      metricName: 'cpu_usage',
      from: day,
      to: day + DAY,
      // Ten seconds each, which divide a day: a grid that is cut at its beginning would not show all samples.
      points: 8_640,
      aggregate: 'count',
      limit: 10,
    });
    return result.series.reduce((sum, { points }) => sum + points.reduce((a, [, n]) => a + (n ?? 0), 0), 0);
  };
  let running = true;
  const seen: number[] = [];
  const reading = (async () => {
    while (running) seen.push(await count());
  })();
  await m.run('metrics_compaction');
  running = false;
  await reading;
  expect(new Set(seen)).toEqual(new Set([51_840]));
  expect(await count()).toBe(51_840);
});

test('what is older than the retention goes: chunks, minutes, hours, batches', async () => {
  await write();
  await m.run('metrics_rollups');
  await m.run('metrics_compaction');
  for (const [name, job] of [
    ['detailDays', 'chunks'],
    ['minuteDays', 'rollup_1m'],
    ['hourDays', 'rollup_1h'],
  ] as const) {
    expect(await m.count(`muster.${job}`)).toBeGreaterThan(0);
    await jobNamed('metrics_retention', metricsMaintenance(m.on.database, { retention: { [name]: 2 } })).run(new AbortController().signal);
    expect(await m.count(`muster.${job}`)).toBe(0);
  }
});

function jobNamed(name: string, jobs: readonly MaintenanceJob[]): MaintenanceJob {
  const job = jobs.find((each) => each.name === name);
  if (job === undefined) throw new Error(`there is no job ${name}`);
  return job;
}
