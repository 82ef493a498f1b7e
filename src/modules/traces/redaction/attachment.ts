import { isUtf8 } from 'node:buffer';
import type { NewAttachment } from '../run/operation.ts';
import type { Redactor } from './redactor.ts';

/** What is written to be read: everything else is a picture, a sound, a document of its own. */
const TEXT = /^(text\/.*|application\/(.*\+)?(json|xml|yaml|x-yaml|x-ndjson|ndjson|jsonl|javascript|x-www-form-urlencoded|sql|toml|csv))$/;

/** A text in UTF-8 without what must not be stored; whatever else it is, it is what it was. */
export function redactedAttachment(attachment: NewAttachment, redactor: Pick<Redactor, 'json' | 'text'>): NewAttachment {
  const { mimeType, body } = attachment;
  const type = mimeType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!TEXT.test(type) || !isUtf8(body)) return attachment;
  const text = body.toString('utf8');
  const result = type.endsWith('json') && isJson(text) ? redactor.json(text, 'inputs') : redactor.text(text);
  return result === text ? attachment : { ...attachment, body: Buffer.from(result, 'utf8') };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
