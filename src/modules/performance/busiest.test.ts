import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Busiest } from './busiest.ts';

interface Row {
  readonly name: string;
  readonly count: number;
}

const busiest = (most: number): Busiest<Row> =>
  new Busiest<Row>({ most, key: ({ name }) => name, counters: ({ count }) => ({ count }), work: ({ count }) => count });
const rows = (counts: Readonly<Record<string, number>>): readonly Row[] => Object.entries(counts).map(([name, count]) => ({ name, count }));

describe('the busiest', () => {
  it('are at first those that did most in all, then those that do most now', () => {
    const split = busiest(1);
    expect(split.split(rows({ old: 1_000, young: 10 })).top.map(({ name }) => name)).toEqual(['old']);
    expect(split.split(rows({ old: 1_001, young: 90 })).top.map(({ name }) => name)).toEqual(['young']);
  });

  it('leave the others a counter that never goes back when rows change places', () => {
    const split = busiest(1);
    split.split(rows({ a: 1_000, b: 10 }));
    expect(split.split(rows({ a: 1_100, b: 15 })).restCounters).toEqual({ count: 5 });
    expect(split.split(rows({ a: 1_101, b: 900 })).restCounters).toEqual({ count: 6 });
    expect(split.split(rows({ a: 1_102, b: 2_000 })).restCounters).toEqual({ count: 7 });
  });

  it('take a total that went back for one that began again', () => {
    const split = busiest(0);
    split.split(rows({ a: 1_000 }));
    expect(split.split(rows({ a: 30 })).restCounters).toEqual({ count: 30 });
  });

  it('count nothing for a row that was not there before', () => {
    const split = busiest(0);
    split.split(rows({ a: 1 }));
    expect(split.split(rows({ a: 1, b: 5_000 })).restCounters).toEqual({ count: 0 });
  });

  it('lose no growth and invent none, whoever is named', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(100), { minLength: 4, maxLength: 4 }), { minLength: 2, maxLength: 20 }), (steps) => {
        const split = busiest(2);
        const totals = [0, 0, 0, 0];
        const at = (): readonly Row[] => totals.map((count, index) => ({ name: String(index), count }));
        split.split(at());
        let named = 0;
        for (const step of steps) {
          const before = [...totals];
          step.forEach((grown, index) => (totals[index] = (totals[index] ?? 0) + grown));
          const { top, restCounters } = split.split(at());
          named += top.reduce((sum, { name, count }) => sum + count - (before[Number(name)] ?? 0), 0);
          expect(named + (restCounters['count'] ?? 0)).toBe(totals.reduce((sum, count) => sum + count, 0));
        }
      }),
    );
  });
});
