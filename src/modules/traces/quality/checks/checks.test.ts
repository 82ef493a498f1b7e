import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../../../../test/support/cpu-time.ts';
import { judgeRun, type Judged } from './index.ts';

const judge = (
  answer: string,
  question = 'What is it?',
  outputs: unknown = { choices: [{ message: { role: 'assistant', content: answer } }] },
): readonly Judged[] =>
  judgeRun({ inputs: JSON.stringify({ messages: [{ role: 'user', content: question }] }), outputs: JSON.stringify(outputs) });

describe('a verdict', () => {
  it('points to the place in the answer that it speaks of', () => {
    const answer = 'Hello there. I cannot help with that.';
    const found = judge(answer).find(({ key }) => key === 'not_refused');
    expect(found).toMatchObject({ score: 0, verdict: 'fail', because: 'it refuses (en)' });
    expect(found?.evidence.map(({ start, end, text }) => [answer.slice(start, end), text])).toEqual([
      ['I cannot help with that.', 'I cannot help with that.'],
    ]);
  });

  it('is not given where the run failed: then there is no answer to judge', () => {
    expect(judgeRun({ inputs: '{"messages":[]}', outputs: null, error: '"RateLimitError"' })).toEqual([]);
  });

  it('is only given by the checks that are asked for', () => {
    expect(judgeRun({ inputs: '"Hi"', outputs: '"Hello"' }, ['not_empty']).map(({ key }) => key)).toEqual(['not_empty']);
  });

  it('is unsure of a long answer that declines a part of what was asked', () => {
    const answer = `The harbour was built in stages, as the records show.\nI cannot provide the names of the workers.\n${'It opened in the year after that, '.repeat(30)}at last.`;
    expect(judge(answer).find(({ key }) => key === 'not_refused')).toMatchObject({
      score: 0.5,
      verdict: 'unsure',
      because: 'it declines part of it (en)',
    });
  });
});

describe('the checks together', () => {
  it('survive whatever is sent, in bounded time', () => {
    const odd = [
      'a'.repeat(1_000_000),
      'ik '.repeat(300_000),
      `I'm sorry ${' '.repeat(100_000)}but`,
      '"'.repeat(200_000),
      '“'.repeat(200_000),
      '```'.repeat(100_000),
      '[1]'.repeat(100_000),
      'ich kann '.repeat(50_000),
      '\u0000\ud800'.repeat(10_000),
      'x,'.repeat(200_000),
      `{"a":${'['.repeat(50_000)}`,
    ];
    const began = cpuMs();
    for (const text of odd) {
      expect(() => judge(text, text)).not.toThrow();
      expect(() => judge('', '', { odd: text })).not.toThrow();
    }
    // A second apiece would still be far too slow; quadratic time would be minutes.
    expect(cpuMs() - began).toBeLessThan(odd.length * 2_000);
  });
});
