import { describe, expect, test } from 'vitest';
import { definitionOf, draftOf, emptyDraft, pairsOf } from './draft.ts';
import { lanesOf, verdictOf } from './lanes.ts';
import { sentenceOf } from './sentence.ts';
import type { Definition, Firing } from './types.ts';

const rule: Definition = {
  name: 'queue_long',
  enabled: true,
  kind: 'threshold',
  metric_name: 'queue_depth',
  aggregate: 'last',
  operator: '>',
  threshold: 100,
  clear_threshold: 50,
  level: 'critical',
  for: '1m',
  for_samples: 1,
  keep_firing: '0s',
  counters: false,
  channels: ['ops'],
  labels: { team: 'web' },
  annotations: { summary: 'Orders wait', cost: 'high' },
  runbook: 'queue',
};

describe('a rule as a form', () => {
  test('comes out as it went in, with what no field stands for', () => {
    const odd = { ...rule, flapping: { changes: 6, within: '10m' }, agents: ['a1'] } as Definition;
    expect(definitionOf(draftOf(odd), odd)).toEqual({ ...odd, counters: undefined });
  });

  test('keeps several levels with their own thresholds', () => {
    const { threshold: _, clear_threshold: __, ...rest } = rule;
    const several: Definition = {
      ...rest,
      levels: [
        { level: 'warning', threshold: 0.8, clear_threshold: 0.7 },
        { level: 'critical', threshold: 0.9 },
      ],
    };
    expect(definitionOf(draftOf(several), several)).toMatchObject({ levels: several.levels });
    expect(definitionOf(draftOf(several), several)).not.toHaveProperty('threshold');
  });

  test('leaves out what another kind has no use for', () => {
    const silent = definitionOf({ ...draftOf(rule), kind: 'staleness', window: '10m' }, rule);
    expect(silent).toMatchObject({ kind: 'staleness', window: '10m', level: 'critical' });
    expect(silent).not.toHaveProperty('threshold');
    expect(silent).not.toHaveProperty('operator');
  });

  test('sends what is no number as it was typed, for the server to say so', () => {
    expect(definitionOf({ ...emptyDraft, lines: [{ level: 'info', threshold: 'many', clear: '' }] })).toMatchObject({ threshold: 'many' });
  });

  test('reads labels and operands between commas', () => {
    expect(pairsOf('a=1, b = x=y')).toEqual({ a: '1', b: 'x=y' });
    expect(definitionOf({ ...emptyDraft, kind: 'composite', all: 'host_lost, not database_down' })).toMatchObject({
      all: ['host_lost', { not: 'database_down' }],
    });
  });
});

describe('a rule in a sentence', () => {
  test('says what is compared with what, for how long, and how grave that is', () => {
    expect(sentenceOf(rule)).toBe('queue_depth > 100 for 1m: critical');
    expect(
      sentenceOf({
        ...rule,
        aggregate: 'avg',
        window: '10m',
        for: '0s',
        levels: [
          { level: 'warning', threshold: 0.85 },
          { level: 'critical', threshold: 0.95 },
        ],
      }),
    ).toBe('avg of queue_depth over 10m: warning > 0.85, critical > 0.95');
  });
});

describe('a replay', () => {
  const firing = (target: string, from: number, to: number | null): Firing => ({
    target,
    level: 'critical',
    bad_since: at(from),
    fired_at: at(from),
    ended_at: to === null ? null : at(to),
    value: 1,
    threshold: 0,
    explanation: 'because',
  });
  const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
  const replay = { from: at(0), to: at(60), series: 3, evaluations: 9, is_truncated: false, note: null };

  test('is a lane a target, the longest first, with bars along the time that was looked at', () => {
    const lanes = lanesOf({ ...replay, firings: [firing('a', 0, 6), firing('b', 30, null), firing('a', 12, 18)] });
    expect(lanes.map(({ target, firingMs }) => [target, firingMs / 60_000])).toEqual([
      ['b', 30],
      ['a', 12],
    ]);
    expect(lanes[0]?.bars).toMatchObject([{ from: 0.5, to: 1 }]);
    expect(lanes[1]?.bars).toMatchObject([
      { from: 0, to: 0.1 },
      { from: 0.2, to: 0.3 },
    ]);
  });

  test('is told in a sentence, also when nothing happened', () => {
    expect(verdictOf({ ...replay, firings: [firing('a', 0, 6), firing('b', 30, null)] })).toBe(
      'It would have fired 2 times at 2 targets, for 36 min in all: 3 series over 1 h.',
    );
    expect(verdictOf({ ...replay, firings: [] })).toBe('It would not have fired: 3 series over 1 h.');
  });
});
