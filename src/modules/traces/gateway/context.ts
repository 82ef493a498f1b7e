import type { IncomingHttpHeaders } from 'node:http';
import { MusterError } from '../../../base/errors.ts';
import { parseDottedOrder } from '../run/dotted-order.ts';

/** What headers say about a conversation: where it belongs, and what it is part of. */
export interface Context {
  readonly project: string;
  readonly threadId: string | undefined;
  readonly userId: string | undefined;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The caller's own trace. */
  readonly parent: Parent | undefined;
}

export interface Parent {
  readonly traceId: string;
  readonly parentRunId: string;
  /** Of the parent; undefined where only the ids are known. */
  readonly dottedOrder: string | undefined;
}

const DEFAULT_PROJECT = 'default';
const MOST_NAME = 512;
const MOST_TAGS = 50;

/** Throws INVALID_INPUT for what would lead the conversation astray; what belongs to others' traces and cannot be read is let be. */
export function contextOf(headers: IncomingHttpHeaders): Context {
  const baggage = baggageOf(text(headers, 'baggage'));
  const project = named('x-muster-project', text(headers, 'x-muster-project') ?? baggage['langsmith-project'] ?? DEFAULT_PROJECT);
  const tags = (text(headers, 'x-muster-tags') ?? baggage['langsmith-tags'] ?? '')
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
  return {
    project,
    threadId: optional('x-muster-thread', text(headers, 'x-muster-thread')),
    userId: optional('x-muster-user', text(headers, 'x-muster-user')),
    tags: [...new Set(tags)].slice(0, MOST_TAGS).map((tag) => named('x-muster-tags', tag)),
    metadata: metadataOf(text(headers, 'x-muster-metadata')),
    parent: parentOf(text(headers, 'langsmith-trace'), text(headers, 'traceparent')),
  };
}

/** Headers of HTTP are bytes; what is valid UTF-8 was meant as such. */
function text(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  const first = Array.isArray(value) ? value[0] : value;
  if (first === undefined || first === '') return undefined;
  const decoded = Buffer.from(first, 'latin1').toString('utf8');
  return decoded.includes('\uFFFD') ? first : decoded;
}

const optional = (name: string, value: string | undefined): string | undefined => (value === undefined ? undefined : named(name, value));

function named(header: string, value: string): string {
  if (value.length <= MOST_NAME) return value;
  throw new MusterError('INVALID_INPUT', `${header} is longer than ${MOST_NAME} characters`, {
    remedy: 'Send a shorter one.',
    data: { param: header },
  });
}

function metadataOf(value: string | undefined): Readonly<Record<string, unknown>> {
  if (value === undefined) return {};
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Readonly<Record<string, unknown>>;
  } catch {
    // Said below, in our words.
  }
  throw new MusterError('INVALID_INPUT', 'x-muster-metadata is no JSON object', {
    remedy: 'Send one, such as {"team": "shop"}, in ASCII: escape other characters as JSON does.',
    data: { param: 'x-muster-metadata' },
  });
}

function parentOf(langsmith: string | undefined, traceparent: string | undefined): Parent | undefined {
  const segments = langsmith === undefined ? undefined : parseDottedOrder(langsmith);
  const last = segments?.at(-1);
  if (segments?.[0] !== undefined && last !== undefined)
    return { traceId: segments[0].runId, parentRunId: last.runId, dottedOrder: langsmith };
  const [, trace, span] = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(traceparent ?? '') ?? [];
  if (trace === undefined || span === undefined || /^0+$/.test(trace) || /^0+$/.test(span)) return undefined;
  return { traceId: asUuid(trace), parentRunId: `00000000-0000-0000-${span.slice(0, 4)}-${span.slice(4)}`, dottedOrder: undefined };
}

const asUuid = (hex: string): string => `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;

/** W3C baggage: `a=1,b=2;property`, values percent-encoded. */
function baggageOf(value: string | undefined): Readonly<Record<string, string>> {
  const found: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const part of (value ?? '').split(',').slice(0, 100)) {
    const [pair = ''] = part.split(';', 1);
    const at = pair.indexOf('=');
    if (at < 1) continue;
    try {
      found[pair.slice(0, at).trim()] = decodeURIComponent(pair.slice(at + 1).trim());
    } catch {
      // Not percent-encoded as it should be: somebody else's baggage.
    }
  }
  return found;
}
