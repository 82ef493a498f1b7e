import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEVELS, POINTS_AT, type Level, type Verdict } from './finding.ts';
import { History } from './history.ts';
import { found, judge } from './judge.ts';
import { changesBetween, judgementOf, reportOf, type HealthReport, type ReportBefore } from './report.ts';
import { bandOf, pausedSubject, scoreFleet, scoreSubject } from './score.ts';
import { breachOf, thresholdsWith } from './thresholds.ts';

const finding = (level: Level, n = 0, points = POINTS_AT[level]): Verdict => ({
  kind: 'finding',
  id: `database/x/${n}`,
  subject: 'database',
  check: 'x',
  level,
  points,
  text: 'x',
  value: 1,
  threshold: 1,
  remedy: 'y',
});
const fine: Verdict = { kind: 'fine', subject: 'database', check: 'ok' };
const unknown: Verdict = { kind: 'unknown', subject: 'database', check: 'u', why: 'not measured' };

const verdicts = fc.array(
  fc.oneof(
    fc
      .record({ level: fc.constantFrom(...LEVELS), n: fc.nat(1_000), points: fc.integer({ min: 1, max: 90 }) })
      .map(({ level, n, points }) => finding(level, n, points)),
    fc.constant(fine),
    fc.constant(unknown),
  ),
  { maxLength: 30 },
);

describe('a score', () => {
  it('is unknown where nothing could be judged', () => {
    expect(scoreSubject('database', [])).toMatchObject({ score: null, band: 'unknown', coverage: 0 });
    expect(scoreSubject('database', [unknown])).toMatchObject({ score: null, band: 'unknown', coverage: 0 });
  });

  it('lies between 0 and 100, and is 100 exactly where all is judged and nothing is found', () => {
    fc.assert(
      fc.property(verdicts, (all) => {
        const { score, findings, coverage } = scoreSubject('database', all);
        if (coverage === 0) {
          expect(score).toBeNull();
          return;
        }
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(100);
        expect(score === 100).toBe(findings.length === 0 && coverage === 1);
      }),
    );
  });

  it('never rises when something more is found', () => {
    fc.assert(
      fc.property(verdicts, fc.constantFrom(...LEVELS), (all, level) => {
        const before = scoreSubject('database', [...all, fine]).score ?? 0;
        expect(scoreSubject('database', [...all, finding(level, 2_000)]).score ?? 0).toBeLessThanOrEqual(before);
      }),
    );
  });

  it('does not depend on the order of the findings', () => {
    fc.assert(
      fc.property(verdicts, (all) => {
        expect(scoreSubject('database', all.toReversed()).score).toBe(scoreSubject('database', all).score);
      }),
    );
  });

  it('stays below 50 with anything critical and below 25 with an emergency', () => {
    expect(scoreSubject('database', [finding('critical', 0, 1), fine]).score).toBeLessThan(50);
    expect(scoreSubject('database', [finding('emergency', 0, 1), fine]).score).toBeLessThan(25);
  });

  it('never reads as healthy where data is missing, says so, and less so the more is missing', () => {
    expect(scoreSubject('database', [fine, fine, unknown])).toMatchObject({
      score: 89,
      band: 'degraded',
      caps: [{ score: 89, because: '1 of 3 checks had no data' }],
    });
    expect(scoreSubject('database', [fine, unknown, unknown])).toMatchObject({ score: 69, band: 'unhealthy' });
  });

  it('can be worked out again from what is stored with it', () => {
    fc.assert(
      fc.property(verdicts, (all) => {
        const { score, findings, caps, coverage } = scoreSubject('database', all);
        const left = findings.reduce((share, { points }) => share * (1 - points / 100), 100);
        if (coverage > 0) expect(score).toBeCloseTo(Math.min(left, ...caps.map((cap) => cap.score)), 0);
      }),
    );
  });

  it('is not zeroed by fifty of one fault', () => {
    const many = Array.from({ length: 50 }, (_, n) => finding('warning', n));
    const { score, findings } = scoreSubject('database', many);
    expect(score).toBeGreaterThan(40);
    expect(findings.map(({ points }) => points).slice(0, 3)).toEqual([15, 7.5, 5]);
  });

  it('of something paused is none: it is not 100, and moves nothing of the fleet', () => {
    const paused = pausedSubject('agent:idle');
    expect(paused).toMatchObject({ score: null, band: 'paused' });
    const own = scoreSubject('fleet', [{ ...fine, subject: 'fleet' }]);
    const database = scoreSubject('database', [finding('warning'), fine]);
    expect(scoreFleet(own, [database, paused])).toEqual(scoreFleet(own, [database]));
  });

  it('of the fleet is no better than its database, and says what it is made from', () => {
    const own = scoreSubject('fleet', [{ ...fine, subject: 'fleet' }]);
    const host = scoreSubject('host:alpha', [{ ...fine, subject: 'host:alpha' }]);
    const database = scoreSubject('database', [finding('critical'), fine]);
    const fleet = scoreFleet(own, [database, host]);
    expect(fleet.score).toBe(database.score);
    expect(fleet.caps).toContainEqual({ score: 89, because: 'something in the fleet is critical' });
    expect(fleet.components).toContainEqual({
      name: 'database',
      score: 45,
      members: 1,
      unscored: 0,
      coverage: 1,
      worst: [{ subject: 'database', score: 45 }],
    });
    const blind = scoreFleet(own, [scoreSubject('database', [unknown]), host]);
    expect(blind.score).toBeLessThanOrEqual(69);
  });

  it.each([
    [100, 'healthy'],
    [90, 'healthy'],
    [89.9, 'degraded'],
    [70, 'degraded'],
    [69, 'unhealthy'],
    [50, 'unhealthy'],
    [49, 'critical'],
    [0, 'critical'],
    [null, 'unknown'],
  ] as const)('of %s is %s', (score, band) => expect(bandOf(score)).toBe(band));
});

describe('a threshold', () => {
  const threshold = { worse: 'above', warning: 0.8, critical: 0.9, emergency: 1 } as const;

  it('is reached at its value', () => {
    expect(breachOf(0.799, threshold, undefined)).toBeUndefined();
    expect(breachOf(0.8, threshold, undefined)).toEqual({ level: 'warning', threshold: 0.8, towardsNext: 0 });
    expect(breachOf(0.85, threshold, undefined)).toMatchObject({ level: 'warning', towardsNext: expect.closeTo(0.5, 9) as number });
    expect(breachOf(2, threshold, undefined)).toMatchObject({ level: 'emergency', towardsNext: 0 });
  });

  it('once passed is left only 5% below, so that it does not flap', () => {
    expect(breachOf(0.79, threshold, 'warning')?.level).toBe('warning');
    expect(breachOf(0.75, threshold, 'warning')).toBeUndefined();
    expect(breachOf(0.88, threshold, 'critical')?.level).toBe('critical');
    expect(breachOf(0.84, threshold, 'critical')?.level).toBe('warning');
  });

  it('may be one that less is worse than', () => {
    const below = { worse: 'below', warning: 0.9, critical: 0.5 } as const;
    expect(breachOf(0.95, below, undefined)).toBeUndefined();
    expect(breachOf(0.7, below, undefined)).toMatchObject({ level: 'warning', towardsNext: expect.closeTo(0.5, 9) as number });
    expect(breachOf(0.4, below, undefined)?.level).toBe('critical');
    expect(breachOf(0.91, below, 'warning')?.level).toBe('warning');
  });

  it('makes a finding weigh more the nearer the next level is', () => {
    const bench = { thresholds: thresholdsWith({}), open: new Map() };
    const points = [0.8, 0.84, 0.88, 0.9, 0.95, 0.98].map((value) => {
      const verdict = judge({ subject: 'database', check: 'database.connections_ratio', value, text: String, remedy: '' }, bench);
      return verdict.kind === 'finding' ? verdict.points : 0;
    });
    expect(points).toEqual(points.toSorted((a, b) => a - b));
    expect(points[0]).toBe(POINTS_AT.warning);
    expect(points.at(-1)).toBe(POINTS_AT.emergency);
  });
});

describe('a report', () => {
  const report = (all: readonly Verdict[], now: number, previous?: Pick<ReportBefore, 'findings'>): HealthReport =>
    reportOf(judgementOf(all), now, previous);
  const at = (minute: number): number => Date.UTC(2026, 0, 1, 12, minute);

  it('keeps the time since when something is found, until it is gone', () => {
    const first = report([finding('warning'), fine], at(0));
    const second = report([finding('critical'), fine], at(1), first);
    expect(second.findings[0]?.since).toBe(new Date(at(0)).toISOString());
    const gone = report([fine], at(2), second);
    expect(report([finding('warning'), fine], at(3), gone).findings[0]?.since).toBe(new Date(at(3)).toISOString());
  });

  it('names the change of a level or band, and why', () => {
    const well = report([fine], at(0));
    const ill = report(
      [found({ subject: 'database', check: 'x', level: 'critical', text: 'the disk is gone', value: 'gone', remedy: '' }), fine],
      at(1),
      well,
    );
    expect(changesBetween(undefined, well)).toEqual([]);
    expect(changesBetween(well, well)).toEqual([]);
    expect(changesBetween(well, ill).find(({ subject }) => subject === 'database')).toEqual({
      subject: 'database',
      score: 45,
      previous_score: 100,
      band: 'critical',
      previous_band: 'healthy',
      level: 'critical',
      previous_level: null,
      because: 'the disk is gone',
    });
  });

  it('does not call it a change when only data came or went', () => {
    const starting = report([fine, unknown], at(0));
    const well = report([fine], at(1));
    expect(changesBetween(starting, well)).toEqual([]);
  });

  it('stays a small document however much is found, and says what it leaves out', () => {
    const many = Array.from({ length: 500 }, (_, n): Verdict => ({
      ...finding(n % 2 === 0 ? 'warning' : 'critical', n),
      subject: `agent:${n}`,
    }));
    const long = report(many, at(0));
    expect(long).toMatchObject({ findings_omitted: 300, subjects_omitted: 301, counts: { warning: 250, critical: 250 } });
    expect(long.findings.every(({ level }) => level === 'critical')).toBe(true);
    expect(JSON.stringify(long).length).toBeLessThan(150_000);
  });
});

describe('the change of a counter', () => {
  it('is that of the window, or of as much of it as is known', () => {
    const history = new History(60_000);
    history.push(0, new Map([['a', 10]]));
    expect(history.change('a')).toBeUndefined();
    history.push(30_000, new Map([['a', 15]]));
    expect(history.change('a')).toBe(5);
    history.push(120_000, new Map([['a', 16]]));
    expect(history.change('a')).toBe(1);
  });
  it('is unknown where the counter is silent now', () => {
    const history = new History(60_000);
    history.push(0, new Map([['a', 10]]));
    history.push(30_000, new Map([['a', 15]]));
    history.push(40_000, new Map());
    expect(history.change('a')).toBeUndefined();
  });
  it('is unknown where the count restarted', () => {
    const history = new History(60_000);
    history.push(0, new Map([['a', 10]]));
    history.push(30_000, new Map([['a', 2]]));
    expect(history.change('a')).toBeUndefined();
  });
});
