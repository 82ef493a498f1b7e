import { createHash } from 'node:crypto';
import type { Asked } from './asked.ts';

/** What does not change the answer: how it is told, and for whom. */
const NO_MATTER = new Set(['model', 'stream', 'stream_options', 'user', 'metadata', 'safety_identifier', 'prompt_cache_key', 'store']);

export interface FingerprintOptions {
  readonly scope: string;
  readonly target: { readonly provider: string; readonly model: string };
}

/**
 * Names a request by what it asks, where, and for whom it may be shared: equal requests have equal names, in whatever order their members come.
 * Undefined where they might not: a number of so many digits was rounded when it was read.
 */
export function fingerprintOf(asked: Asked, { scope, target }: FingerprintOptions): Buffer | undefined {
  if (/[:,[]\s*-?[\d.]{16}/.test(asked.text)) return undefined;
  const rest = Object.fromEntries(Object.entries(asked.body).filter(([name]) => !NO_MATTER.has(name)));
  const hash = createHash('sha256');
  // Another form of telling is another answer where it cannot be made from the one there is.
  const form = asked.face === 'chat' || asked.face === 'embeddings' ? '' : String(asked.streams);
  hash.update(JSON.stringify([scope, asked.face, form, target.provider, target.model]));
  hash.update(canonical(rest));
  return hash.digest().subarray(0, 16);
}

/** JSON with its members in order. Its depth was bounded when the request was read. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(',')}}`;
}
