import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAbsence, readBurn, readComposite, readRatio, readSeries, type Events, type RuleState } from './conditions.ts';
import { ruleDocument } from './document.ts';
import { compileRule, type Rule } from './rule.ts';
import { SampleWindow, type Samples } from './samples.ts';
import type { Reading } from './step.ts';
import { theilSen } from './theil-sen.ts';

const NOW = Date.UTC(2026, 0, 10);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const ruleOf = (more: Readonly<Record<string, unknown>>): Rule =>
  compileRule(ruleDocument.parse({ name: 'r', ...(more['kind'] === 'composite' ? {} : { metric_name: 'm' }), ...more }));
/** Samples so many milliseconds ago. */
const samples = (...pairs: readonly (readonly [number, number])[]): Samples => ({
  times: pairs.map(([ago]) => NOW - ago),
  values: pairs.map(([, value]) => value),
});
const valueOf = (reading: Reading): number | null | string => (reading.kind === 'value' ? reading.value : reading.kind);
const reachedOf = (reading: Reading): readonly string[] | string =>
  reading.kind === 'value' ? [...(reading.reached ?? [])] : `${reading.kind}: ${reading.why}`;

describe('a series', () => {
  test('nobody measured, or that fell silent, gives no data', () => {
    const rule = ruleOf({ threshold: 1, no_data_after: '1m' });
    expect(valueOf(readSeries(rule, samples(), NOW))).toBe('no_data');
    expect(valueOf(readSeries(rule, samples([61_000, 5]), NOW))).toBe('no_data');
    expect(valueOf(readSeries(rule, samples([60_000, 5]), NOW))).toBe(5);
  });

  test.each([
    ['avg', 4],
    ['min', 2],
    ['max', 6],
    ['sum', 12],
  ])('over a window gives its %s', (aggregate, expected) => {
    const rule = ruleOf({ threshold: 1, aggregate, window: '1m' });
    expect(valueOf(readSeries(rule, samples([90_000, 100], [50_000, 2], [30_000, 6], [10_000, 4]), NOW))).toBe(expected);
  });

  test('is judged over a window once half of it is measured', () => {
    const rule = ruleOf({ threshold: 1, aggregate: 'avg', window: '10m', no_data_after: '1h' });
    const since = (...agos: readonly number[]): Samples => samples(...agos.map((ago): [number, number] => [ago * 1_000, 5]));
    expect(valueOf(readSeries(rule, since(26, 20, 10, 0), NOW))).toBe('no_data');
    expect(valueOf(readSeries(rule, since(299, 100, 0), NOW))).toBe('no_data');
    expect(valueOf(readSeries(rule, since(300, 100, 0), NOW))).toBe(5);
    // The one before the window covers it, unless there was silence between.
    expect(valueOf(readSeries(rule, since(610, 20, 0), NOW))).toBe(5);
    expect(valueOf(readSeries(rule, since(3_600, 20, 0), NOW))).toBe('no_data');
    // A series that is slower than the window: the newest one counts once no second one follows it.
    expect(valueOf(readSeries(rule, samples([900_000, 4], [0, 5]), NOW))).toBe(4);
    expect(valueOf(readSeries(rule, samples([1_000_000, 4], [100_000, 5]), NOW))).toBe(5);
    // A maximum only grows: what is beyond the threshold is so already.
    expect(valueOf(readSeries(ruleOf({ threshold: 1, aggregate: 'max', window: '10m' }), since(5, 0), NOW))).toBe(5);
    expect(valueOf(readSeries(ruleOf({ threshold: 1, aggregate: 'min', window: '10m' }), since(5, 0), NOW))).toBe('no_data');
  });

  test('that is a counter grows by so much a second, also over a new beginning', () => {
    const rule = ruleOf({ kind: 'rate', threshold: 1, window: '1m' });
    expect(valueOf(readSeries(rule, samples([60_000, 100], [30_000, 160], [0, 6]), NOW))).toBe(66 / 60);
    expect(valueOf(readSeries(rule, samples([0, 6]), NOW))).toBe('no_data');
  });

  test('is stale once it was silent for longer than the window', () => {
    const rule = ruleOf({ kind: 'staleness', window: '1m', level: 'critical' });
    expect(reachedOf(readSeries(rule, samples([61_000, 1]), NOW))).toEqual(['critical']);
    expect(reachedOf(readSeries(rule, samples([59_000, 1]), NOW))).toEqual([]);
  });

  test('asked for anomalies gives no data until something detects them', () => {
    expect(valueOf(readSeries(ruleOf({ kind: 'anomaly' }), samples([0, 1]), NOW))).toBe('no_data');
  });
});

describe('a ratio', () => {
  const rule = ruleOf({ kind: 'ratio', of: { metric_name: 'n' }, threshold: 0.5 });
  test('divides the newest values', () => expect(valueOf(readRatio(rule, samples([0, 3]), samples([0, 4]), NOW))).toBe(0.75));
  test('by zero is an error, of nothing by nothing it is no data', () => {
    expect(valueOf(readRatio(rule, samples([0, 3]), samples([0, 0]), NOW))).toBe('error');
    expect(valueOf(readRatio(rule, samples([0, 0]), samples([0, 0]), NOW))).toBe('no_data');
    expect(valueOf(readRatio(rule, samples([0, 3]), undefined, NOW))).toBe('no_data');
  });
  test('of counters divides what they grew by', () => {
    const counters = ruleOf({ kind: 'ratio', of: { metric_name: 'n' }, counters: true, window: '1m', threshold: 0.5 });
    expect(valueOf(readRatio(counters, samples([60_000, 10], [0, 12]), samples([60_000, 100], [0, 108]), NOW))).toBe(0.25);
  });
});

test('absence counts from when the rule was made where nothing was ever measured', () => {
  const rule = ruleOf({ kind: 'absence', window: '5m', level: 'critical' });
  expect(reachedOf(readAbsence(rule, undefined, NOW - 4 * MINUTE, NOW))).toEqual([]);
  expect(reachedOf(readAbsence(rule, undefined, NOW - 6 * MINUTE, NOW))).toEqual(['critical']);
  expect(reachedOf(readAbsence(rule, NOW - MINUTE, NOW - HOUR, NOW))).toEqual([]);
  expect(reachedOf(readAbsence(rule, NOW - 6 * MINUTE, NOW - HOUR, NOW))).toEqual(['critical']);
});

describe('a forecast', () => {
  const rule = ruleOf({ kind: 'forecast', threshold: 100, window: '6h', horizon: '4d', no_data_after: '1h' });
  /** A value a minute over six hours. */
  const line = (of: (i: number) => number): Samples =>
    samples(...Array.from({ length: 360 }, (_, i): [number, number] => [(359 - i) * MINUTE, of(i)]));

  test('says that a disk that fills steadily will be full within days', () => {
    // 0.5 an hour from 60: full in 80 hours.
    expect(
      reachedOf(
        readSeries(
          rule,
          line((i) => 57 + i / 120),
          NOW,
        ),
      ),
    ).toEqual(['warning']);
    // 0.1 an hour: full in 400 hours.
    expect(
      reachedOf(
        readSeries(
          rule,
          line((i) => 59.4 + i / 600),
          NOW,
        ),
      ),
    ).toEqual([]);
    expect(
      reachedOf(
        readSeries(
          rule,
          line(() => 60),
          NOW,
        ),
      ),
    ).toEqual([]);
    expect(
      reachedOf(
        readSeries(
          rule,
          line((i) => 90 - i / 60),
          NOW,
        ),
      ),
    ).toEqual([]);
  });

  test('is not led astray by outliers', () => {
    expect(
      reachedOf(
        readSeries(
          rule,
          line((i) => (i % 40 === 0 ? 5_000 : 59.4 + i / 600)),
          NOW,
        ),
      ),
    ).toEqual([]);
  });

  test('says when it cannot tell', () => {
    const noise = line((i) => 60 + 30 * Math.sin(i * 12.9898));
    expect(reachedOf(readSeries(rule, noise, NOW))).toMatch(/^no_data: not predictable/);
    expect(reachedOf(readSeries(rule, samples([MINUTE, 1], [0, 2]), NOW))).toMatch(/^no_data: not predictable/);
  });
});

test('the slope of a line is found though a quarter of its points lie elsewhere, and its interval holds it', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -10, max: 10, noNaN: true }),
      fc.double({ min: -1_000, max: 1_000, noNaN: true }),
      fc.uniqueArray(fc.nat(59), { maxLength: 12 }),
      (slope, intercept, outliers) => {
        const times = Array.from({ length: 60 }, (_, i) => i);
        const trend = theilSen(
          times,
          times.map((at) => (outliers.includes(at) ? 1e6 : intercept + slope * at)),
        );
        expect(trend?.least).toBeLessThanOrEqual(slope + 1e-6);
        expect(trend?.most).toBeGreaterThanOrEqual(slope - 1e-6);
      },
    ),
  );
});

describe('a burn rate', () => {
  const rule = ruleOf({ kind: 'burn_rate', of: { metric_name: 'n' }, objective: 0.999, min_events: 100 });
  /** Events a minute over the last so many minutes, then nothing before; hours to match. */
  const events = (perMinute: (minutesAgo: number) => number): Events => ({
    fine: { bucketMs: MINUTE, end: NOW, counts: Array.from({ length: 360 }, (_, i) => perMinute(359 - i)) },
    coarse: {
      bucketMs: HOUR,
      end: NOW,
      counts: Array.from({ length: 72 }, (_, i) => {
        let sum = 0;
        for (let minute = 0; minute < 60; minute += 1) sum += perMinute((71 - i) * 60 + minute);
        return sum;
      }),
    },
  });
  const all = events(() => 1_000);

  test('pages for a fast burn while it goes on, and no longer', () => {
    expect(
      reachedOf(
        readBurn(
          rule,
          events((ago) => (ago < 60 ? 20 : 0)),
          all,
          NOW,
        ),
      ),
    ).toContain('critical');
    expect(
      reachedOf(
        readBurn(
          rule,
          events((ago) => (ago >= 10 && ago < 60 ? 25 : 0)),
          all,
          NOW,
        ),
      ),
    ).not.toContain('critical');
  });
  test('warns of a slow burn', () => {
    expect(
      reachedOf(
        readBurn(
          rule,
          events(() => 1.5),
          all,
          NOW,
        ),
      ),
    ).toEqual(['warning']);
    expect(
      reachedOf(
        readBurn(
          rule,
          events(() => 0.5),
          all,
          NOW,
        ),
      ),
    ).toEqual([]);
  });
  test('says nothing of a few events, or none', () => {
    expect(
      valueOf(
        readBurn(
          rule,
          events(() => 0),
          events(() => 0),
          NOW,
        ),
      ),
    ).toBe('no_data');
    expect(valueOf(readBurn(rule, undefined, undefined, NOW))).toBe('no_data');
    expect(
      valueOf(
        readBurn(
          rule,
          events((ago) => (ago < 3 ? 1 : 0)),
          events((ago) => (ago < 3 ? 1 : 0)),
          NOW,
        ),
      ),
    ).toBe('no_data');
  });
});

describe('a composite', () => {
  const known: Readonly<Record<string, RuleState>> = { up: 'firing', down: 'ok', soon: 'pending', unknown: 'no_data' };
  const read = (more: Readonly<Record<string, unknown>>): string => {
    const reading = readComposite(ruleOf({ kind: 'composite', ...more }), (name) => known[name], NOW);
    return reading.kind === 'value' ? ((reading.reached?.size ?? 0) > 0 ? 'holds' : 'does not hold') : reading.kind;
  };
  test.each([
    [{ all: ['up', { not: 'down' }] }, 'holds'],
    [{ all: ['up', 'down'] }, 'does not hold'],
    [{ any: ['down', 'up'] }, 'holds'],
    [{ any: ['down', 'soon'] }, 'does not hold'],
    [{ all: ['up', 'unknown'] }, 'no_data'],
    [{ all: ['down', 'unknown'] }, 'does not hold'],
    [{ any: ['up', 'nobody'] }, 'holds'],
    [{ any: ['down', 'nobody'] }, 'no_data'],
    [{ all: ['up'], any: ['down', 'up'] }, 'holds'],
  ])('of %j %s', (more, expected) => expect(read(more)).toBe(expected));
});

test('a window keeps what lies within it, the sample before, and no more than is bounded', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ pause: fc.nat(5_000), value: fc.integer() }), { maxLength: 200 }), (list) => {
      const window = new SampleWindow(10_000);
      const all: [number, number][] = [];
      let at = NOW;
      for (const { pause, value } of list) {
        at += pause;
        window.push(at, value);
        if (all.at(-1)?.[0] === at) all.pop();
        all.push([at, value]);
      }
      const wanted = all.filter(([time]) => time > at - 10_000);
      expect(window.times.slice(-wanted.length || Infinity)).toEqual(wanted.map(([time]) => time));
      if (all.length > wanted.length) expect(window.times[0]).toBeLessThanOrEqual(at - 10_000);
    }),
  );
  const flood = new SampleWindow(HOUR);
  for (let i = 0; i < 10_000; i += 1) flood.push(NOW + i, i);
  expect(flood.times.length).toBeLessThan(4_100);
  expect(flood.isCut).toBe(true);
  flood.push(NOW + 2 * HOUR, 1);
  expect(flood.isCut).toBe(false);
});
