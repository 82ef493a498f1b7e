import { isDeepStrictEqual } from 'node:util';
import { MusterError } from '../../../base/errors.ts';
import { conversationOf } from '../content/conversation/index.ts';
import { CHECK_KEYS, judgeRun, type CheckKey } from '../quality/checks/index.ts';
import type { JsonText } from '../run/operation.ts';

/** What is scored: an example, and what the target made of it. */
export interface Answered {
  readonly inputs: JsonText;
  /** What should have come; null: nobody said. */
  readonly expected: JsonText | null;
  /** What came; null: the target failed. */
  readonly outputs: JsonText | null;
}

export interface Score {
  readonly key: string;
  /** 0 to 1; 1 is good. */
  readonly score: number;
  readonly because: string;
}

export type Scorer = (answered: Answered) => Score | undefined;

/** Compares texts as they stand: of an object with one text it is that text. */
const exact: Scorer = ({ expected, outputs }) => {
  const [wanted, got] = [textOf(expected), textOf(outputs)];
  if (wanted === undefined || got === undefined) return undefined;
  return {
    key: 'exact',
    score: Number(wanted.trim() === got.trim()),
    because: wanted.trim() === got.trim() ? 'the same text' : 'another text',
  };
};

const contains: Scorer = ({ expected, outputs }) => {
  const [wanted, got] = [textOf(expected), textOf(outputs)];
  if (wanted === undefined || got === undefined || wanted.trim() === '') return undefined;
  const isThere = folded(got).includes(folded(wanted));
  return { key: 'contains', score: Number(isThere), because: isThere ? 'it holds what was expected' : 'what was expected is not in it' };
};

const jsonEqual: Scorer = ({ expected, outputs }) => {
  if (expected === null || outputs === null) return undefined;
  const same = isDeepStrictEqual(unwrapped(expected), unwrapped(outputs));
  return { key: 'json_equal', score: Number(same), because: same ? 'the same value' : 'another value' };
};

/** The share of words in common (F1): a cheap likeness that needs no model. */
const overlap: Scorer = ({ expected, outputs }) => {
  const [wanted, got] = [wordsOf(textOf(expected)), wordsOf(textOf(outputs))];
  if (wanted.length === 0 || outputs === null) return undefined;
  const left = new Map<string, number>();
  for (const word of wanted) left.set(word, (left.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of got) {
    const n = left.get(word) ?? 0;
    if (n === 0) continue;
    left.set(word, n - 1);
    common++;
  }
  const score = common === 0 ? 0 : (2 * common) / (wanted.length + got.length);
  return { key: 'overlap', score, because: `${common} of ${wanted.length} words` };
};

const check =
  (key: CheckKey): Scorer =>
  ({ inputs, outputs }) => {
    const [verdict] = outputs === null ? [] : judgeRun({ inputs, outputs }, [key]);
    return verdict === undefined ? undefined : { key, score: verdict.score, because: verdict.because };
  };

const SCORERS: Readonly<Record<string, Scorer>> = {
  exact,
  contains,
  json_equal: jsonEqual,
  overlap,
  ...Object.fromEntries(CHECK_KEYS.map((key) => [key, check(key)])),
};

export const SCORER_NAMES = Object.keys(SCORERS);
/** What needs no words of its own to be told apart. */
export const DEFAULT_SCORERS = ['exact', 'contains', 'overlap', 'not_empty', 'not_refused', 'complete'];

/** Throws INVALID_INPUT for a name that is none of them. */
export function scorersOf(names: readonly string[]): readonly Scorer[] {
  return names.map((name) => {
    const scorer = Object.hasOwn(SCORERS, name) ? SCORERS[name] : undefined;
    if (scorer !== undefined) return scorer;
    throw new MusterError('INVALID_INPUT', `there is no evaluator ${name}`, { remedy: `There are ${SCORER_NAMES.join(', ')}.` });
  });
}

const parsed = (text: JsonText): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

/** `{"answer": 3}` means 3, whatever it is called. */
function unwrapped(text: JsonText): unknown {
  const value = parsed(text);
  const fields = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.values(value) : [];
  return fields.length === 1 ? fields[0] : value;
}

/** The text that JSON of an answer says, in whatever shape. */
function textOf(text: JsonText | null): string | undefined {
  if (text === null) return undefined;
  const inner = unwrapped(text);
  if (typeof inner === 'string') return inner;
  if (typeof inner === 'number' || typeof inner === 'boolean') return String(inner);
  const said = conversationOf({ outputs: text }).output.flatMap(({ parts }) =>
    parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])),
  );
  return said.length > 0 ? said.join('\n') : JSON.stringify(inner);
}

const folded = (text: string): string => text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
const wordsOf = (text: string | undefined): readonly string[] =>
  text === undefined
    ? []
    : (folded(text).match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{N}\p{M}]+/gu) ?? []);
