import { describe, expect, test } from 'vitest';
import type { Evaluator } from './evaluators.ts';
import { whyQuiet } from './why-quiet.ts';

const NONE = { otherProject: 0, otherModel: 0, notDrawn: 0, notFitting: 0 };
const TODAY: Evaluator['today'] = { calls: 0, scores: 0, errors: 0, leftOut: 0, noAnswer: 0, passedOver: NONE, cost: 0, lastError: null };
const quiet = (of: Partial<Evaluator>, today: Partial<Evaluator['today']> = {}): string | undefined =>
  whyQuiet({
    enabled: true,
    filter: null,
    modelJudged: null,
    project: null,
    share: 0.01,
    waiting: 0,
    ...of,
    today: { ...TODAY, ...today },
  });

describe('why a judge asks nothing', () => {
  test('is not asked of one that does, or is about to', () => {
    expect([quiet({}, { calls: 1 }), quiet({ waiting: 1 }), quiet({}, { errors: 2, passedOver: { ...NONE, notDrawn: 3 } })]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('is its own settings', () => {
    expect(quiet({ enabled: false })).toBe('It is switched off');
    expect(quiet({ share: 0 })).toBe('Its share is 0');
    expect(quiet({}, { leftOut: 1 })).toBe('Its budget lets nothing through: 1 run left out');
  });

  test('is that nothing comes', () => {
    expect(quiet({})).toBe('No run of a model has come today (UTC)');
  });

  test('is what it is not set on, and how many runs that takes away', () => {
    expect(
      quiet(
        { project: 'shop', modelJudged: 'gpt-4o', filter: 'has(tags,"beta")' },
        { noAnswer: 1, passedOver: { otherProject: 30, otherModel: 4, notDrawn: 5, notFitting: 2 } },
      ),
    ).toBe(
      'Of 42 runs of models today (UTC) it judged none: 30 of other projects than shop, 4 of other models than gpt-4o, 5 not drawn by its share of 1 %, ' +
        '2 do not fit has(tags,"beta"), 1 hold no answer to judge: failed, silent or too large',
    );
  });
});
