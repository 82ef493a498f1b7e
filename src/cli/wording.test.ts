import { describe, expect, it } from 'vitest';
import { ago, coarse, plural, withUnit } from './wording.ts';

describe('wording', () => {
  it.each([
    [0, 'now'],
    [999, 'now'],
    [1_500, '1s ago'],
    [61_000, '1m1s ago'],
    [12 * 60_000 + 5_000, '12m ago'],
    [3 * 3_600_000 + 60_000 + 1, '3h1m ago'],
    [50 * 86_400_000 + 1, '50d ago'],
  ])('%i ms before now is %s', (ms, text) => expect(ago(1e12 - ms, 1e12)).toBe(text));

  it('a time that never was, and one a little ahead of our clock', () => {
    expect(ago(null, 1e12)).toBe('never');
    expect(ago(1e12 + 5_000, 1e12)).toBe('now');
  });

  it('a length of time keeps one or two units', () => expect(coarse(90_061_000)).toBe(90_000_000));

  it.each([
    [0.012345, 'ratio', '1.23%'],
    [1_610_612_736, 'bytes', '1.5 GiB'],
    [0, 'bytes', '0 B'],
    [0.00421, 'seconds', '4.21 ms'],
    [75, 'seconds', '75 s'],
    [1_234_567, '', '1.235M'],
    [42, 'agents', '42 agents'],
    [0.1 + 0.2, '', '0.3'],
  ])('%d %s is %s', (value, unit, text) => expect(withUnit(value, unit)).toBe(text));

  it('counts', () =>
    expect([plural(1, 'host'), plural(0, 'host'), plural(2, 'entry', 'entries')]).toEqual(['1 host', '0 hosts', '2 entries']));
});
