import { describe, expect, test } from 'vitest';
import { formatAge, formatCount, formatDuration, formatValue, words } from './format.ts';

describe('formatValue', () => {
  test.each([
    [0.1234, 'ratio', '12.3 %'],
    [0.0003, 'ratio', '0.03 %'],
    [0, 'ratio', '0 %'],
    [1, 'ratio', '100 %'],
    [0.99995, 'ratio', '99.99 %'],
    [1536, 'bytes', '1.5 KiB'],
    [0, 'bytes', '0 B'],
    [3 * 1024 ** 3, 'bytes_per_second', '3 GiB/s'],
    [0.0000004, 'seconds', '0.4 µs'],
    [0.0123, 'seconds', '12.3 ms'],
    [1.5, 'seconds', '1.5 s'],
    [3_700, 'seconds', '1 h 1 min'],
    [12.5, 'per_second', '12.5/s'],
    [42, '', '42'],
    [7, 'widgets', '7 widgets'],
  ])('%s in %s is %s', (value, unit, text) => {
    expect(formatValue(value, unit)).toBe(text);
  });

  test('what is not known is a dash and never 0', () => {
    for (const unknown of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) expect(formatValue(unknown, 'bytes')).toBe('–');
  });

  test('less than everything is never rounded to 100 %', () => {
    expect(formatValue(0.9999999, 'ratio')).toBe('99.99 %');
  });
});

test('thousands are grouped, millions shortened, small figures keep what tells them apart', () => {
  expect(formatCount(1_234)).toBe('1\u202f234');
  expect(formatCount(2_500_000)).toBe('2.5 M');
  expect(formatCount(0.00123)).toBe('0.0012');
  expect(formatCount(-5)).toBe('-5');
});

test('a duration has its two largest parts, an age one', () => {
  expect(formatDuration(93_784_000)).toBe('1 d 2 h');
  expect(formatDuration(3_600_000)).toBe('1 h');
  expect(formatDuration(59_400)).toBe('59 s');
  expect(formatAge(119_000)).toBe('1 min');
  expect(formatAge(-5)).toBe('0 s');
  expect(formatAge(200_000_000)).toBe('2 d');
});

test('identifiers are read as words', () => {
  expect(words('crash_looping')).toBe('crash looping');
});
