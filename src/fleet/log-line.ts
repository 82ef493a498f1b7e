import { boundedMessage } from '../agent/run-ledger.ts';
import { storable } from '../agent/storable.ts';
import { messageOf } from '../base/errors.ts';
import { describe, SECRETS } from '../base/logger.ts';
import type { LogLevel } from '../state/agent-logs.ts';

/** A message longer than this is cut; fields larger than this, as JSON, are described instead. Characters. */
export const MOST_MESSAGE = 4_000;
export const MOST_FIELDS = 8_000;

/** What an agent said, as it can be stored. */
export interface Said {
  readonly level: LogLevel;
  readonly message: string;
  /** JSON. */
  readonly fields: string | null;
}

const SECRET_KEYS = new Set(SECRETS.map((key) => key.toLowerCase()));
/** Credentials in an address: postgres://user:password@host */
const IN_ADDRESS = /([a-z][a-z0-9+.-]{0,20}:\/\/[^\s:/@]{0,255}):[^\s/@]{1,255}@/gi;
/** NUL and halves of surrogate pairs, as JSON.stringify writes them: jsonb takes neither. */
const UNSTORABLE_JSON = /\\u(?:0000|d[89a-f][0-9a-f]{2})/g;

/** Bounded, without secrets, and such that PostgreSQL takes it, whatever the agent passed. */
export function toLine(level: LogLevel, bound: object, given: object | string, message: string | undefined): Said {
  const fields = typeof given === 'string' ? {} : given instanceof Error ? { err: given } : given;
  const text = typeof given === 'string' ? given : (message ?? (given instanceof Error ? messageOf(given) : ''));
  return { level, message: storable(withoutSecrets(asText(text)), MOST_MESSAGE), fields: fieldsOf({ ...bound, ...fields }) };
}

/** An agent written in JavaScript may pass anything. */
function asText(text: unknown): string {
  try {
    return String(text);
  } catch {
    return 'a message that cannot be written';
  }
}

const withoutSecrets = (text: string): string => (text.includes('://') ? text.replace(IN_ADDRESS, '$1:[redacted]@') : text);

function fieldsOf(fields: object): string | null {
  const json = storableJson(fields, MOST_FIELDS);
  return json === '{}' ? null : json;
}

/** JSON that PostgreSQL takes, without secrets and of bounded length; what does not fit is described instead. */
export function storableJson(value: unknown, most: number): string | null {
  try {
    const json = JSON.stringify(value, replace) as string | undefined;
    if (json === undefined) return null;
    if (json.length <= most) return json.replace(UNSTORABLE_JSON, '\\ufffd');
    return JSON.stringify({
      not_stored: `${json.length} characters of JSON, more than ${most}`,
      begins: storable(json.slice(0, 500), 500),
    });
  } catch (error) {
    return JSON.stringify({ not_stored: `it is no JSON: ${boundedMessage(error)}` });
  }
}

function replace(key: string, value: unknown): unknown {
  if (SECRET_KEYS.has(key.toLowerCase())) return '[redacted]';
  if (value instanceof Error) return describe(value);
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'string' ? withoutSecrets(value) : value;
}
