import { randomUUID } from 'node:crypto';
import { TRAIL_FIELD, type Trail } from '../../origin/trail.ts';
import type { JsonText, Micros } from '../../run/operation.ts';
import { dottedOrder, type OutgoingRun } from '../outgoing-run.ts';
import type { OutgoingFeedback } from '../outgoing-feedback.ts';

/** One thing to be sent: a run, or feedback. It may not be split. */
export interface Item {
  readonly what: 'run' | 'feedback';
  readonly id: string;
  readonly parts: readonly Part[];
  readonly bytes: number;
}

interface Part {
  readonly name: string;
  readonly type: string;
  readonly body: Buffer;
}

const JSON_TYPE = 'application/json';

/**
 * A run in the words of LangSmith's protocol: what the SDKs would have sent, with the same ids. `trail` is for other Musters alone.
 */
export function runItem(run: OutgoingRun, verb: 'post' | 'patch', project: string, trail?: Trail): Item {
  const { runId } = run;
  const segments = run.segments ?? [{ at: run.startTime, runId }];
  const known = {
    id: runId,
    name: run.name ?? run.runType,
    run_type: run.runType,
    start_time: isoMicros(run.startTime),
    ...(run.endTime === null ? {} : { end_time: isoMicros(run.endTime) }),
    // The root's id, as their protocol has it; a trace of OpenTelemetry has one of its own.
    trace_id: segments[0]?.runId ?? runId,
    ...(segments.length > 1 ? { parent_run_id: segments.at(-2)?.runId } : {}),
    dotted_order: dottedOrder(segments),
    session_name: project,
    ...(run.tags === null ? {} : { tags: run.tags }),
    ...(run.referenceExampleId === null ? {} : { reference_example_id: run.referenceExampleId }),
    ...(trail === undefined ? {} : { [TRAIL_FIELD]: trail }),
  };
  const head = `${verb}.${runId}`;
  const fields = (['inputs', 'outputs', 'events', 'extra', 'error', 'serialized'] as const).flatMap((field) => {
    const text = run[field];
    return text === null ? [] : [jsonPart(`${head}.${field}`, text)];
  });
  const attachments = run.attachments.map(({ name, mimeType, body }) => ({ name: `attachment.${runId}.${name}`, type: mimeType, body }));
  return item('run', runId, [jsonPart(head, withRest(JSON.stringify(known), run.rest)), ...fields, ...attachments]);
}

export function feedbackItem(feedback: OutgoingFeedback, trail?: Trail): Item {
  return item('feedback', feedback.feedbackId, [jsonPart(`feedback.${feedback.feedbackId}`, feedbackJson(feedback, trail))]);
}

export function feedbackJson(feedback: OutgoingFeedback, trail?: Trail): JsonText {
  const { value, correction, extra } = feedback;
  const text = JSON.stringify({
    id: feedback.feedbackId,
    ...(feedback.runId === null ? {} : { run_id: feedback.runId }),
    ...(feedback.traceId === null ? {} : { trace_id: feedback.traceId }),
    key: feedback.key,
    ...(feedback.score === null ? {} : { score: feedback.score }),
    ...(feedback.comment === null ? {} : { comment: feedback.comment }),
    created_at: feedback.createdAt.toISOString(),
    modified_at: feedback.modifiedAt.toISOString(),
    ...(trail === undefined ? {} : { [TRAIL_FIELD]: trail }),
  });
  const source = extra?.includes('"feedback_source"') === true ? '{}' : JSON.stringify({ feedback_source: { type: feedback.source } });
  const spliced = [value === null ? '{}' : `{"value":${value}}`, correction === null ? '{}' : `{"correction":${correction}}`, source];
  return spliced.reduce(withRest, withRest(text, extra));
}

/** Two JSON objects as one, without parsing either; the first one's members win, since readers that care take the last. */
function withRest(text: JsonText, rest: JsonText | null): JsonText {
  const inner = rest?.trim().slice(1, -1).trim() ?? '';
  return inner === '' ? text : `{${inner},${text.slice(1)}`;
}

const jsonPart = (name: string, text: JsonText): Part => ({ name, type: JSON_TYPE, body: Buffer.from(text, 'utf8') });

/** What surrounds a part, about. */
const PART_OVERHEAD = 200;

const item = (what: Item['what'], id: string, parts: readonly Part[]): Item => ({
  what,
  id,
  parts,
  bytes: parts.reduce((sum, { body, name }) => sum + body.length + name.length + PART_OVERHEAD, 0),
});

/** A request's body, and its type. */
export function multipartBody(items: readonly Item[]): { readonly contentType: string; readonly body: Buffer } {
  const boundary = `----MusterForward${randomUUID().replaceAll('-', '')}`;
  const chunks: Buffer[] = [];
  for (const { parts } of items)
    for (const { name, type, body } of parts)
      chunks.push(
        Buffer.from(
          `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(name)}"\r\nContent-Type: ${oneLine(type)}; length=${body.length}\r\n\r\n`,
        ),
        body,
        Buffer.from('\r\n'),
      );
  chunks.push(Buffer.from(`--${boundary}--\r\n`));
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: Buffer.concat(chunks) };
}

/** A header's line ends where it should, whatever an attachment is called. */
const oneLine = (text: string): string => text.replaceAll(/[\r\n]/g, ' ');
const escaped = (text: string): string => oneLine(text).replaceAll('"', '%22');

export function isoMicros(time: Micros): string {
  const ms = Math.floor(time / 1_000);
  return `${new Date(ms).toISOString().slice(0, -1)}${String(time - ms * 1_000).padStart(3, '0')}Z`;
}

/** LangSmith's limits for one request. */
const MOST_RUNS = 100;
const MOST_BYTES = 20 * 1_048_576;

/** In as few requests as its limits allow. What is larger than they are alone goes alone: it may be taken, and is refused alone. */
export function requestsOf(items: readonly Item[]): readonly (readonly Item[])[] {
  const requests: Item[][] = [];
  let bytes = 0;
  for (const one of items) {
    const last = requests.at(-1);
    if (last !== undefined && last.length < MOST_RUNS && bytes + one.bytes <= MOST_BYTES) {
      last.push(one);
      bytes += one.bytes;
    } else {
      requests.push([one]);
      bytes = one.bytes;
    }
  }
  return requests;
}
