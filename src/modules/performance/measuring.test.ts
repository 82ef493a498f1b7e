import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aliasesOf } from './aliases.ts';
import { runChange } from './fleet/collectors.ts';
import { hitRatio } from './postgres/database.ts';
import { measuredPrecision } from './precision.ts';
import { mostFrequent } from './process/collectors.ts';
import { parseOpenFilesLimit } from './process/limits.ts';
import { Rate } from './rate.ts';
import { isDue, tickOf } from './tick.ts';

describe('the time of a run', () => {
  it('is the tick of its schedule where it began within a tenth of the interval', () => {
    expect(tickOf(10_380, 5_000, 0, undefined)).toBe(10_000);
    expect(tickOf(9_600, 5_000, 0, undefined)).toBe(10_000);
    expect(tickOf(11_900, 5_000, 1_853.27, undefined)).toBe(11_853);
  });
  it('is its own where it began further off', () => expect(tickOf(12_400, 5_000, 0, undefined)).toBe(12_400));
  it('is its own where the tick is taken', () => expect(tickOf(10_200, 5_000, 0, 10_000)).toBe(10_200));

  it('makes even steps of runs that come a little late', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(400), { minLength: 3, maxLength: 50 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (delays, phase) => {
          let previous: number | undefined;
          const ticks = delays.map(
            (delay, n) => (previous = tickOf(1_000_000 + Math.ceil(phase * 5_000) + n * 5_000 + delay, 5_000, phase * 5_000, previous)),
          );
          const steps = new Set(ticks.slice(1).map((tick, n) => tick - (ticks[n] ?? 0)));
          expect([...steps]).toEqual([5_000]);
        },
      ),
    );
  });
});

describe('what is due', () => {
  it('is what was never done', () => expect(isDue(0, undefined, 30_000, 5_000)).toBe(true));
  it('is what was done an interval ago, give or take half a step', () => {
    expect(isDue(29_900, 0, 30_000, 5_000)).toBe(true);
    expect(isDue(25_000, 0, 30_000, 5_000)).toBe(false);
  });
});

describe('precision', () => {
  it.each([
    [1 / 3, 'ratio', 0.3333],
    [0.000_312_345, 'seconds', 0.000_31],
    [1e9 / 3, 'bytes', 333_333_333],
    [12.34567, 'per_second', 12.346],
    [0.14, '', 0.14],
  ] as const)('%d in %s is %d', (value, unit, expected) => expect(measuredPrecision(value, unit)).toBe(expected));
});

describe('a rate', () => {
  it('is the change a second, and unknown at first and after a restart of the count', () => {
    const rate = new Rate();
    expect(rate.perSecond(100, 0)).toBeUndefined();
    expect(rate.perSecond(300, 4_000)).toBe(50);
    expect(rate.perSecond(10, 8_000)).toBeUndefined();
    expect(rate.perSecond(20, 9_000)).toBe(10);
  });
});

describe('short names', () => {
  const reading = (
    name: Parameters<typeof aliasesOf>[0][number]['name'],
    value: number,
    labels: Readonly<Record<string, string>> = {},
  ) => ({ name, value, labels });

  it('take the container where it limits the process', () => {
    expect(
      aliasesOf([reading('host_memory_usage_ratio', 0.2, { host: 'a' }), reading('container_memory_usage_ratio', 0.9, { host: 'a' })]),
    ).toEqual([{ name: 'memory_usage', value: 0.9, labels: { host: 'a' } }]);
  });
  it('take the machine otherwise', () =>
    expect(aliasesOf([reading('host_cpu_usage_ratio', 0.2, { host: 'a' })])).toEqual([
      { name: 'cpu_usage', value: 0.2, labels: { host: 'a' } },
    ]));
  it('take the main pool', () => {
    const pools = [
      reading('postgres_pool_usage_ratio', 1, { host: 'a', pool: 'heartbeat' }),
      reading('postgres_pool_usage_ratio', 0.3, { host: 'a', pool: 'main' }),
    ];
    expect(aliasesOf(pools)).toEqual([{ name: 'connection_pool_usage', value: 0.3, labels: { host: 'a' } }]);
  });
  it('are absent where the reading is', () => expect(aliasesOf([])).toEqual([]));
});

describe('figures of an interval', () => {
  it('the cache ratio is unknown where no block was wanted or the statistics were reset', () => {
    expect(hitRatio({ hits: 10, reads: 10 }, { hits: 100, reads: 20 })).toBe(0.9);
    expect(hitRatio({ hits: 10, reads: 10 }, { hits: 10, reads: 10 })).toBeUndefined();
    expect(hitRatio({ hits: 10, reads: 10 }, { hits: 5, reads: 20 })).toBeUndefined();
  });
  it('runs are unknown where their count restarted', () => {
    const row = (runs: number, errors: number) => ({ agent: 'a', epoch: 1, runs, errors });
    expect(runChange(row(10, 1), row(14, 3))).toEqual({ runs: 4, errors: 2 });
    expect(runChange(row(10, 1), row(2, 0))).toBeUndefined();
  });
  it('the most frequent names come first', () =>
    expect(mostFrequent(['b', 'a', 'b', 'c', 'a', 'b'], 2)).toEqual([
      ['b', 3],
      ['a', 2],
    ]));
  it('the limit of open files is read, or unlimited', () => {
    expect(parseOpenFilesLimit('Max open files            20000                20000                files     \n')).toBe(20_000);
    expect(parseOpenFilesLimit('Max open files            unlimited            unlimited            files     \n')).toBeUndefined();
  });
});
