import { describe, expect, it } from 'vitest';
import type { Example } from '../datasets/dataset.ts';
import { compare, isNoRegression, type Trials } from './comparison.ts';
import { evaluateAll } from './evaluate.ts';
import { htmlOf } from './report-html.ts';
import { questionIn } from './questions.ts';
import { markdownOf } from './report-markdown.ts';
import { reportOf } from './report.ts';
import { reachedBy, thresholdOf } from './thresholds.ts';
import { together, type Trial } from './trial.ts';

const trial = (exampleId: string, score: number | null, more: Partial<Trial> = {}): Trial => ({
  exampleId,
  seconds: 1,
  cost: null,
  error: null,
  scores: score === null ? [] : [{ key: 'exact', score }],
  ...more,
});
const of = (scores: Record<string, number>): Trials => new Map(Object.entries(scores).map(([id, score]) => [id, trial(id, score)]));
const many = (one: (i: number) => number): Trials => of(Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`e${i}`, one(i)])));

describe('a comparison', () => {
  it('calls better and worse only what would hold on other examples', () => {
    const verdict = (a: (i: number) => number, b: (i: number) => number) => compare(many(a), many(b)).keys[0];
    expect(
      verdict(
        (i) => Number(i % 2 === 0),
        () => 1,
      ),
    ).toMatchObject({ verdict: 'better', wins: 20, losses: 0, ties: 20, difference: 0.5, n: 40 });
    expect(
      verdict(
        () => 1,
        (i) => Number(i > 9),
      ),
    ).toMatchObject({ verdict: 'worse', losses: 10 });
    expect(
      verdict(
        (i) => Number(i % 2 === 0),
        (i) => Number(i % 2 === 1),
      ),
    ).toMatchObject({ verdict: 'unclear', wins: 20, losses: 20, difference: 0 });
    expect(
      verdict(
        () => 0.5,
        () => 0.5,
      ),
    ).toMatchObject({ verdict: 'same', interval: [0, 0] });
    expect(compare(of({ a: 0 }), of({ a: 1 })).keys[0]).toMatchObject({ verdict: 'unclear', interval: null });
  });

  it('takes a handful that changed for chance, however alike they changed', () => {
    const fell = (n: number) =>
      compare(
        many(() => 1),
        many((i) => Number(i >= n)),
      ).keys[0];
    expect([fell(5)?.verdict, fell(6)?.verdict]).toEqual(['unclear', 'worse']);
    expect(fell(5)?.interval?.[1]).toBeLessThan(0);
  });

  it('lists what got worse, the worst first, and leaves out what only one of them has', () => {
    const { examples, keys, regressions } = compare(of({ a: 1, b: 1, c: 0, gone: 1 }), of({ a: 0.5, b: 0, c: 1, fresh: 0 }));
    expect(keys[0]?.n).toBe(3);
    expect(regressions).toEqual([
      { exampleId: 'b', key: 'exact', from: 1, to: 0 },
      { exampleId: 'a', key: 'exact', from: 1, to: 0.5 },
    ]);
    expect(examples.map(({ exampleId, gain }) => [exampleId, gain])).toEqual([
      ['b', -1],
      ['a', -0.5],
      ['c', 1],
    ]);
  });

  it('puts what fails now before all that lost a score, and what failed before last', () => {
    const before = new Map([trial('a', 1), trial('b', null, { error: 'away' }), trial('c', 1)].map((one) => [one.exampleId, one]));
    const now = new Map([trial('a', 0), trial('b', 1), trial('c', null, { error: 'away' })].map((one) => [one.exampleId, one]));
    expect(compare(before, now).examples.map(({ exampleId }) => exampleId)).toEqual(['c', 'a', 'b']);
  });

  it('gives the same intervals in whatever order experiments are read', () => {
    const slow = (i: number): Trial => trial(`e${i}`, i % 3, { seconds: (i * 7) % 11, cost: (i * 5) % 13 });
    const trials = Array.from({ length: 30 }, (_, i) => slow(i));
    const read = (of: readonly Trial[]): Trials => new Map(of.map((one) => [one.exampleId, one]));
    const base = many((i) => i % 2);
    const withCost = new Map([...base].map(([id, one]) => [id, { ...one, cost: 1 }]));
    const [there, back] = [compare(withCost, read(trials)), compare(withCost, read(trials.toReversed()))];
    expect([back.latency, back.cost, back.keys]).toEqual([there.latency, there.cost, there.keys]);
  });

  it('tells what it costs in time and money, of examples of which both are known', () => {
    const before = new Map(['a', 'b', 'c', 'd'].map((id) => [id, trial(id, 1, { seconds: 2, cost: 0.5 })]));
    const now = new Map([
      ['a', trial('a', 1, { seconds: 1, cost: 0.25 })],
      ['b', trial('b', 1, { seconds: 1, cost: 0.25 })],
      ['c', trial('c', null, { seconds: 60, error: 'away' })],
      ['d', trial('d', 1, { seconds: 1, cost: null })],
    ]);
    expect(compare(before, now)).toMatchObject({
      latency: { n: 3, baseline: 2, candidate: 1, difference: -1, interval: [-1, -1] },
      cost: { n: 2, baseline: 0.5, candidate: 0.25, difference: -0.25 },
      failures: { baseline: 0, candidate: 1 },
    });
    expect(compare(new Map(), now)).toMatchObject({ keys: [], latency: null, cost: null, examples: [] });
  });

  it('passes a gate against regressions where nothing is worse, and not where there is nothing to tell by', () => {
    const good = many(() => 1);
    expect(isNoRegression(compare(good, good))).toBe(true);
    expect(
      isNoRegression(
        compare(
          good,
          many((i) => i % 2),
        ),
      ),
    ).toBe(false);
    const allFailed: Trials = new Map([...good.keys()].map((id) => [id, trial(id, null, { error: 'away' })]));
    expect(isNoRegression(compare(good, allFailed))).toBe(false);
  });
});

describe('a report', () => {
  const named = { dataset: 'd|x', experiment: 'e <b>', target: 'cat', baseline: 'old' };
  const comparison = compare(of({ a: 1, b: 1 }), of({ a: 1, b: 0 }));
  const report = reportOf(named, [trial('a', 1, { cost: 0.001 }), trial('b', 0, { error: 'a|b\nc' })], {
    comparison,
    thresholds: [{ key: 'exact', least: 0.9, mean: 0.5, passed: false }],
    unscored: [
      { key: 'polite', unscored: 'no' },
      { key: 'polite', unscored: 'the budget is spent' },
    ],
  });

  it('is written down for people', () => {
    const text = markdownOf(report, new Map([['b', 'Which `city` | is it?']]));
    for (const line of [
      'Dataset d\\|x',
      '| exact | 2 | 0.500 |',
      "| `Which 'city' \\| is it?` | exact | 1.000 | 0.000 |",
      "- `Which 'city' \\| is it?`: a\\|b c",
      '**missed**: exact 0.500, at least 0.9',
      'polite is missing for 2: the budget is spent',
      '$0.001000',
    ])
      expect(text).toContain(line);
  });

  it('is one file of HTML that fetches nothing, runs nothing, and takes no text for markup', () => {
    const evil = '<script>alert(1)</script><img src=x onerror=alert(1)>"\'';
    const texts = { inputs: evil, outputs: evil, error: null };
    const html = htmlOf({ ...report, baseline: evil, target: evil }, [
      { exampleId: evil, question: evil, expected: evil, now: texts, before: texts, scores: [], change: comparison.examples[0] },
    ]);
    expect(html).toContain('e &lt;b&gt;');
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).not.toMatch(/<script|<img|<link|javascript:|url\(|https?:/);
    expect(html).toContain("default-src 'none'");
    expect(html).toContain('exact 1.00 → 0.00');
    // Also the scores that the baseline does not have.
    expect(html).toContain('<td>exact</td><td>2</td><td>0.500</td>');
  });
});

describe('a question', () => {
  it('is what a person would know the example by', () => {
    expect(questionIn('{"q":"Norway?"}')).toBe('Norway?');
    const chat = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Which\n  city?' },
    ];
    expect(questionIn(JSON.stringify({ messages: chat }))).toBe('Which city?');
    expect(questionIn('{"a":1,"b":[2]}')).toBe('{"a":1,"b":[2]}');
    expect(questionIn(JSON.stringify({ q: 'x'.repeat(500) }))).toHaveLength(100);
  });
});

describe('a threshold', () => {
  it('counts examples on which the target failed as 0, and is missed by a score that nobody gave', () => {
    const trials = [trial('a', 1), trial('b', 1), trial('c', null, { error: 'away' }), trial('d', 1)];
    expect(reachedBy(trials, ['exact=0.75', 'exact=0.8', 'polite=0'].map(thresholdOf))).toEqual([
      { key: 'exact', least: 0.75, mean: 0.75, passed: true },
      { key: 'exact', least: 0.8, mean: 0.75, passed: false },
      { key: 'polite', least: 0, mean: null, passed: false },
    ]);
    expect(() => thresholdOf('0.8')).toThrow(/exact=0.8|least mean/);
  });
});

it('examples that were run several times count by their means, and failed where all of it failed', () => {
  expect(
    together('a', [
      trial('a', 1, { seconds: 1, cost: 1 }),
      trial('a', 0, { seconds: 3, cost: 2 }),
      trial('a', null, { seconds: 60, error: 'away' }),
    ]),
  ).toEqual({ exampleId: 'a', seconds: 2, cost: 1.5, error: null, scores: [{ key: 'exact', score: 0.5 }] });
  expect(together('a', [trial('a', null, { error: 'away' }), trial('a', null, { error: 'still away' })]).error).toBe('still away');
});

describe('examples', () => {
  const examples = Array.from({ length: 9 }, (_, i) => ({ exampleId: `e${i}` }) as Example);

  it('are run so many at a time', async () => {
    let [running, most] = [0, 0];
    const ran: string[] = [];
    await evaluateAll(examples, {
      concurrency: 3,
      run: async ({ exampleId }) => {
        most = Math.max(most, ++running);
        await Promise.resolve();
        running--;
        ran.push(exampleId);
      },
    });
    expect([most, ran.length, new Set(ran).size]).toEqual([3, 9, 9]);
  });

  it('stop where something else than the target fails', async () => {
    let ran = 0;
    const run = (): Promise<void> => (++ran === 2 ? Promise.reject(new Error('the database is away')) : Promise.resolve());
    await expect(evaluateAll(examples, { concurrency: 1, run })).rejects.toThrow('away');
    expect(ran).toBe(2);
  });
});
