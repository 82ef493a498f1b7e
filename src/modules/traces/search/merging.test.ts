import { describe, expect, it } from 'vitest';
import { mergeable } from './merging.ts';

const sizes = (...counts: readonly number[]): readonly { readonly count: number }[] => counts.map((count) => ({ count }));

describe('which segments are merged', () => {
  it.each([
    ['none while there are few', sizes(1, 1, 1, 1, 1, 1, 1), undefined],
    ['eight of one size', sizes(1, 2, 3, 1, 2, 3, 1, 2, 3), sizes(1, 2, 3, 1, 2, 3, 1, 2)],
    ['not those of other sizes', sizes(1, 1, 1, 1, 100, 100, 100, 100), undefined],
    ['the small ones first', sizes(...Array<number>(8).fill(100), ...Array<number>(8).fill(1)), sizes(...Array<number>(8).fill(1))],
    ['as many as make a large one', sizes(...Array<number>(8).fill(6_000)), sizes(6_000, 6_000, 6_000)],
    ['never large ones', sizes(...Array<number>(20).fill(20_000)), undefined],
  ])('%s', (_, segments, expected) => {
    expect(mergeable(segments)).toEqual(expected);
  });

  it('leaves few, however many come one by one', () => {
    let segments: readonly { readonly count: number }[] = [];
    let written = 0;
    for (let run = 0; run < 20_000; run += 1) {
      segments = [...segments, { count: 1 }];
      for (let chosen = mergeable(segments); chosen !== undefined; chosen = mergeable(segments)) {
        const gone = new Set(chosen);
        const count = chosen.reduce((sum, each) => sum + each.count, 0);
        written += count;
        segments = [...segments.filter((each) => !gone.has(each)), { count }];
      }
    }
    expect(segments.length).toBeLessThan(45);
    expect(written / 20_000).toBeLessThan(6);
  });
});
