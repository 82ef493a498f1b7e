import { MusterError } from '../../../base/errors.ts';
import {
  finite,
  LIMITS,
  SpanProblem,
  type Attributes,
  type BadSpan,
  type Span,
  type SpanEvent,
  type SpanGroup,
  type SpanLink,
  type Value,
} from './span.ts';
import { tooManySpans } from './too-many.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads an export in OTLP's JSON: names in camelCase (some senders write them as the schema does, and are understood), ids in hex, integers
 * as numbers or as their digits. A field that is not what it should be counts as not there; what should hold spans must. Throws MALFORMED, or TOO_LARGE.
 */
export function readJsonExport(body: Buffer): SpanGroup[] {
  const root = parse(body);
  const groups: SpanGroup[] = [];
  let count = 0;
  for (const resourceSpans of spansIn(root['resourceSpans'] ?? root['resource_spans']).map(object)) {
    const resource = resourceOf(object(resourceSpans['resource']));
    const scoped = resourceSpans['scopeSpans'] ?? resourceSpans['scope_spans'] ?? resourceSpans['instrumentationLibrarySpans'];
    for (const scopeSpans of spansIn(scoped).map(object)) {
      const scope = object(scopeSpans['scope'] ?? scopeSpans['instrumentationLibrary']);
      const spans = spansIn(scopeSpans['spans']);
      count += spans.length;
      if (count > LIMITS.spans) throw tooManySpans();
      groups.push({ resource, scope: { name: text(scope['name']), version: text(scope['version']) }, spans: spans.map(spanOrProblem) });
    }
  }
  return groups;
}

function parse(body: Buffer): Json {
  try {
    const root: unknown = JSON.parse(body.toString('utf8'));
    if (typeof root === 'object' && root !== null && !Array.isArray(root)) return root as Json;
  } catch {
    // Told below, as any other body that is none.
  }
  throw noExport();
}

/** A list on the way to spans, which may be left out: taken for none where it is something else, its spans would be lost without a word. */
function spansIn(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw noExport();
}

const noExport = (): MusterError =>
  new MusterError('MALFORMED', 'the body is not an ExportTraceServiceRequest of OpenTelemetry in JSON', {
    remedy: 'Send OTLP over HTTP: {"resourceSpans": […]} as application/json, or protobuf as application/x-protobuf.',
  });

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const object = (value: unknown): Json => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {});
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const hex = (value: unknown): string => text(value).toLowerCase();
const number = (value: unknown): number => {
  const read = typeof value === 'string' ? Number(value) : value;
  return typeof read === 'number' && Number.isFinite(read) ? read : 0;
};

/** Nanoseconds: digits in a string, as they should, or a number, which is rounded already. */
function micros(value: unknown): number {
  if (typeof value === 'string' && /^\d{4,20}$/.test(value)) return Number(value.slice(0, -3));
  return Math.floor(number(value) / 1_000);
}

function resourceOf(resource: Json): Attributes {
  try {
    return attributesOf(resource['attributes']);
  } catch (error) {
    if (error instanceof SpanProblem) return new Map();
    throw error;
  }
}

function spanOrProblem(value: unknown): Span | BadSpan {
  try {
    return spanOf(object(value));
  } catch (error) {
    if (!(error instanceof SpanProblem)) throw error;
    return { problem: error.message, body: brief(value) };
  }
}

/** What a span says of itself that is surely small: the rest may be what made it unreadable. */
function brief(value: unknown): string {
  const { traceId, spanId, name } = object(value);
  return JSON.stringify({ traceId: text(traceId).slice(0, 64), spanId: text(spanId).slice(0, 64), name: text(name).slice(0, 512) });
}

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const STATUSES = ['UNSET', 'OK', 'ERROR'];

/** An enumeration's value: its number, or its name as protobuf's JSON allows. */
function enumeration(value: unknown, prefix: string, names: readonly string[]): number {
  return typeof value === 'string' && value.startsWith(prefix) ? Math.max(0, names.indexOf(value.slice(prefix.length))) : number(value);
}

function spanOf(span: Json): Span {
  const status = object(span['status']);
  const dropped = (what: string): number => number(span[`dropped${what}Count`]);
  return {
    traceId: hex(span['traceId'] ?? span['trace_id']),
    spanId: hex(span['spanId'] ?? span['span_id']),
    parentSpanId: hex(span['parentSpanId'] ?? span['parent_span_id']),
    traceState: text(span['traceState'] ?? span['trace_state']),
    name: text(span['name']),
    kind: enumeration(span['kind'], 'SPAN_KIND_', KINDS),
    start: micros(span['startTimeUnixNano'] ?? span['start_time_unix_nano']),
    end: micros(span['endTimeUnixNano'] ?? span['end_time_unix_nano']),
    attributes: attributesOf(span['attributes']),
    events: bounded(span['events'], LIMITS.events, 'events').map(eventOf),
    links: bounded(span['links'], LIMITS.links, 'links').map(linkOf),
    status: { code: enumeration(status['code'], 'STATUS_CODE_', STATUSES), message: text(status['message']) },
    dropped: dropped('Attributes') + dropped('Events') + dropped('Links'),
  };
}

function bounded(value: unknown, most: number, what: string): readonly Json[] {
  const items = list(value);
  if (items.length > most) throw new SpanProblem(`it has more than ${most} ${what}`);
  return items.map(object);
}

const eventOf = (event: Json): SpanEvent => ({
  name: text(event['name']),
  time: micros(event['timeUnixNano'] ?? event['time_unix_nano']),
  attributes: attributesOf(event['attributes']),
});

const linkOf = (link: Json): SpanLink => ({
  traceId: hex(link['traceId'] ?? link['trace_id']),
  spanId: hex(link['spanId'] ?? link['span_id']),
  attributes: attributesOf(link['attributes']),
});

function attributesOf(value: unknown): Attributes {
  const attributes: Attributes = new Map();
  for (const { key, value: any } of bounded(value, LIMITS.attributes, 'attributes')) {
    if (typeof key !== 'string') continue;
    if (key.length > LIMITS.key) throw new SpanProblem(`the name of an attribute is longer than ${LIMITS.key} characters`);
    attributes.set(key, valueOf(any, 1));
  }
  return attributes;
}

function valueOf(value: unknown, depth: number): Value {
  if (depth > LIMITS.depth) throw new SpanProblem(`an attribute is nested deeper than ${LIMITS.depth} levels`);
  const any = object(value);
  const string = any['stringValue'] ?? any['string_value'];
  if (typeof string === 'string') return string;
  const boolean = any['boolValue'] ?? any['bool_value'];
  if (typeof boolean === 'boolean') return boolean;
  const int = any['intValue'] ?? any['int_value'];
  if (int !== undefined) return integer(int);
  const double = any['doubleValue'] ?? any['double_value'];
  if (double !== undefined) return typeof double === 'number' ? finite(double) : text(double);
  const array = any['arrayValue'] ?? any['array_value'];
  if (array !== undefined) return list(object(array)['values']).map((item) => valueOf(item, depth + 1));
  const pairs = any['kvlistValue'] ?? any['kvlist_value'];
  if (pairs !== undefined) return objectOf(list(object(pairs)['values']), depth);
  const bytes = any['bytesValue'] ?? any['bytes_value'];
  return typeof bytes === 'string' ? bytes : null;
}

/** A number, or digits: as a number where it is exact. */
function integer(value: unknown): number | string {
  if (typeof value === 'string') return /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  return number(value);
}

function objectOf(pairs: readonly unknown[], depth: number): Value {
  const made = Object.create(null) as Record<string, Value>;
  for (const { key, value } of pairs.map(object)) if (typeof key === 'string') made[key] = valueOf(value, depth + 1);
  return made;
}
