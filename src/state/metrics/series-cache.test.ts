import { expect, test } from 'vitest';
import type { SeriesKey } from './metrics.ts';
import { SeriesCache } from './series-cache.ts';

const series = (over: Partial<SeriesKey> = {}): SeriesKey => ({ metricName: 'm', agentId: 'a', unit: 'bytes', labels: {}, ...over });

test('series that differ in any part are told apart, the order of labels is no part', () => {
  const cache = new SeriesCache(100);
  const all = [
    series(),
    series({ metricName: 'n' }),
    series({ agentId: '' }),
    series({ unit: '' }),
    series({ labels: { x: '1' } }),
    series({ labels: { x: '1', y: '2' } }),
    series({ labels: { x: '1y', '': '2' } }),
    series({ unit: 'bytesx', labels: {} }),
  ];
  all.forEach((each, id) => cache.set(each, id + 1));
  expect(all.map((each) => cache.get(each))).toEqual(all.map((_, id) => id + 1));
  expect(cache.get(series({ labels: { y: '2', x: '1' } }))).toBe(6);
  expect(cache.get(series({ labels: { y: '3' } }))).toBeUndefined();
});

test('what is asked for stays, what nobody asks for goes, and there are never more than the limit', () => {
  const cache = new SeriesCache(100);
  const kept = series({ metricName: 'kept' });
  cache.set(kept, 1);
  for (let i = 0; i < 1_000; i += 1) {
    cache.set(series({ agentId: `a${i}` }), i + 2);
    expect(cache.get(kept)).toBe(1);
  }
  const remembered = Array.from({ length: 1_000 }, (_, i) => cache.get(series({ agentId: `a${i}` }))).filter((id) => id !== undefined);
  expect(remembered.length).toBeGreaterThanOrEqual(45);
  expect(remembered.length).toBeLessThanOrEqual(100);
});
