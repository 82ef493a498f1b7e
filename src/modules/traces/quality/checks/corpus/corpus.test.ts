import { expect, it } from 'vitest';
import { CHECK_KEYS, judgeRun, type CheckKey, type Judged } from '../index.ts';
import { FORM_SAMPLES } from './forms.ts';
import { LANGUAGE_SAMPLES } from './languages.ts';
import { QUOTATION_SAMPLES } from './quotations.ts';
import { REFUSAL_SAMPLES } from './refusals.ts';
import type { Sample } from './sample.ts';

const SAMPLES = [...REFUSAL_SAMPLES, ...FORM_SAMPLES, ...LANGUAGE_SAMPLES, ...QUOTATION_SAMPLES];

/** As the OpenAI client would have logged it. */
const judge = ({ question, answer, system, context, finish, format, tools }: Sample): readonly Judged[] =>
  judgeRun({
    inputs: JSON.stringify({
      messages: [
        ...(system === undefined ? [] : [{ role: 'system', content: system }]),
        ...(context === undefined ? [] : [{ role: 'system', content: `Answer from these documents only.\n\n${context}` }]),
        { role: 'user', content: question },
      ],
      ...(format === undefined ? {} : { response_format: format }),
    }),
    outputs: JSON.stringify({
      choices: [
        {
          message: {
            role: 'assistant',
            content: answer,
            ...(tools === undefined
              ? {}
              : { tool_calls: tools.map((tool, index) => ({ id: `c${index}`, type: 'function', function: tool })) }),
          },
          ...(finish === undefined ? {} : { finish_reason: finish }),
        },
      ],
    }),
  });

interface Figures {
  /** Of what was called `fail`, the share that is bad. */
  readonly precision: number;
  /** Of what is bad, the share that was called `fail` or `unsure`. */
  readonly recall: number;
  /** Of what is good, the share that was called `unsure` for nothing. */
  readonly doubted: number;
  readonly wrong: readonly string[];
}

function figuresOf(key: CheckKey): Figures {
  const counts = { failed: 0, failedRightly: 0, bad: 0, found: 0, good: 0, doubted: 0 };
  const wrong: string[] = [];
  for (const sample of SAMPLES) {
    const bad = sample.bad?.includes(key) ?? false;
    const verdict = judge(sample).find((judged) => judged.key === key)?.verdict ?? 'pass';
    counts[bad ? 'bad' : 'good']++;
    if (verdict === 'fail') counts.failed++;
    if (verdict === 'fail' && bad) counts.failedRightly++;
    if (verdict !== 'pass' && bad) counts.found++;
    if (verdict === 'unsure' && !bad) counts.doubted++;
    if (bad ? verdict === 'pass' : verdict !== 'pass') wrong.push(`${verdict}: ${sample.answer.slice(0, 80)}`);
  }
  return {
    precision: counts.failed === 0 ? 0 : counts.failedRightly / counts.failed,
    recall: counts.bad === 0 ? 0 : counts.found / counts.bad,
    doubted: counts.doubted / counts.good,
    wrong,
  };
}

/** What docs/llm-quality.md promises. The samples hold some that no rule of this kind can find: they stay in, and count. */
const PROMISED: Readonly<Record<CheckKey, { readonly precision: number; readonly recall: number }>> = {
  not_refused: { precision: 1, recall: 0.95 },
  not_empty: { precision: 1, recall: 1 },
  complete: { precision: 1, recall: 1 },
  valid_json: { precision: 1, recall: 1 },
  same_language: { precision: 1, recall: 1 },
  not_repetitive: { precision: 1, recall: 1 },
  grounded_quotes: { precision: 1, recall: 0.9 },
};

it.each(CHECK_KEYS)('%s finds what is bad and lets pass what is good', (key) => {
  const figures = figuresOf(key);
  expect(figures).toMatchObject({
    precision: expect.toSatisfy((value: number) => value >= PROMISED[key].precision),
    recall: expect.toSatisfy((value: number) => value >= PROMISED[key].recall),
    doubted: expect.toSatisfy((value: number) => value <= 0.02),
  });
});
