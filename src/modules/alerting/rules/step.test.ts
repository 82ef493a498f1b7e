import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ruleDocument, type RuleDocument } from './document.ts';
import { compileRule, rank, type Rule } from './rule.ts';
import type { TargetState } from './state.ts';
import { step, type Reading } from './step.ts';

const ruleOf = (more: Partial<Record<keyof RuleDocument, unknown>> = {}): Rule =>
  compileRule(ruleDocument.parse({ name: 'r', metric_name: 'm', threshold: 10, ...more }));

const T0 = Date.UTC(2026, 0, 1);
const value = (at: number, number: number): Reading => ({ kind: 'value', at, value: number });

/** The states after each of these values, a second apart. */
function states(rule: Rule, values: readonly (number | 'silence' | 'mistake')[]): readonly TargetState[] {
  let state: TargetState | undefined;
  return values.map((each, index) => {
    const now = T0 + index * 1_000;
    const reading: Reading =
      each === 'silence' ? { kind: 'no_data', why: 'silent' } : each === 'mistake' ? { kind: 'error', why: 'wrong' } : value(now, each);
    state = step(rule, state, reading, now);
    return state;
  });
}
const words = (rule: Rule, values: Parameters<typeof states>[1]): readonly string[] => states(rule, values).map(({ state }) => state);

describe('a verdict', () => {
  test('fires at the first bad sample and clears at the first good one where nothing is asked for', () => {
    expect(words(ruleOf(), [1, 11, 12, 10, 11])).toEqual(['ok', 'firing', 'firing', 'ok', 'firing']);
  });

  test('that fires clears only at its clear threshold', () => {
    expect(words(ruleOf({ clear_threshold: 5 }), [7, 11, 7, 5.5, 5, 7, 11])).toEqual([
      'ok',
      'firing',
      'firing',
      'firing',
      'ok',
      'ok',
      'firing',
    ]);
    expect(words(ruleOf({ operator: '<', clear_threshold: 15 }), [12, 9, 12, 15, 12])).toEqual(['ok', 'firing', 'firing', 'ok', 'ok']);
  });

  test('is pending until it was bad for so long without a break, counted from the first bad sample', () => {
    const all = states(ruleOf({ for: '3s' }), [11, 11, 1, 11, 11, 11, 11]);
    expect(all.map(({ state }) => state)).toEqual(['pending', 'pending', 'ok', 'pending', 'pending', 'pending', 'firing']);
    expect(all.at(-1)?.since).toBe(T0 + 3_000);
  });

  test('is pending until so many samples were bad, however often it is looked at', () => {
    const rule = ruleOf({ for_samples: 3 });
    let state: TargetState | undefined;
    for (let look = 0; look < 10; look += 1) state = step(rule, state, value(T0, 11), T0 + look);
    expect(state?.state).toBe('pending');
    state = step(rule, state, value(T0 + 1_000, 11), T0 + 1_000);
    state = step(rule, state, value(T0 + 2_000, 11), T0 + 2_000);
    expect(state.state).toBe('firing');
  });

  test('goes on firing until it was good for as long as it is to keep firing, and a relapse begins that anew', () => {
    expect(words(ruleOf({ keep_firing: '2s' }), [11, 1, 1, 11, 1, 1, 1])).toEqual([
      'firing',
      'firing',
      'firing',
      'firing',
      'firing',
      'firing',
      'ok',
    ]);
  });

  test('that stopped firing too often goes on firing until it has been good for long', () => {
    const rule = ruleOf({ flapping: { changes: 2, within: '10s' } });
    const up = [11, 1, 11, 1, 11, 1, 1, 1];
    expect(words(rule, up)).toEqual(['firing', 'ok', 'firing', 'ok', 'firing', 'firing', 'firing', 'firing']);
    expect(words(rule, [...up, ...Array.from({ length: 12 }, () => 1)]).at(-1)).toBe('ok');
  });

  test('has the gravest level that lasts; each level has its own run', () => {
    const rule = ruleOf({
      threshold: undefined,
      for: '1s',
      levels: [
        { level: 'warning', threshold: 10 },
        { level: 'critical', threshold: 20, clear_threshold: 15 },
      ],
    });
    expect(states(rule, [11, 12, 21, 21, 16, 12, 1]).map(({ state, level }) => `${state} ${level}`)).toEqual([
      'pending warning',
      'firing warning',
      'firing warning',
      'firing critical',
      'firing critical',
      'firing warning',
      'ok null',
    ]);
  });

  test('of silence or a mistake is neither good nor bad, and what fired goes on firing after it', () => {
    const rule = ruleOf({ for: '2s' });
    expect(words(rule, [11, 11, 11, 'silence', 'mistake', 11])).toEqual(['pending', 'pending', 'firing', 'no_data', 'error', 'firing']);
    expect(words(rule, [11, 11, 'silence', 11, 11, 11])).toEqual(['pending', 'pending', 'no_data', 'pending', 'pending', 'firing']);
  });

  test('of no number is an error', () => {
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(step(ruleOf(), undefined, value(T0, odd), T0).state).toBe('error');
  });

  test('of a sample from the future counts from now', () => {
    const rule = ruleOf({ for: '10s' });
    const state = step(rule, undefined, value(T0 + 240_000, 11), T0);
    expect([state.state, state.since]).toEqual(['pending', T0]);
    expect(step(rule, state, value(T0 + 240_000, 11), T0 + 10_000).state).toBe('firing');
  });
});

const rules = fc
  .record({
    operator: fc.constantFrom('>', '>=', '<', '<='),
    slack: fc.nat(5),
    for: fc.nat(5).map((seconds) => `${seconds}s`),
    for_samples: fc.integer({ min: 1, max: 4 }),
    keep_firing: fc.nat(5).map((seconds) => `${seconds}s`),
    flapping: fc.option(fc.record({ changes: fc.integer({ min: 2, max: 4 }), within: fc.constant('8s') }), { nil: undefined }),
  })
  .map(({ slack, ...rule }) => ruleOf({ ...rule, clear_threshold: rule.operator.startsWith('>') ? 10 - slack : 10 + slack }));
const readings = fc.array(
  fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: 20 }) }, fc.constant('silence' as const), fc.constant('mistake' as const)),
  { maxLength: 60 },
);

describe('whatever is measured', () => {
  test('nothing fires before it was bad for long enough, in enough samples, without a break', () => {
    fc.assert(
      fc.property(rules, readings, (rule, values) => {
        let run: number[] = [];
        let isOpen = false;
        states(rule, values).forEach((state, index) => {
          const each = values[index];
          const isBad = typeof each === 'number' && (rule.operator.startsWith('>') ? each >= 10 : each <= 10);
          run = isBad ? [...run, index] : [];
          if (state.state === 'firing' && !isOpen) {
            expect((run.length - 1) * 1_000).toBeGreaterThanOrEqual(rule.forMs);
            expect(run.length).toBeGreaterThanOrEqual(rule.forSamples);
          }
          isOpen = state.open !== null;
        });
      }),
    );
  });

  test('between clear threshold and threshold nothing begins to fire and nothing stops', () => {
    fc.assert(
      fc.property(rules, readings, (rule, values) => {
        const [line] = rule.lines;
        states(rule, values).forEach((state, index, all) => {
          const each = values[index];
          if (typeof each !== 'number' || line === undefined || index === 0) return;
          const inBetween = rule.operator.startsWith('>')
            ? each > line.clear && each < line.threshold
            : each < line.clear && each > line.threshold;
          const before = all[index - 1];
          // What fires and is bad stays so; what does not fire does not begin to.
          if (inBetween && before?.open === null) expect(state.open).toBeNull();
          else if (inBetween && line.level in (before?.bad ?? {})) expect(state.open).toBe(before?.open);
        });
      }),
    );
  });

  test('a restart changes nothing: a state that was stored goes on as the one that was not', () => {
    fc.assert(
      fc.property(rules, readings, fc.nat(60), (rule, values, cut) => {
        const whole = states(rule, values);
        let state: TargetState | undefined;
        values.forEach((each, index) => {
          if (index === cut && state !== undefined) state = JSON.parse(JSON.stringify(state)) as TargetState;
          const now = T0 + index * 1_000;
          state = step(
            rule,
            state,
            typeof each === 'number'
              ? value(now, each)
              : { kind: each === 'silence' ? 'no_data' : 'error', why: each === 'silence' ? 'silent' : 'wrong' },
            now,
          );
        });
        expect(state).toEqual(whole.at(-1));
      }),
    );
  });

  test('looking twice at the same instant changes nothing', () => {
    fc.assert(
      fc.property(rules, readings, (rule, values) => {
        let state: TargetState | undefined;
        values.forEach((each, index) => {
          if (typeof each !== 'number') return;
          const now = T0 + index * 1_000;
          state = step(rule, state, value(now, each), now);
          const again = step(rule, state, value(now, each), now);
          expect([again.state, again.level, again.since, again.bad]).toEqual([state.state, state.level, state.since, state.bad]);
        });
      }),
    );
  });

  test('no number is never well', () => {
    fc.assert(
      fc.property(rules, readings, fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY), (rule, values, odd) => {
        const last = states(rule, values).at(-1);
        expect(step(rule, last, value(T0 + 100_000, odd), T0 + 100_000).state).toBe('error');
      }),
    );
  });

  test('a level is told exactly while pending or firing, and is one of the rule', () => {
    fc.assert(
      fc.property(rules, readings, (rule, values) => {
        for (const { level, state } of states(rule, values)) {
          expect(level !== null).toBe(state === 'pending' || state === 'firing');
          if (level !== null) expect(rule.lines.map((line) => rank(line.level))).toContain(rank(level));
        }
      }),
    );
  });
});
