import { expect, test } from 'vitest';
import type { DaySaving } from './queries.ts';
import { daysOf, savers } from './reckoning.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const row = (day: string, outcome: DaySaving['outcome'], cost: string, saved: string): DaySaving => ({
  day,
  outcome,
  requests: 1,
  cost,
  saved,
});

test('days without a request have a place too, and each day its parts by what saved', () => {
  const days = daysOf(
    [
      row('2026-02-27', 'provider', '2', '0'),
      row('2026-02-27', 'exact', '0', '1.5'),
      row('2026-03-01', 'exact', '0', '1'),
      row('2026-03-01', 'batch', '0.5', '0.5'),
      row('2026-01-01', 'exact', '0', '9'),
    ],
    now,
    3,
  );
  expect(days.map(({ day }) => day)).toEqual(['2026-02-27', '2026-02-28', '2026-03-01']);
  expect(days.map(({ cost, saved }) => [cost, saved])).toEqual([
    [2, 1.5],
    [0, 0],
    [0.5, 1.5],
  ]);
  expect(days[2]?.parts).toEqual(savers.map((saver) => ({ exact: 1, coalesced: 0, semantic: 0, batch: 0.5 })[saver as 'exact'] ?? 0));
});
