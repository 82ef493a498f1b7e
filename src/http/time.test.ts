import { describe, expect, test } from 'vitest';
import { parseTime } from './time.ts';

const NOW = Date.UTC(2026, 0, 31, 12);

describe('a time', () => {
  test.each([
    ['2026-01-31T12:00:00Z', NOW],
    ['2026-01-31T12:00:00.000Z', NOW],
    ['2026-01-31T13:30+01:30', NOW],
    ['2026-01-31', Date.UTC(2026, 0, 31)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    [String(NOW), NOW],
    ['0', 0],
    ['now', NOW],
    ['now-1h', NOW - 3_600_000],
    ['now-1h30m', NOW - 5_400_000],
    ['now+90d', NOW + 90 * 86_400_000],
  ])('%s is understood', (text, ms) => {
    expect(parseTime(text, NOW)).toBe(ms);
  });

  test.each([
    '',
    ' ',
    'yesterday',
    'infinity',
    '-1',
    '1e3',
    '0x10',
    'now-',
    'now 1h',
    'now-1y',
    'now-99999999999d',
    '2026-02-30',
    '2026-13-01',
    '2026-01-31T25:00:00Z',
    '2026-01-31T12:00:00',
    '300000-01-01T00:00:00Z',
    '1969-12-31T23:59:59Z',
    '999999999999999',
    '２０２６-01-31',
  ])('"%s" is none', (text) => {
    expect(parseTime(text, NOW)).toBeUndefined();
  });
});
