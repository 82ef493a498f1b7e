import { MusterError } from '../../../base/errors.ts';
import { jsonBreak } from '../../../http/json-break.ts';
import type { Refused } from '../intake/intake.ts';
import { isTooDeep } from '../json/depth.ts';
import { readLenient, type ReadJson } from '../json/mend.ts';
import { elementsOf, membersOf } from '../json/slices.ts';
import type { RunOperation } from '../run/operation.ts';
import type { Said } from './multipart-runs.ts';
import { isRefused, readRun, type OpenOperation } from './run-fields.ts';

const LONGEST_SEARCHED = 1_048_576;
const DEEPEST_SEARCHED = 500;

/** Reads `{"post": [run…], "patch": [run…]}`. Each run is judged by itself. Throws where the whole is no JSON, or no object. */
export function readBatch(body: string): Said {
  const { value, text } = parsed(body);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MusterError('INVALID_INPUT', 'a batch is an object: {"post": [run, …], "patch": [run, …]}');
  const operations: RunOperation[] = [];
  const refused: Refused[] = [];
  for (const { key, start, end } of membersOf(text) ?? []) {
    if (key !== 'post' && key !== 'patch') continue;
    const items = (value as Readonly<Record<string, unknown>>)[key];
    if (!Array.isArray(items)) {
      if (items !== null) refused.push({ reason: 'bad_run', message: `${key} is a list of runs`, body: text.slice(start, end) });
      continue;
    }
    const slices = elementsOf(text.slice(start, end)) ?? [];
    slices.forEach((slice, index) => {
      const read = readRun(key, items[index], text.slice(start + slice.start, start + slice.end));
      if (isRefused(read)) refused.push(read);
      else operations.push(read);
    });
  }
  return { operations, refused, feedback: [] };
}

/** Reads one run, of `POST /runs` or `PATCH /runs/{id}`. */
export function readSingle(kind: RunOperation['kind'], body: string, id?: string): OpenOperation | Refused {
  const { value, text } = parsed(body);
  return readRun(kind, value, text, id);
}

export function parsed(text: string): ReadJson {
  const read = readLenient(text);
  if (read !== undefined) return read;
  throw new MusterError('MALFORMED', `the body is not valid JSON${placeOf(text)}`, {
    remedy: 'Send it again whole; nothing of this request was kept.',
  });
}

/** Where it breaks, as far as that is cheap to find. */
const placeOf = (text: string): string =>
  text.length > LONGEST_SEARCHED || isTooDeep(text, DEEPEST_SEARCHED)
    ? ''
    : `: it breaks at byte ${Buffer.byteLength(text.slice(0, jsonBreak(text)))}`;
