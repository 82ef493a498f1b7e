import { isDeepStrictEqual } from 'node:util';
import { MusterError, messageOf } from '../../../../base/errors.ts';
import { breachOf } from '../../quality/checks/json-schema.ts';
import { folded, inner, jsonOf, numberIn, textOf, unwrapped, wordsOf } from './said.ts';
import { yesOrNo, type Plain } from './scorer.ts';

/** Compares texts as they stand: of an object with one text it is that text. */
export const exact: Plain = ({ expected, outputs }) => {
  const [wanted, got] = [textOf(expected), textOf(outputs)];
  if (wanted === undefined || got === undefined) return undefined;
  return yesOrNo(wanted.trim() === got.trim(), 'the same text', 'another text');
};

export const contains: Plain = ({ expected, outputs }) => {
  const [wanted, got] = [textOf(expected), textOf(outputs)];
  if (wanted === undefined || got === undefined || wanted.trim() === '') return undefined;
  return yesOrNo(folded(got).includes(folded(wanted)), 'it holds what was expected', 'what was expected is not in it');
};

/** The share of words in common (F1): a cheap likeness that needs no model. */
export const overlap: Plain = ({ expected, outputs }) => {
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
  return { score, because: `${common} of ${wanted.length} words` };
};

/** Whether the pattern is found; without one, what was expected is the pattern. Throws INVALID_INPUT for what is no pattern. */
export function regex(source: string | undefined): Plain {
  const given = source === undefined ? undefined : pattern(source);
  return ({ expected, outputs }) => {
    const got = textOf(outputs);
    const wanted = given ?? (expected === null ? undefined : pattern(textOf(expected) ?? ''));
    if (got === undefined || wanted === undefined) return undefined;
    return yesOrNo(wanted.test(got), 'the pattern is found', `nothing in it matches /${wanted.source}/`);
  };
}

function pattern(source: string): RegExp {
  try {
    return new RegExp(source, 'u');
  } catch (cause) {
    throw new MusterError('INVALID_INPUT', `${JSON.stringify(source.slice(0, 100))} is no pattern: ${messageOf(cause)}`, {
      remedy: 'Write a regular expression of JavaScript, as \\d{4}-\\d{2}.',
      cause,
    });
  }
}

/** Whether it is JSON at all, or its text is. */
export const json: Plain = ({ outputs }) =>
  outputs === null ? undefined : yesOrNo(jsonOf(outputs) !== undefined, 'it is JSON', 'its text is no JSON');

export const jsonEqual: Plain = ({ expected, outputs }) => {
  if (expected === null || outputs === null) return undefined;
  const [wanted, got] = [jsonOf(expected)?.value ?? unwrapped(expected), jsonOf(outputs)?.value ?? unwrapped(outputs)];
  return yesOrNo(isDeepStrictEqual(inner(wanted), inner(got)), 'the same value', 'another value');
};

/** Whether it is JSON that keeps to a JSON Schema; what of it breaks the schema is told. */
export const schema =
  (wanted: unknown): Plain =>
  ({ outputs }) => {
    if (outputs === null) return undefined;
    const got = jsonOf(outputs);
    if (got === undefined) return { score: 0, because: 'its text is no JSON' };
    // `{"answer": {…}}` may be meant by the schema as it is, or for what is in it.
    const breach = breachOf(wanted, got.value);
    if (breach !== undefined && breachOf(wanted, inner(got.value)) === undefined) return { score: 1, because: 'it keeps to the schema' };
    return yesOrNo(breach === undefined, 'it keeps to the schema', breach ?? '');
  };

/** How far a number may be off: `0.5`, or `1%` of what was expected. Throws INVALID_INPUT. */
export function number(tolerance: string | undefined): Plain {
  const [, size = '', percent] = /^(\d+(?:\.\d+)?(?:e-?\d+)?)(%)?$/i.exec(tolerance ?? '0') ?? [];
  if (size === '')
    throw new MusterError('INVALID_INPUT', `${tolerance} is no tolerance`, { remedy: 'Write it as number:0.5, or number:1%.' });
  return ({ expected, outputs }) => {
    const wanted = numberIn(textOf(expected));
    if (wanted === undefined || outputs === null) return undefined;
    const got = numberIn(textOf(outputs));
    if (got === undefined) return { score: 0, because: 'there is no number in it' };
    const most = percent === undefined ? Number(size) : (Number(size) / 100) * Math.abs(wanted);
    // Sums of decimals are off by their last bits.
    return yesOrNo(Math.abs(got - wanted) <= most + 1e-9 * Math.abs(wanted), `${got}`, `${got} instead of ${wanted}`);
  };
}
