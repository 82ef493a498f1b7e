import { MusterError } from '../../../base/errors.ts';
import { Fields, ProtobufBreak } from '../../../base/protobuf.ts';
import {
  finite,
  LIMITS,
  SpanProblem,
  type Attributes,
  type BadSpan,
  type Scope,
  type Span,
  type SpanEvent,
  type SpanGroup,
  type SpanLink,
  type Value,
} from './span.ts';
import { tooManySpans } from './too-many.ts';

/**
 * Reads `opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest`: a dozen messages, so written out here: it is several times
 * as fast as a general library, and bounded. Throws MALFORMED, or TOO_LARGE.
 */
export function readProtobufExport(body: Uint8Array): SpanGroup[] {
  const groups: SpanGroup[] = [];
  const count = { spans: 0 };
  try {
    const fields = new Fields(body);
    for (let field = fields.next(); field !== 0; field = fields.next())
      if (field === 1) fields.message((inner) => readResourceSpans(inner, groups, count));
      else fields.skip();
  } catch (error) {
    if (!(error instanceof ProtobufBreak)) throw error;
    throw new MusterError('MALFORMED', `the body is not an ExportTraceServiceRequest of OpenTelemetry: ${error.message}`, {
      remedy: 'Send OTLP over HTTP: protobuf as application/x-protobuf, JSON as application/json.',
    });
  }
  return groups;
}

function readResourceSpans(fields: Fields, groups: SpanGroup[], count: { spans: number }): void {
  // The resource may come behind its spans, so they share one map that is filled whenever it comes.
  const resource: Attributes = new Map();
  for (let field = fields.next(); field !== 0; field = fields.next())
    if (field === 1) fields.message((inner) => readResource(inner, resource));
    else if (field === 2) groups.push({ resource, ...fields.message((inner) => readScopeSpans(inner, count)) });
    else fields.skip();
}

function readResource(fields: Fields, resource: Attributes): void {
  try {
    for (let field = fields.next(); field !== 0; field = fields.next())
      if (field === 1) readAttribute(fields, resource);
      else fields.skip();
  } catch (error) {
    // Too much of it: what was read stands.
    if (!(error instanceof SpanProblem)) throw error;
  }
}

function readScopeSpans(fields: Fields, count: { spans: number }): { readonly scope: Scope; readonly spans: (Span | BadSpan)[] } {
  const spans: (Span | BadSpan)[] = [];
  let scope: Scope = { name: '', version: '' };
  for (let field = fields.next(); field !== 0; field = fields.next())
    if (field === 1) scope = fields.message(readScope);
    else if (field === 2) {
      count.spans += 1;
      if (count.spans > LIMITS.spans) throw tooManySpans();
      spans.push(fields.message(readSpanOrProblem));
    } else fields.skip();
  return { scope, spans };
}

function readScope(fields: Fields): Scope {
  let [name, version] = ['', ''];
  for (let field = fields.next(); field !== 0; field = fields.next())
    if (field === 1) name = fields.text();
    else if (field === 2) version = fields.text();
    else fields.skip();
  return { name, version };
}

function readSpanOrProblem(fields: Fields): Span | BadSpan {
  const body = fields.rest();
  try {
    return readSpan(fields);
  } catch (error) {
    if (error instanceof SpanProblem) return { problem: error.message, body };
    throw error;
  }
}

function readSpan(fields: Fields): Span {
  let [traceId, spanId, parentSpanId, traceState, name] = ['', '', '', '', ''];
  let [kind, start, end, dropped] = [0, 0, 0, 0];
  let status = { code: 0, message: '' };
  const attributes: Attributes = new Map();
  const events: SpanEvent[] = [];
  const links: SpanLink[] = [];
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    switch (field) {
      case 1:
        traceId = fields.hex();
        break;
      case 2:
        spanId = fields.hex();
        break;
      case 3:
        traceState = fields.text();
        break;
      case 4:
        parentSpanId = fields.hex();
        break;
      case 5:
        name = fields.text();
        break;
      case 6:
        kind = fields.uint32();
        break;
      case 7:
        start = fields.nanosAsMicros();
        break;
      case 8:
        end = fields.nanosAsMicros();
        break;
      case 9:
        readAttribute(fields, attributes);
        break;
      case 11:
        if (events.length >= LIMITS.events) throw new SpanProblem(`it has more than ${LIMITS.events} events`);
        events.push(fields.message(readEvent));
        break;
      case 13:
        if (links.length >= LIMITS.links) throw new SpanProblem(`it has more than ${LIMITS.links} links`);
        links.push(fields.message(readLink));
        break;
      case 10:
      case 12:
      case 14:
        dropped += fields.uint32();
        break;
      case 15:
        status = fields.message(readStatus);
        break;
      default:
        fields.skip();
    }
  }
  return { traceId, spanId, parentSpanId, traceState, name, kind, start, end, attributes, events, links, status, dropped };
}

function readEvent(fields: Fields): SpanEvent {
  let [name, time] = ['', 0];
  const attributes: Attributes = new Map();
  for (let field = fields.next(); field !== 0; field = fields.next())
    if (field === 1) time = fields.nanosAsMicros();
    else if (field === 2) name = fields.text();
    else if (field === 3) readAttribute(fields, attributes);
    else fields.skip();
  return { name, time, attributes };
}

function readLink(fields: Fields): SpanLink {
  let [traceId, spanId] = ['', ''];
  const attributes: Attributes = new Map();
  for (let field = fields.next(); field !== 0; field = fields.next())
    if (field === 1) traceId = fields.hex();
    else if (field === 2) spanId = fields.hex();
    else if (field === 4) readAttribute(fields, attributes);
    else fields.skip();
  return { traceId, spanId, attributes };
}

function readStatus(fields: Fields): { code: number; message: string } {
  let [code, message] = [0, ''];
  for (let field = fields.next(); field !== 0; field = fields.next())
    if (field === 2) message = fields.text();
    else if (field === 3) code = fields.uint32();
    else fields.skip();
  return { code, message };
}

function readAttribute(fields: Fields, into: Attributes): void {
  const [key, value] = fields.message(readPair, 1);
  if (into.size >= LIMITS.attributes) throw new SpanProblem(`it has more than ${LIMITS.attributes} attributes`);
  into.set(key, value);
}

function readPair(fields: Fields, depth: number): [string, Value] {
  let key = '';
  let value: Value = null;
  for (let field = fields.next(); field !== 0; field = fields.next())
    if (field === 1) key = fields.text();
    else if (field === 2) value = readAny(fields, depth);
    else fields.skip();
  if (key.length > LIMITS.key) throw new SpanProblem(`the name of an attribute is longer than ${LIMITS.key} characters`);
  return [key, value];
}

function readAny(fields: Fields, depth: number): Value {
  if (depth > LIMITS.depth) throw new SpanProblem(`an attribute is nested deeper than ${LIMITS.depth} levels`);
  return fields.message(readAnyValue, depth);
}

/** `AnyValue`: one of its fields is set; none: null. */
function readAnyValue(fields: Fields, depth: number): Value {
  let value: Value = null;
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    switch (field) {
      case 1:
        value = fields.text();
        break;
      case 2:
        value = fields.bool();
        break;
      case 3:
        value = fields.exactInt64();
        break;
      case 4:
        value = finite(fields.double());
        break;
      case 5:
        value = fields.message(readArray, depth);
        break;
      case 6:
        value = fields.message(readObject, depth);
        break;
      case 7:
        value = fields.bytes().toString('base64');
        break;
      default:
        fields.skip();
    }
  }
  return value;
}

function readArray(fields: Fields, depth: number): Value[] {
  const values: Value[] = [];
  for (let field = fields.next(); field !== 0; field = fields.next())
    if (field === 1) values.push(readAny(fields, depth + 1));
    else fields.skip();
  return values;
}

function readObject(fields: Fields, depth: number): { readonly [key: string]: Value } {
  // Without a prototype: `__proto__` is a name like any other.
  const object = Object.create(null) as Record<string, Value>;
  for (let field = fields.next(); field !== 0; field = fields.next())
    if (field === 1) {
      const [key, value] = fields.message(readPair, depth + 1);
      object[key] = value;
    } else fields.skip();
  return object;
}
