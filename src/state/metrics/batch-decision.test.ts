import { describe, expect, test } from 'vitest';
import { decide } from './batch-decision.ts';
import type { Sample } from './metrics.ts';
import { DAY_MS, FUTURE_MS, LATE_MS } from './options.ts';
import { BAD_NAME, TOO_MANY_SERIES } from './series-catalogue.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const at = (ms: number, over: Partial<Sample> = {}): Sample => ({
  metricName: 'm',
  agentId: 'a',
  unit: '',
  labels: {},
  at: NOW + ms,
  value: 1,
  ...over,
});
const judge = (samples: readonly Sample[], ids: readonly number[], held?: ReadonlySet<string>): ReturnType<typeof decide> =>
  decide(samples, Int32Array.from(ids), { now: NOW, detailDays: 30, held });

describe('of a batch', () => {
  test('what is written comes in order of series, each series in its own order', () => {
    const { order, newest, late, rejected } = judge([at(0), at(0), at(1), at(1), at(2)], [9, 3, 9, 3, 7]);
    expect([...order]).toEqual([1, 3, 4, 0, 2]);
    expect([...newest]).toEqual([3, 4, 2]);
    expect(late).toEqual([]);
    expect(rejected).toEqual([]);
  });

  test('the newest of a series is that of the newest time, and of two the one that came last', () => {
    expect([...judge([at(5), at(1), at(5)], [1, 1, 1]).newest]).toEqual([2]);
    expect([...judge([at(5), at(1)], [1, 1]).newest]).toEqual([0]);
  });

  test('the late samples of a series are one stretch', () => {
    const { late } = judge([at(0), at(-LATE_MS - 1), at(-LATE_MS), at(-LATE_MS - 900), at(-LATE_MS - 5)], [4, 4, 4, 4, 8]);
    expect(late).toEqual([
      { series: 4, from: NOW - LATE_MS - 900, to: NOW - LATE_MS - 1 },
      { series: 8, from: NOW - LATE_MS - 5, to: NOW - LATE_MS - 5 },
    ]);
  });

  test('each sample is refused for one reason, its edges are taken', () => {
    const samples = [
      at(0),
      at(0),
      at(0, { value: Number.NaN }),
      at(FUTURE_MS),
      at(FUTURE_MS + 1),
      at(-30 * DAY_MS),
      at(-30 * DAY_MS - 1),
      at(Number.NaN),
    ];
    const { order, rejected } = judge(samples, [BAD_NAME, TOO_MANY_SERIES, 1, 1, 1, 1, 1, 1]);
    expect([...order]).toEqual([3, 5]);
    expect(rejected.map(({ index, reason }) => [index, reason])).toEqual([
      [0, 'bad_name'],
      [1, 'too_many_series'],
      [2, 'not_finite'],
      [4, 'bad_time'],
      [6, 'bad_time'],
      [7, 'bad_time'],
    ]);
  });

  test('only agents that are held are spoken for, and nobody', () => {
    const samples = [at(0, { agentId: 'b' }), at(0), at(0, { agentId: '' }), at(0, { agentId: 'b' })];
    expect([...judge(samples, [1, 2, 3, 4], new Set(['a'])).order]).toEqual([1, 2]);
    expect([...judge(samples, [1, 2, 3, 4]).order]).toEqual([0, 1, 2, 3]);
  });
});
