import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunRecord } from './run-record.ts';
import { treeOf } from './tree.ts';

const run = (runId: string, parentRunId: string | null): RunRecord => ({ runId, parentRunId }) as RunRecord;
const shape = (runs: readonly RunRecord[]): readonly string[] =>
  treeOf(runs).map(({ run: { runId }, depth, isOrphan }) => `${'.'.repeat(depth)}${runId}${isOrphan ? '!' : ''}`);

describe('the tree of a trace', () => {
  it('has parents before their children, and children in their order', () => {
    expect(shape([run('root', null), run('a', 'root'), run('a1', 'a'), run('b', 'root'), run('a2', 'a')])).toEqual([
      'root',
      '.a',
      '..a1',
      '..a2',
      '.b',
    ]);
  });

  it('shows what has lost its parent, or is its own ancestor, below the root', () => {
    expect(
      shape([run('root', null), run('lost', 'nobody'), run('kid', 'lost'), run('x', 'y'), run('y', 'x'), run('self', 'self')]),
    ).toEqual(['root', '.lost!', '..kid', '.self!', '.x!', '..y']);
  });

  it('holds every run once, whatever was said of parents', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), fc.option(fc.nat(25), { nil: null })), { maxLength: 20 }), (links) => {
        const runs = [...new Map(links.map(([id, parent]) => [id, run(String(id), parent === null ? null : String(parent))])).values()];
        expect(
          treeOf(runs)
            .map((node) => node.run.runId)
            .toSorted(),
        ).toEqual(runs.map(({ runId }) => runId).toSorted());
      }),
    );
  });

  it('of 25,000 runs, each the parent of the next, takes no stack and no time', () => {
    const runs = Array.from({ length: 25_000 }, (_, index) => run(String(index), index === 0 ? null : String(index - 1)));
    expect(treeOf(runs).at(-1)?.depth).toBe(24_999);
  });
});
