import { readFile } from 'node:fs/promises';
import { messageOf, MusterError } from '../../../../base/errors.ts';
import type { Outbound } from '../../../../outbound/index.ts';
import { CHECK_KEYS, judgeRun, type CheckKey } from '../../quality/checks/index.ts';
import { isModule, loadFunction } from '../own-function.ts';
import { ownCommand, ownFunction } from './own.ts';
import { plain, type Plain, type Scorer } from './scorer.ts';
import { contains, exact, json, jsonEqual, number, overlap, regex, schema } from './texts.ts';

export type { Answered, Score, Scorer, Unscored } from './scorer.ts';

/** What scorers need that ask somebody else. */
export interface Doors {
  /** A model of embeddings. */
  readonly similarity: (key: string, model: string) => Scorer;
  /** Throws NOT_FOUND where there is no such evaluator. */
  readonly judge: (key: string | undefined, evaluator: string) => Promise<Scorer>;
  readonly outbound: Pick<Outbound, 'run'>;
  readonly timeoutMs: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Where bundles of modules in TypeScript are kept. */
  readonly codeFolder: string;
}

const check =
  (key: CheckKey): Plain =>
  ({ inputs, outputs }) => {
    const [verdict] = outputs === null ? [] : judgeRun({ inputs, outputs }, [key]);
    return verdict === undefined ? undefined : { score: verdict.score, because: verdict.because };
  };

const PLAIN: Readonly<Record<string, Plain>> = {
  exact,
  contains,
  overlap,
  json,
  json_equal: jsonEqual,
  ...Object.fromEntries(CHECK_KEYS.map((key) => [key, check(key)])),
};

type Kind = (key: string | undefined, argument: string | undefined, doors: Doors) => Scorer | Promise<Scorer>;

const KINDS: Readonly<Record<string, Kind>> = {
  regex: (key = 'regex', pattern) => plain(key, regex(pattern)),
  number: (key = 'number', tolerance) => plain(key, number(tolerance)),
  schema: async (key = 'schema', file) => plain(key, schema(await jsonFile(needed('schema', file, 'answer.schema.json')))),
  similarity: (key = 'similarity', model, doors) => doors.similarity(key, needed('similarity', model, 'text-embedding-3-small')),
  judge: (key, evaluator, doors) => doors.judge(key, needed('judge', evaluator, 'polite')),
  command: (key = 'command', line, doors) => ownCommand(key, needed('command', line, 'python3 score.py'), doors),
};

/** What needs no words of its own to be told apart. */
export const DEFAULT_SCORERS = ['exact', 'contains', 'overlap', 'not_empty', 'not_refused', 'complete'];
export const SCORER_NAMES = [...Object.keys(PLAIN), ...Object.keys(KINDS).map((kind) => `${kind}:…`), './file.mjs'];

/**
 * A scorer by what one writes: `exact`, `regex:\d{4}`, `judge:polite`, `./mine.mjs`; `year=regex:\d{4}` gives it another key. Throws INVALID_INPUT
 * for what is none.
 */
export async function scorerOf(text: string, doors: Doors): Promise<Scorer> {
  const [, key, rest = text] = /^([\w.-]{1,100})=(.+)$/s.exec(text) ?? [];
  const [name, argument] = cut(rest, ':');
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (kind !== undefined) return kind(key, argument === '' ? undefined : argument, doors);
  const score = argument === undefined && Object.hasOwn(PLAIN, name) ? PLAIN[name] : undefined;
  if (score !== undefined) return plain(key ?? name, score);
  if (isModule(rest)) return ownFunction(key ?? nameOf(rest), await loadFunction(rest, doors.codeFolder));
  throw new MusterError('INVALID_INPUT', `there is no evaluator ${text}`, { remedy: `There are ${SCORER_NAMES.join(', ')}.` });
}

const nameOf = (file: string): string => file.replace(/^.*[\\/]/, '').replace(/\.[^.]+$/, '');

function cut(text: string, at: string): readonly [string, string | undefined] {
  const place = text.indexOf(at);
  return place < 0 ? [text, undefined] : [text.slice(0, place), text.slice(place + 1)];
}

function needed(kind: string, argument: string | undefined, example: string): string {
  if (argument !== undefined) return argument;
  throw new MusterError('INVALID_INPUT', `${kind} does not say which`, { remedy: `Write it as ${kind}:${example}.` });
}

async function jsonFile(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new MusterError('INVALID_INPUT', `the schema ${file} cannot be read: ${messageOf(cause)}`, {
      remedy: 'Name a file that holds a JSON Schema.',
      cause,
    });
  }
}
