import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DAY, evenly, HOUR, MetricsFixture, MINUTE, sample } from '../../../test/support/metrics.ts';
import { sql } from '../../db/sql.ts';
import type { Aggregate, RangeQuery, RangeResult } from './index.ts';

let m: MetricsFixture;
beforeEach(async () => {
  m = await MetricsFixture.open();
});
afterEach(async () => {
  await m[Symbol.asyncDispose]();
});

const hour = Math.floor(Date.now() / HOUR) * HOUR;
const query = (over: Partial<RangeQuery>): Promise<RangeResult> =>
  m.metrics.query({ metricName: 'cpu_usage', from: hour - HOUR, to: hour, points: 60, aggregate: 'avg', limit: 10, ...over });
const values = (result: RangeResult): (number | null)[] | undefined => result.series[0]?.points.map(([, value]) => value);
const AGGREGATES: readonly Aggregate[] = ['avg', 'min', 'max', 'sum', 'count', 'last', 'rate'];

describe('a query over samples', () => {
  test('gives even points, null where nothing was measured', async () => {
    await m.metrics.writeExternal(evenly(hour - 30_000, 5_000, 3, (i) => i));
    const result = await query({ from: hour - 60_000, points: 12 });
    expect(result).toMatchObject({ stepMs: 5_000, source: 'samples', truncated: false });
    expect(result.series[0]?.points[0]).toEqual([hour - 60_000, null]);
    expect(values(result)).toEqual([null, null, null, null, null, null, 0, 1, 2, null, null, null]);
  });

  test('adds up in every way', async () => {
    await m.metrics.writeExternal(evenly(hour - 12_000, 2_000, 6, (i) => i));
    const expected = { avg: [1, 4], min: [0, 3], max: [2, 5], sum: [3, 12], count: [3, 3], last: [2, 5], rate: [0.5, 0.5] };
    for (const aggregate of AGGREGATES) {
      expect(values(await query({ from: hour - 12_000, points: 2, aggregate })), aggregate).toEqual(expected[aggregate]);
    }
  });

  test('takes a counter that fell for one that began again, and no rate from nothing', async () => {
    await m.metrics.writeExternal([0, 100, 30, 40].map((value, i) => sample({ value, at: hour - 40_000 + i * 10_000 })));
    expect(values(await query({ from: hour - 40_000, points: 4, aggregate: 'rate' }))).toEqual([null, 10, 3, 1]);
  });

  test('knows where a counter stood before the range', async () => {
    await m.metrics.writeExternal([5, 15].map((value, i) => sample({ value, at: hour - 20_000 + i * 10_000 })));
    expect(values(await query({ from: hour - 10_000, points: 1, aggregate: 'rate' }))).toEqual([1]);
  });

  test('keeps agents, units and labels apart, finds by agent and label, and says when the limit left some out', async () => {
    const at = hour - 1_000;
    await m.metrics.writeExternal([
      sample({ at, agentId: 'b' }),
      sample({ at, agentId: 'a', labels: { mode: 'user' } }),
      sample({ at, agentId: 'a', labels: { mode: 'system' } }),
      sample({ at, agentId: '', unit: '' }),
    ]);
    await m.run('metrics_rollups');
    const names = (result: RangeResult): string[] => result.series.map((s) => `${s.agentId}/${s.unit}/${s.labels['mode'] ?? ''}`);
    expect(names(await query({}))).toEqual(['//', 'a/ratio/user', 'a/ratio/system', 'b/ratio/']);
    expect(names(await query({ agentIds: ['a'] }))).toEqual(['a/ratio/user', 'a/ratio/system']);
    expect(names(await query({ agentIds: ['', 'b'] }))).toEqual(['//', 'b/ratio/']);
    expect(names(await query({ labels: { mode: 'user' } }))).toEqual(['a/ratio/user']);
    expect(await query({ limit: 2 })).toMatchObject({ truncated: true, series: { length: 2 } });
    expect(names(await query({ metricName: 'nothing' }))).toEqual([]);
  });

  test('begins with a whole bucket, ends with the newest, and never has more points than asked for', async () => {
    await m.metrics.writeExternal(evenly(hour - 10 * MINUTE, 1_000, 600, (i) => i));
    for (const [from, to, points] of [
      [hour - 599_999, hour - 1, 7],
      [hour - 599_000, hour, 100],
      [hour - 61_234, hour - 1_234, 60],
      [hour - 5, hour, 11_000],
    ] as const) {
      const result = await query({ from, to, points });
      const found = result.series[0]?.points ?? [];
      expect(found.length).toBeLessThanOrEqual(points);
      for (const [at] of found) expect(at % result.stepMs).toBe(0);
      if (found.length > 0) expect((found.at(-1)?.[0] ?? 0) + result.stepMs).toBeGreaterThanOrEqual(to);
    }
  });

  test('refuses ranges and numbers of points that are none', async () => {
    const cases: readonly [string, Partial<RangeQuery>][] = [
      ['an empty range', { from: hour, to: hour }],
      ['too many points', { points: 11_001 }],
      ['no points', { points: 0 }],
      ['times that are none', { from: Number.NaN }],
    ];
    for (const [what, over] of cases) await expect(query(over), what).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});

describe('rollups', () => {
  const start = hour - 5 * HOUR;
  const wave = (i: number): number => Math.round(Math.sin(i / 50) * 1000) / 10;
  const five = (value = wave): Promise<unknown> => m.metrics.writeExternal(evenly(start, 5_000, (5 * HOUR) / 5_000, value));

  test.each(AGGREGATES)('give the same %s as the samples, minutes and hours', async (aggregate) => {
    // A counter that began again half-way. Its first hour has no rate: the rollup does not tell where it began.
    const from = start + HOUR;
    await five(aggregate === 'rate' ? (i) => (i % 1800) * 2.5 : wave);
    await m.rolledUpUntil(start);
    const ranges = [
      { from, to: hour, points: 4 },
      { from, to: hour, points: 60 },
      { from: from + 7 * MINUTE, to: hour - 3 * MINUTE, points: 50 },
    ];
    const before = await Promise.all(ranges.map((range) => query({ ...range, aggregate })));
    await m.run('metrics_rollups');
    expect(await m.count('muster.rollup_1m')).toBeGreaterThanOrEqual(295);
    expect(await m.count('muster.rollup_1h')).toBeGreaterThanOrEqual(4);
    const after = await Promise.all(ranges.map((range) => query({ ...range, aggregate })));
    expect(after.map(({ source }) => source)).toEqual(['rollup_1h', 'rollup_1m', 'rollup_1m']);
    after.forEach((result, i) => {
      const [were, are] = [values(before[i] as RangeResult), values(result)];
      expect(are?.length).toBe(were?.length);
      are?.forEach((value, k) => expect(value).toBeCloseTo(were?.[k] ?? Number.NaN, 9));
    });
  });

  test('are continued by the samples they do not cover yet', async () => {
    await five();
    await m.rolledUpUntil(start);
    await m.run('metrics_rollups');
    await m.on.database.query(
      sql`update muster.rollup_progress set minutes_until = minutes_until - interval '90 minutes', hours_until = hours_until - interval '3 hours'`,
    );
    await m.on.database.query(sql`delete from muster.rollup_1m where bucket >= (select minutes_until from muster.rollup_progress)`);
    await m.on.database.query(sql`delete from muster.rollup_1h where bucket >= (select hours_until from muster.rollup_progress)`);
    expect(values(await query({ from: start, points: 5, aggregate: 'count' }))).toEqual([720, 720, 720, 720, 720]);
  });

  test('are made again where samples came late, and only there', async () => {
    await m.metrics.writeExternal(evenly(start, 5_000, 720, () => 1));
    await m.rolledUpUntil(start);
    await m.run('metrics_rollups');
    await m.metrics.writeExternal([sample({ at: start + 90_500, value: 100 })]);
    expect(await m.count('muster.rollup_dirty')).toBe(1);
    await m.on.database.query(
      sql`update muster.rollup_1m set last = 7 where bucket = to_timestamp(${(start + 10 * MINUTE) / 1000}::float8)`,
    );
    await m.run('metrics_rollups');
    expect(await m.count('muster.rollup_dirty')).toBe(0);
    const minutes = values(await query({ from: start, to: start + 15 * MINUTE, points: 15, aggregate: 'max' }));
    expect(minutes?.slice(0, 3)).toEqual([1, 100, 1]);
    expect(values(await query({ from: start, to: start + 15 * MINUTE, points: 15, aggregate: 'last' }))?.[10]).toBe(7);
    expect(values(await query({ from: start, to: start + HOUR, points: 1, aggregate: 'max' }))).toEqual([100]);
    expect(values(await query({ from: start, to: start + HOUR, points: 1, aggregate: 'count' }))).toEqual([721]);
  });

  test('of a day long past that comes as a whole are there with the next run', async () => {
    const day = Math.floor(Date.now() / DAY) * DAY - 9 * DAY;
    await m.metrics.writeExternal(evenly(day, 60_000, 1440, (i) => i));
    await m.run('metrics_rollups');
    expect(await m.count('muster.rollup_1h')).toBe(24);
    expect(values(await query({ from: day, to: day + DAY, points: 24, aggregate: 'min' }))?.slice(0, 3)).toEqual([0, 60, 120]);
  });

  test('survive values beyond all sums', async () => {
    await m.metrics.writeExternal(evenly(start, 1_000, 10, () => 1.7e308));
    await m.rolledUpUntil(start);
    await m.run('metrics_rollups');
    expect(values(await query({ from: start, to: start + HOUR, points: 1, aggregate: 'max' }))).toEqual([1.7e308]);
  });

  test('mend the newest value that a host took with it when it died', async () => {
    await m.metrics.writeExternal(evenly(start, 1_000, 3, (i) => i));
    await m.on.database.query(sql`truncate muster.latest`);
    await m.rolledUpUntil(start);
    await m.run('metrics_rollups');
    expect((await m.metrics.latest({}, { limit: 10 })).items).toMatchObject([{ value: 2, at: start + 2_000 }]);
  });
});

describe('the newest values', () => {
  test('are those of the newest time, whatever the order of writing', async () => {
    const now = Date.now();
    await m.metrics.writeExternal([
      sample({ at: now - 1_000, value: 1 }),
      sample({ at: now - 3_000, value: 3 }),
      sample({ at: now - 2_000, value: 2 }),
    ]);
    await m.metrics.writeExternal([sample({ at: now - 5_000, value: 5 })]);
    await m.metrics.flush();
    expect((await m.metrics.latest({}, { limit: 10 })).items).toEqual([
      { metricName: 'cpu_usage', agentId: 'a', unit: 'ratio', labels: {}, at: now - 1_000, value: 1 },
    ]);
  });

  test('are there within about a second without anybody asking', async () => {
    await m.metrics.writeExternal([sample({ value: 1 })]);
    await m.metrics.writeExternal([sample({ value: 2 })]);
    expect(m.metrics.status().latestPending).toBe(1);
    await expect.poll(async () => (await m.metrics.latest({}, { limit: 1 })).items[0]?.value).toBe(2);
  });

  test('come a page at a time, each series once', async () => {
    await m.metrics.writeExternal(Array.from({ length: 25 }, (_, i) => sample({ metricName: `m${i % 5}`, agentId: `a${i}`, value: i })));
    await m.metrics.flush();
    const seen: number[] = [];
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof m.metrics.latest>> = await m.metrics.latest(
        {},
        { limit: 7, ...(after === null ? {} : { after }) },
      );
      seen.push(...page.items.map(({ value }) => value));
      after = page.nextCursor;
    } while (after !== null);
    expect(seen).toHaveLength(25);
    expect(new Set(seen).size).toBe(25);
    expect((await m.metrics.latest({ metricName: 'm3', agentId: 'a8' }, { limit: 7 })).items.map(({ value }) => value)).toEqual([8]);
    await expect(m.metrics.latest({}, { limit: 1, after: 'nonsense' })).rejects.toMatchObject({ code: 'BAD_CURSOR' });
  });
});

test('names are listed with their unit and number of series, found by a part of them', async () => {
  await m.metrics.writeExternal(
    ['cpu_usage', 'cpu_time', 'disk%used'].flatMap((metricName) => [sample({ metricName }), sample({ metricName, agentId: 'b' })]),
  );
  expect(await m.metrics.names({}, { limit: 2 })).toEqual([
    { metricName: 'cpu_time', unit: 'ratio', series: 2 },
    { metricName: 'cpu_usage', unit: 'ratio', series: 2 },
  ]);
  expect((await m.metrics.names({}, { limit: 2, after: 'cpu_usage' })).map((n) => n.metricName)).toEqual(['disk%used']);
  expect((await m.metrics.names({ search: '%' }, { limit: 9 })).map((n) => n.metricName)).toEqual(['disk%used']);
  expect((await m.metrics.names({ search: 'CPU' }, { limit: 9 })).map((n) => n.metricName)).toEqual(['cpu_time', 'cpu_usage']);
});
