import { hash } from 'node:crypto';
import { conversationOf } from '../../content/conversation/index.ts';
import { TRAIL_ATTRIBUTE } from '../../origin/trail.ts';
import type { JsonText, Micros } from '../../run/operation.ts';
import type { RunType } from '../../run/run-type.ts';
import { dottedOrder, type OutgoingRun } from '../outgoing-run.ts';

export type AttributeValue = string | number | boolean | readonly string[];

/** A run as a span of OpenTelemetry, before it is written in one encoding or the other. */
export interface OutgoingSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  /** 3: client, as calls of models are; 1: internal. */
  readonly kind: 1 | 3;
  readonly start: Micros;
  readonly end: Micros;
  readonly attributes: readonly (readonly [name: string, value: AttributeValue])[];
  readonly events: readonly {
    readonly name: string;
    readonly time: Micros;
    readonly attributes: readonly (readonly [string, AttributeValue])[];
  }[];
  readonly failed: boolean;
  readonly message: string;
}

const OPERATIONS: Readonly<Record<RunType, string | undefined>> = {
  llm: 'chat',
  embedding: 'embeddings',
  retriever: 'retrieval',
  tool: 'execute_tool',
  chain: undefined,
  prompt: undefined,
  parser: undefined,
};

type Fields = Readonly<Record<string, unknown>>;

/**
 * In the current GenAI conventions, for whoever reads those; and with LangSmith's own attributes, by which another Muster or LangSmith finds
 * the same ids, metadata and tags again.
 */
export function spanOf(run: OutgoingRun, project: string, origin: string): OutgoingSpan {
  const extra = objectOf(run.extra);
  const metadata = asObject(extra['metadata']);
  const otel = asObject(extra['otel']);
  const error = run.error === null ? undefined : textOf(parsed(run.error));
  const segments = run.segments ?? [{ at: run.startTime, runId: run.runId }];
  return {
    traceId: run.traceId.replaceAll('-', ''),
    spanId: hexOf(otel['span_id']) ?? spanIdOf(run.runId),
    parentSpanId: run.parentRunId === null ? undefined : (hexOf(otel['parent_span_id']) ?? spanIdOf(run.parentRunId)),
    name: run.name ?? run.runType,
    kind: run.runType === 'llm' || run.runType === 'embedding' ? 3 : 1,
    start: run.startTime,
    end: run.endTime ?? run.startTime,
    attributes: [
      [TRAIL_ATTRIBUTE, [...run.trail, origin].join(',')],
      ['langsmith.span.id', run.runId],
      ['langsmith.trace.id', run.traceId],
      ...(run.parentRunId === null ? [] : [['langsmith.span.parent_id', run.parentRunId] as const]),
      // Only where it says the same as the ids: one of another trace would contradict them.
      ...(segments[0]?.runId === run.traceId ? [['langsmith.span.dotted_order', dottedOrder(segments)] as const] : []),
      ['langsmith.span.kind', run.runType],
      ['langsmith.trace.name', run.name ?? run.runType],
      ['langsmith.trace.session_name', project],
      ...(run.tags === null || run.tags.length === 0 ? [] : [['langsmith.span.tags', run.tags] as const]),
      ...(run.referenceExampleId === null ? [] : [['langsmith.reference_example_id', run.referenceExampleId] as const]),
      ...genAi(run, metadata),
      ...requestAttributes(asObject(extra['invocation_params'])),
      ...content(run),
      ...metadataAttributes(metadata),
    ],
    events: eventsOf(run, error),
    failed: run.status === 2 || error !== undefined,
    message: error?.slice(0, 1_000) ?? '',
  };
}

/** Eight bytes that follow from the run's id, so that children find them. */
export const spanIdOf = (runId: string): string => hash('md5', runId, 'hex').slice(0, 16);

const hexOf = (value: unknown): string | undefined => (typeof value === 'string' && /^[0-9a-f]{16}$/.test(value) ? value : undefined);

function genAi(run: OutgoingRun, metadata: Fields): (readonly [string, AttributeValue])[] {
  const usage = asObject(metadata['usage_metadata']);
  const input = asObject(usage['input_token_details']);
  const output = asObject(usage['output_token_details']);
  const said: readonly (readonly [string, unknown])[] = [
    ['gen_ai.operation.name', OPERATIONS[run.runType]],
    ['gen_ai.provider.name', run.provider],
    ['gen_ai.request.model', run.model],
    ['gen_ai.response.model', metadata['response_model']],
    ['gen_ai.conversation.id', metadata['thread_id'] ?? metadata['session_id'] ?? metadata['conversation_id']],
    ['user.id', metadata['user_id']],
    ['gen_ai.tool.name', run.runType === 'tool' ? run.name : undefined],
    ['gen_ai.usage.input_tokens', usage['input_tokens']],
    ['gen_ai.usage.output_tokens', usage['output_tokens']],
    ['gen_ai.usage.cache_read.input_tokens', input['cache_read']],
    ['gen_ai.usage.cache_creation.input_tokens', input['cache_creation']],
    ['gen_ai.usage.reasoning.output_tokens', output['reasoning']],
    ['langsmith.usage_metadata', Object.keys(usage).length === 0 ? undefined : JSON.stringify(usage)],
  ];
  return said.flatMap(([name, value]) => attribute(name, value));
}

const requestAttributes = (params: Fields): (readonly [string, AttributeValue])[] =>
  Object.entries(params).flatMap(([name, value]) =>
    name === 'tools' ? attribute('gen_ai.tool.definitions', value) : attribute(`gen_ai.request.${name}`, value),
  );

const metadataAttributes = (metadata: Fields): (readonly [string, AttributeValue])[] =>
  Object.entries(metadata).flatMap(([name, value]) =>
    name === 'usage_metadata' || name.startsWith('gen_ai.') ? [] : attribute(`langsmith.metadata.${name}`, value),
  );

/** Messages where a conversation can be read, else what was given, as LangSmith's own translator writes it. */
function content(run: OutgoingRun): (readonly [string, AttributeValue])[] {
  const said: (readonly [string, AttributeValue])[] = [];
  if (run.inputs !== null) said.push(['gen_ai.prompt', run.inputs]);
  if (run.outputs !== null) said.push(['gen_ai.completion', run.outputs]);
  if (run.runType !== 'llm') return said;
  const { input, output } = conversationOf({
    inputs: run.inputs ?? undefined,
    outputs: run.outputs ?? undefined,
    extra: run.extra ?? undefined,
  });
  if (input.length > 0) said.push(['gen_ai.input.messages', JSON.stringify(input.map(messageOf))]);
  if (output.length > 0) said.push(['gen_ai.output.messages', JSON.stringify(output.map(messageOf))]);
  return said;
}

type Message = ReturnType<typeof conversationOf>['input'][number];

const messageOf = ({ role, name, parts }: Message): object => ({ role, ...(name === undefined ? {} : { name }), parts: parts.map(partOf) });

function partOf(part: Message['parts'][number]): object {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return { type: 'text', content: part.text };
    case 'reasoning':
      return { type: 'reasoning', content: part.text };
    case 'tool_call':
      return { type: 'tool_call', id: part.id, name: part.name, arguments: parsed(part.arguments) };
    case 'tool_result':
      return { type: 'tool_call_response', id: part.id, response: part.text };
    default:
      return part;
  }
}

function eventsOf(run: OutgoingRun, error: string | undefined): OutgoingSpan['events'] {
  const events: OutgoingSpan['events'][number][] = [];
  const said = run.events === null ? [] : parsed(run.events);
  for (const event of Array.isArray(said) ? said.slice(0, 1_000) : []) {
    const { name, time, kwargs } = asObject(event);
    const ms = typeof time === 'string' ? Date.parse(time) : Number.NaN;
    if (typeof name === 'string')
      events.push({
        name,
        time: Number.isNaN(ms) ? run.startTime : ms * 1_000,
        attributes: Object.entries(asObject(kwargs)).flatMap(([key, value]) => attribute(key, value)),
      });
  }
  if (error !== undefined)
    events.push({ name: 'exception', time: run.endTime ?? run.startTime, attributes: [['exception.message', error]] });
  return events;
}

function attribute(name: string, value: unknown): (readonly [string, AttributeValue])[] {
  if (value === undefined || value === null || value === '') return [];
  if (typeof value === 'string' || typeof value === 'boolean') return [[name, value]];
  if (typeof value === 'number') return Number.isFinite(value) ? [[name, value]] : [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return [[name, value]];
  return [[name, JSON.stringify(value)]];
}

function parsed(text: JsonText): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const asObject = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const objectOf = (text: JsonText | null): Fields => (text === null ? {} : asObject(parsed(text)));
const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
