import { MusterError } from '../../../base/errors.ts';
import type { Refused } from '../intake/intake.ts';
import { elementsOf, membersOf } from '../json/slices.ts';
import type { RunOperation } from '../run/operation.ts';
import type { Said } from './multipart-runs.ts';
import { isRefused, readRun, type OpenOperation } from './run-fields.ts';

/** Reads `{"post": [run…], "patch": [run…]}`. Each run is judged by itself. Throws MALFORMED where the whole is no JSON. */
export function readBatch(text: string): Said {
  const value = parsed(text);
  const operations: RunOperation[] = [];
  const refused: Refused[] = [];
  for (const { key, start, end } of membersOf(text) ?? []) {
    if (key !== 'post' && key !== 'patch') continue;
    const list = (value as Readonly<Record<string, unknown>>)[key];
    const items = Array.isArray(list) ? list : [];
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
export function readSingle(kind: RunOperation['kind'], text: string, id?: string): OpenOperation | Refused {
  return readRun(kind, parsed(text), text, id);
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MusterError('MALFORMED', 'the body is not valid JSON', { remedy: 'Send it again whole; nothing of this request was kept.' });
  }
}
