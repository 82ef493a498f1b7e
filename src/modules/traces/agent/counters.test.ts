import { expect, test } from 'vitest';
import { counters } from './counters.ts';

test('what the gateway lost is measured before it lost anything, so that the first loss is seen as growth', () => {
  const lost = (tally: Parameters<typeof counters>[0]): readonly unknown[] =>
    counters(tally)
      .filter(({ name }) => name === 'trace_gateway_lost_total')
      .map(({ count, labels }) => [labels['what'], count]);
  expect(lost([{ name: 'deleted', label: '', count: 7 }])).toEqual([
    ['run', 0],
    ['account', 0],
  ]);
  expect(lost([{ name: 'gateway_unaccounted', label: '', count: 3 }])).toEqual([
    ['run', 0],
    ['account', 3],
  ]);
});

test('what was hidden is measured by its kind', () => {
  expect(counters([{ name: 'redacted', label: 'email', count: 2 }]).at(-1)).toEqual({
    name: 'trace_redactions_total',
    labels: { kind: 'email' },
    count: 2,
  });
});
