import { isObject } from '../conversation/json.ts';

const mostLetters = 300;

/** Any value in one line: the one text that it is or holds, and JSON where it holds more. */
export function lineOf(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'string') return value.slice(0, mostLetters);
  const only = isObject(value) ? Object.values(value) : [];
  if (only.length === 1 && typeof only[0] === 'string') return only[0].slice(0, mostLetters);
  return JSON.stringify(value).slice(0, mostLetters);
}
