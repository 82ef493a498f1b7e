import { describe, expect, it } from 'vitest';
import { drawChart } from './chart.ts';

const format = (value: number): string => String(value);
const dotsOf = (rows: readonly string[]): number =>
  Array.from(rows.join('')).reduce((sum, cell) => {
    const code = cell.codePointAt(0) ?? 0;
    return code >= 0x2800 && code <= 0x28ff ? sum + (code - 0x2800).toString(2).replaceAll('0', '').length : sum;
  }, 0);

describe('drawChart', () => {
  it('puts the highest value at the top and the lowest at the bottom', () => {
    const rows = drawChart([0, 1, 2, 3, 4, 5, 6, 7], { columns: 12, rows: 2, format });
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatch(/^7 ┤/);
    expect(rows[1]).toMatch(/^0 ┤/);
    expect(rows[0]?.at(-1)).not.toBe('\u2800');
    expect(rows[0]?.[3]).toBe('\u2800');
    expect(rows[1]?.[3]).not.toBe('\u2800');
  });

  it('loses no peak, however many points fall on one column', () => {
    const line = Array.from({ length: 10_000 }, (_, index) => (index === 5_000 ? 100 : 0));
    const rows = drawChart(line, { columns: 20, rows: 4, format });
    expect(rows[0]).toMatch(/^100 ┤/);
    expect(/[\u2801-\u28ff]/.test(rows[0] ?? '')).toBe(true);
  });

  it('leaves a gap where nothing was measured', () => {
    const rows = drawChart([1, 1, null, null, null, null, 1, 1], { columns: 7, rows: 1, format });
    expect(dotsOf(rows)).toBe(4);
  });

  it('says so where nothing was measured at all', () => {
    expect(drawChart([null, null], { columns: 20, rows: 3, format })).toEqual(['(nothing was measured)']);
  });

  it('draws a line that never changes', () => {
    expect(dotsOf(drawChart([5, 5, 5, 5], { columns: 8, rows: 3, format }))).toBeGreaterThan(0);
  });
});
