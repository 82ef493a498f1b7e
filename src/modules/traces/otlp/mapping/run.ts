import type { NewFeedback } from '../../intake/intake.ts';
import { readTrail, TRAIL_FIELD } from '../../origin/trail.ts';
import type { JsonText, Micros, NewAttachment, RunOperation } from '../../run/operation.ts';
import { isSpanId, partUuid } from '../ids.ts';
import type { Attributes, Scope, Span, SpanEvent, Value } from '../span.ts';
import { collect, type Collected } from './collect.ts';
import { eventRow, inputsOf, outputsOf } from './content.ts';
import { isList, isObject, jsonOf, numberOf, put, textOf, type Obj } from './read-value.ts';
import { RUNTIME_PREFIXES } from './table.ts';
import { usageOf } from './usage.ts';

/** Said once for all spans of a process. */
export interface Source {
  readonly metadata: Attributes;
  readonly runtime: JsonText | undefined;
  readonly serviceName: string | undefined;
  readonly project: string | undefined;
}

export function sourceOf(resource: Attributes): Source {
  const metadata = new Map<string, Value>();
  const runtime = new Map<string, Value>();
  for (const [name, value] of resource)
    if (name !== 'openinference.project.name')
      (RUNTIME_PREFIXES.some((prefix) => name.startsWith(prefix)) ? runtime : metadata).set(name, value);
  const service = textOf(resource.get('service.name'));
  return {
    metadata,
    runtime: runtime.size === 0 ? undefined : JSON.stringify(plain(runtime)),
    // What SDKs say where nobody named the service.
    serviceName: service?.startsWith('unknown_service') === true ? undefined : service,
    project: textOf(resource.get('openinference.project.name')),
  };
}

/** A span's run and its kin, by whatever rule the export as a whole has. */
export interface Ids {
  readonly runId: string;
  readonly parentRunId: string | undefined;
  readonly traceId: string;
}

export interface Mapped {
  readonly operation: RunOperation;
  readonly feedback: readonly NewFeedback[];
}

/** What the attributes of a span and of its events say: gathered first, since the ids in it are needed by others of the same export. */
export function gather(span: Span): Collected {
  if (span.events.length === 0) return collect(span.attributes);
  const details = span.events.filter(({ name }) => eventRow(name)?.becomes === 'attributes');
  if (details.length === 0) return collect(span.attributes);
  const attributes = new Map(details.flatMap((event) => [...event.attributes]));
  for (const [name, value] of span.attributes) attributes.set(name, value);
  return collect(attributes);
}

export function mapSpan(span: Span, said: Collected, ids: Ids, { source, scope, project }: MappingContext): Mapped {
  const { fields, runType } = said;
  const name = clean(textOf(fields.get('name')) ?? (span.name === '' ? runType : span.name));
  const failure = failureOf(span, fields);
  const projectId = textOf(fields.get('project_id'));
  const attachments = attachmentsOf(fields.get('attachments'));
  const trail = readTrail(fields.get('trail'));
  const operation: RunOperation = {
    kind: 'post',
    runId: ids.runId,
    traceId: ids.traceId,
    parentRunId: ids.parentRunId,
    dottedOrder: textOf(fields.get('dotted_order')),
    project: projectId === undefined ? { name: clean(textOf(fields.get('project')) ?? project) } : { id: projectId },
    name,
    runType,
    startTime: span.start === 0 ? undefined : span.start,
    // A span is sent once it ended: that it does not say when is a flaw, not news.
    endTime: Math.max(span.start, span.end),
    inputs: inputsOf(fields, span.events),
    outputs: outputsOf(fields, span.events),
    error: failure === undefined ? undefined : JSON.stringify(failure.text),
    extra: extraOf(span, said, source, scope, name, attachments === undefined),
    events: eventsOf(span, fields, failure?.event),
    tags: tagsOf(fields.get('tags')),
    referenceExampleId: textOf(fields.get('reference_example')),
    attachments,
    trail,
    rest: trail === undefined ? undefined : JSON.stringify({ [TRAIL_FIELD]: trail }),
  };
  return { operation, feedback: feedbackIn(span, fields, ids) };
}

export interface MappingContext {
  readonly source: Source;
  readonly scope: Scope;
  /** Where the span itself names none. */
  readonly project: string;
}

/** Columns of text hold no U+0000. */
const clean = (text: string): string => text.replaceAll('\u0000', '').slice(0, 512) || 'default';

const tagsOf = (value: Value | undefined): readonly string[] | undefined =>
  isList(value) ? [...new Set(value.map((tag) => clean(textOf(tag) ?? '')))].slice(0, 100) : undefined;

/** Put together as text: what describes the process was written once, and an object made only to be written costs as much again. */
function extraOf(span: Span, said: Collected, source: Source, scope: Scope, name: string, keepAttachments: boolean): JsonText {
  const { fields } = said;
  const metadata: Record<string, Value> = {};
  let params: Record<string, Value> | undefined;
  for (const [key, value] of source.metadata) put(metadata, key, value);
  Object.assign(metadata, said.unmapped);
  const bulk = fields.get('metadata');
  if (isObject(bulk)) for (const key of Object.keys(bulk)) put(metadata, key, bulk[key] ?? null);
  else if (bulk !== undefined) metadata['metadata'] = bulk;
  const invocation = fields.get('params');
  if (isObject(invocation)) params = { ...invocation };
  for (const [field, value] of fields)
    if (field.startsWith('metadata.')) put(metadata, field.slice(9), isList(value) && value.length === 1 ? (value[0] ?? null) : value);
    else if (field.startsWith('params.')) put((params ??= {}), field.slice(7), value);
  const responseModel = fields.get('metadata.response_model');
  if (responseModel !== undefined && !fields.has('metadata.ls_model_name')) metadata['ls_model_name'] = responseModel;
  const usage = usageOf(fields);
  if (usage !== undefined) metadata['usage_metadata'] = usage;
  if (keepAttachments && fields.has('attachments')) metadata['langsmith.attachments'] = fields.get('attachments') ?? null;
  let extra = `{"metadata":${JSON.stringify(metadata)}`;
  if (params !== undefined) extra += `,"invocation_params":${JSON.stringify(params)}`;
  if (source.runtime !== undefined) extra += `,"runtime":${source.runtime}`;
  return `${extra},"otel":${otelOf(span, scope, name)}}`;
}

function otelOf(span: Span, scope: Scope, name: string): JsonText {
  // The ids are hex: nothing in them needs to be escaped.
  let otel = `{"trace_id":"${span.traceId}","span_id":"${span.spanId}","kind":${span.kind}`;
  if (isSpanId(span.parentSpanId)) otel += `,"parent_span_id":"${span.parentSpanId}"`;
  if (name !== span.name) otel += `,"name":${JSON.stringify(span.name)}`;
  if (scope.name !== '') otel += `,"scope":${JSON.stringify(scope)}`;
  if (span.traceState !== '') otel += `,"trace_state":${JSON.stringify(span.traceState)}`;
  if (span.links.length > 0)
    otel += `,"links":${JSON.stringify(span.links.map((link) => ({ trace_id: link.traceId, span_id: link.spanId, attributes: plain(link.attributes) })))}`;
  if (span.dropped > 0) otel += `,"dropped":${span.dropped}`;
  return `${otel}}`;
}

const plain = (attributes: Attributes): Obj => Object.fromEntries(attributes);

interface Failure {
  readonly text: string;
  /** What it was taken from, and need not be said twice. */
  readonly event: SpanEvent | undefined;
}

/** OK says that an exception on the way was dealt with. */
function failureOf(span: Span, fields: ReadonlyMap<string, Value>): Failure | undefined {
  const event = span.events.findLast(({ name }) => eventRow(name)?.becomes === 'error');
  const type = textOf(fields.get('error.type'));
  const { code, message } = span.status;
  if (code === 1 || (code !== 2 && type === undefined && event === undefined)) return undefined;
  const kind = textOf(event?.attributes.get('exception.type')) ?? type;
  const what = textOf(event?.attributes.get('exception.message')) ?? (message === '' ? undefined : message);
  const stack = textOf(event?.attributes.get('exception.stacktrace'));
  const head = [kind, what].filter((part) => part !== undefined).join(': ') || 'failed without saying why';
  if (stack === undefined) return { text: head, event };
  return { text: stack.includes(what ?? head) ? stack : `${head}\n\n${stack}`, event };
}

const iso = (time: Micros): string =>
  `${new Date(Math.floor(time / 1_000)).toISOString().slice(0, -1)}${String(time % 1_000).padStart(3, '0')}Z`;
/** The last moment a Date can hold. */
const MOST_TIME = 8_640_000_000_000_000_000;

const isoOf = (time: Micros): string | undefined => (time > 0 && time < MOST_TIME ? iso(time) : undefined);

/** In LangSmith's shape: its `new_token` says when the first token came. What became messages, an error or feedback stands there. */
function eventsOf(span: Span, fields: ReadonlyMap<string, Value>, failure: SpanEvent | undefined): JsonText | undefined {
  const events: Value[] = [];
  const first = firstToken(span, fields);
  if (first !== undefined) events.push({ name: 'new_token', time: first });
  for (const event of span.events) {
    const becomes = eventRow(event.name)?.becomes;
    if (event === failure || becomes === 'input' || becomes === 'output' || becomes === 'attributes' || becomes === 'feedback') continue;
    events.push({
      name: event.name,
      time: isoOf(event.time) ?? null,
      ...(event.attributes.size === 0 ? {} : { kwargs: plain(event.attributes) }),
    });
  }
  return events.length === 0 ? undefined : JSON.stringify(events);
}

function firstToken(span: Span, fields: ReadonlyMap<string, Value>): string | undefined {
  const seconds = numberOf(fields.get('first_token.seconds') ?? null);
  const milliseconds = numberOf(fields.get('first_token.milliseconds') ?? null);
  const after = seconds === undefined ? (milliseconds ?? Number.NaN) * 1_000 : seconds * 1_000_000;
  if (after >= 0 && span.start > 0) return isoOf(Math.round(span.start + after));
  const said = fields.get('first_token.time');
  const time = typeof said === 'string' ? Date.parse(said.replaceAll('"', '')) : Number.NaN;
  if (!Number.isNaN(time)) return isoOf(time * 1_000);
  const event = span.events.find(({ name }) => eventRow(name)?.becomes === 'first_token');
  return event === undefined ? undefined : isoOf(event.time);
}

const NO_FEEDBACK: readonly NewFeedback[] = [];

const feedbackIn = (span: Span, fields: ReadonlyMap<string, Value>, ids: Ids): readonly NewFeedback[] =>
  span.events.length === 0 && !fields.has('feedback') && !fields.has('feedback.trace')
    ? NO_FEEDBACK
    : [...eventFeedback(span, ids), ...listedFeedback(fields, ids)];

/** `gen_ai.evaluation.result`: a score, a label, an explanation. */
function eventFeedback(span: Span, { runId, traceId }: Ids): NewFeedback[] {
  return span.events.flatMap((event, place) => {
    if (eventRow(event.name)?.becomes !== 'feedback') return [];
    const { attributes } = event;
    const key = textOf(attributes.get('gen_ai.evaluation.name'));
    if (key === undefined) return [];
    return [
      feedbackOf(partUuid(runId, `event/${place}/${key}`), { runId, traceId }, key, {
        score: attributes.get('gen_ai.evaluation.score.value'),
        label: attributes.get('gen_ai.evaluation.score.label'),
        comment: attributes.get('gen_ai.evaluation.explanation'),
      }),
    ];
  });
}

/** OpenInference's evaluations and annotations: lists of {evaluation: {name, score, label, explanation}}. */
function listedFeedback(fields: ReadonlyMap<string, Value>, { runId, traceId }: Ids): NewFeedback[] {
  return (['feedback', 'feedback.trace'] as const).flatMap((field) => {
    const items = fields.get(field);
    if (!isList(items)) return [];
    return items.slice(0, 100).flatMap((item, place) => {
      if (!isObject(item)) return [];
      const inner = item['evaluation'] ?? item['annotation'] ?? item;
      const key = isObject(inner) ? textOf(inner['name']) : undefined;
      if (!isObject(inner) || key === undefined) return [];
      const { score, label, explanation } = inner;
      const about = field === 'feedback' ? { runId, traceId } : { traceId };
      return [feedbackOf(partUuid(runId, `${field}/${place}/${key}`), about, key, { score, label, comment: explanation })];
    });
  });
}

function feedbackOf(
  feedbackId: string,
  about: { readonly runId?: string; readonly traceId: string },
  key: string,
  { score, label, comment }: { readonly score: Value | undefined; readonly label: Value | undefined; readonly comment: Value | undefined },
): NewFeedback {
  return {
    feedbackId,
    ...about,
    key: clean(key),
    score: numberOf(score ?? null),
    value: label === undefined || label === null ? undefined : JSON.stringify(label),
    comment: textOf(comment)?.replaceAll('\u0000', ''),
    source: 'model',
  };
}

/** A list of {name, mime_type, content in base64}; anything else stays in the metadata. */
function attachmentsOf(value: Value | undefined): NewAttachment[] | undefined {
  const read = value === undefined ? null : jsonOf(value);
  if (!isList(read) || read.length === 0 || read.length > 100) return undefined;
  const attachments: NewAttachment[] = [];
  for (const item of read) {
    if (!isObject(item)) return undefined;
    const body = item['content'] ?? item['data'];
    const name = textOf(item['name']);
    if (typeof body !== 'string' || name === undefined) return undefined;
    attachments.push({
      name: clean(name),
      mimeType: clean(textOf(item['mime_type'] ?? item['mimeType']) ?? 'application/octet-stream'),
      body: Buffer.from(body, 'base64'),
    });
  }
  return attachments;
}
