import { describe, expect, it } from 'vitest';
import { compare } from './comparison.ts';
import { evaluateAll } from './evaluate.ts';
import type { Trial } from './experiment.ts';
import { markdownOf, reportOf } from './report.ts';
import { scorersOf, type Answered } from './scorers.ts';
import { messagesFor, targetOf } from './target.ts';
import type { Example } from '../datasets/dataset.ts';

const scored = (names: string, answered: Partial<Answered>) =>
  Object.fromEntries(
    scorersOf(names.split(' ')).flatMap((scorer) => {
      const found = scorer({ inputs: '{}', expected: null, outputs: null, ...answered });
      return found === undefined ? [] : [[found.key, Number(found.score.toFixed(3))]];
    }),
  );
const of = (scores: Record<string, number>) => new Map(Object.entries(scores).map(([id, score]) => [id, new Map([['exact', score]])]));

describe('scores', () => {
  it('compare what came with what was expected, whatever the fields are called', () => {
    const expected = '{"answer":"Paris is the capital"}';
    expect(scored('exact contains overlap json_equal', { expected, outputs: '{"output":"Paris is the capital "}' })).toEqual({
      exact: 1,
      contains: 1,
      overlap: 1,
      json_equal: 0,
    });
    const chat = JSON.stringify({ choices: [{ message: { role: 'assistant', content: 'Well, PARIS is the  capital of France.' } }] });
    expect(scored('exact contains overlap', { expected, outputs: chat })).toEqual({ exact: 0, contains: 1, overlap: 0.727 });
    expect(scored('json_equal', { expected: '{"a":{"x":1,"y":[2]}}', outputs: '{"b":{"y":[2],"x":1}}' })).toEqual({ json_equal: 1 });
    expect(scored('exact overlap', { expected: '"北京是首都"', outputs: '"首都是北京"' })).toEqual({ exact: 0, overlap: 1 });
    expect(scored('exact', { expected: '{"n":3}', outputs: '3' })).toEqual({ exact: 1 });
  });

  it('are missing where nothing was expected or nothing came, and not zero', () => {
    expect(scored('exact contains overlap json_equal not_empty', { outputs: '"x"' })).toEqual({ not_empty: 1 });
    expect(scored('exact contains overlap json_equal not_empty', { expected: '"x"' })).toEqual({});
    expect(() => scorersOf(['exact', 'nonsense'])).toThrow(/no evaluator nonsense/);
  });
});

describe('a comparison', () => {
  it('calls better and worse only what would hold on other examples', () => {
    const ids = Array.from({ length: 40 }, (_, i) => `e${i}`);
    const scores = (one: (i: number) => number) => of(Object.fromEntries(ids.map((id, i) => [id, one(i)])));
    const verdict = (a: (i: number) => number, b: (i: number) => number) => compare(scores(a), scores(b)).keys[0];
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

  it('lists what got worse, the worst first, and leaves out what only one of them has', () => {
    const { keys, regressions } = compare(of({ a: 1, b: 1, c: 0, gone: 1 }), of({ a: 0.5, b: 0, c: 1, fresh: 0 }));
    expect(keys[0]?.n).toBe(3);
    expect(regressions).toEqual([
      { exampleId: 'b', key: 'exact', from: 1, to: 0 },
      { exampleId: 'a', key: 'exact', from: 1, to: 0.5 },
    ]);
  });

  it('is written down for people', () => {
    const trial = (exampleId: string, score: number): Trial => ({
      exampleId,
      seconds: 1,
      error: score === 0 ? 'a|b\nc' : null,
      scores: [{ key: 'exact', score, because: '' }],
    });
    const named = { dataset: 'd|x', experiment: 'e', target: 'cat', baseline: 'old' };
    const text = markdownOf(reportOf(named, [trial('a', 1), trial('b', 0)], compare(of({ a: 1, b: 1 }), of({ a: 1, b: 0 }))));
    expect(text).toContain('Dataset d\\|x');
    expect(text).toContain('| exact | 2 | 0.500 |');
    expect(text).toContain('| b | exact | 1.000 | 0.000 |');
    expect(text).toContain('- b: a\\|b c');
  });
});

describe('examples', () => {
  const examples = Array.from({ length: 9 }, (_, i) => ({ exampleId: `e${i}` }) as Example);
  const trial = ({ exampleId }: Example): Trial => ({ exampleId, seconds: 0, error: null, scores: [] });

  it('are run so many at a time, and not again where they have been', async () => {
    let [running, most] = [0, 0];
    const ran: string[] = [];
    const trials = await evaluateAll(examples, new Map([['e3', trial({ exampleId: 'e3' } as Example)]]), {
      concurrency: 3,
      run: async (example) => {
        most = Math.max(most, ++running);
        await Promise.resolve();
        running--;
        ran.push(example.exampleId);
        return trial(example);
      },
      progress: () => undefined,
    });
    expect(trials.map(({ exampleId }) => exampleId)).toEqual(examples.map(({ exampleId }) => exampleId));
    expect([most, ran.includes('e3'), ran.length]).toEqual([3, false, 8]);
  });

  it('stop where something else than the target fails', async () => {
    let ran = 0;
    const run = async (example: Example): Promise<Trial> => {
      if (++ran === 2) throw new Error('the database is away');
      return trial(example);
    };
    await expect(evaluateAll(examples, new Map(), { concurrency: 1, run, progress: () => undefined })).rejects.toThrow('away');
    expect(ran).toBe(2);
  });
});

describe('a target', () => {
  const refused = { request: () => Promise.reject(new Error('unused')), run: () => Promise.reject(new Error('unused')) };

  it('that is a command gets the inputs and may answer in plain text; its failure is told', async () => {
    const ran: unknown[] = [];
    const outbound = {
      ...refused,
      run: async (command: { command: string; input?: string }) => {
        ran.push([command.command, command.input]);
        return { exitCode: command.command === 'false' ? 1 : 0, output: 'So it is\n', truncated: false, durationMs: 1 };
      },
    };
    const options = { outbound, timeoutMs: 1_000, models: undefined };
    const signal = new AbortController().signal;
    expect(await targetOf('answer', options)({ id: 'x', inputs: '{"q":1}' }, signal)).toBe('{"output":"So it is"}');
    expect(ran).toEqual([['answer', '{"q":1}']]);
    await expect(targetOf('false', options)({ id: 'x', inputs: '{}' }, signal)).rejects.toThrow(/exit status 1: So it is/);
  });

  it('that is a model is asked as the example says: a chat as it is, anything else as a question', async () => {
    expect(messagesFor('{"messages":[{"role":"user","content":"Hi"}]}')).toEqual([{ role: 'user', content: 'Hi' }]);
    expect(messagesFor('{"question":"Why?"}')).toEqual([{ role: 'user', content: 'Why?' }]);
    expect(messagesFor('{"a":"x","b":"y"}')).toEqual([{ role: 'user', content: '{"a":"x","b":"y"}' }]);
    expect(() => targetOf('model:gpt', { outbound: refused, timeoutMs: 1, models: undefined })).toThrow(/no server runs/);
  });
});
