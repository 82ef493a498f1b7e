import type { Asked } from './asked.ts';
import { fingerprintOf, type FingerprintOptions } from './fingerprint.ts';
import { particularsOf } from './particulars.ts';

/** What is asked at the end of a chat, and what it stands in. */
export interface Question {
  readonly text: string;
  /** Names all else in the request, and the question's numbers, names and negations: only within it questions are compared. */
  readonly bucket: Buffer;
}

/** Longer ones are documents, and differ where it is not seen in their direction. */
const LONGEST = 8_000;

/** The last message of a chat, where it is a user's and nothing but text. */
export function questionOf(asked: Asked, options: FingerprintOptions): Question | undefined {
  if (asked.face !== 'chat') return undefined;
  const messages = Array.isArray(asked.body['messages']) ? (asked.body['messages'] as readonly unknown[]) : [];
  const last = messages.at(-1);
  if (typeof last !== 'object' || last === null || (last as { role?: unknown }).role !== 'user') return undefined;
  const { content, ...rest } = last as { readonly content?: unknown };
  const text = textIn(content);
  if (text === undefined || text.trim() === '' || text.length > LONGEST) return undefined;
  const body = { ...asked.body, messages: [...messages.slice(0, -1), rest] };
  const bucket = fingerprintOf({ ...asked, body }, { ...options, scope: `similar ${options.scope} ${particularsOf(text)}` });
  return bucket === undefined ? undefined : { text, bucket };
}

function textIn(content: unknown): string | undefined {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content) || content.length !== 1) return undefined;
  const { text, type } = (content[0] ?? {}) as { readonly type?: unknown; readonly text?: unknown };
  return type === 'text' && typeof text === 'string' ? text : undefined;
}
