import { dottedOrderOf } from '../run/dotted-order.ts';
import type { RunOperation } from '../run/operation.ts';
import type { Asked } from './asked.ts';
import { assemble, type Assembled } from './assemble.ts';
import type { Context } from './context.ts';
import { FACES, type Face } from './face.ts';
import type { Answered } from './call.ts';
import type { Piece, Recording } from './tape.ts';

/** One exchange, as it is told once it is over. */
export interface Conversation {
  readonly runId: string;
  readonly asked: Asked;
  readonly context: Context;
  readonly keyId: string | null;
  /** Milliseconds since 1970, and of the monotonic clock. */
  readonly beganAt: number;
  readonly began: number;
  readonly ended: number;
  /** Undefined: nothing was answered. */
  readonly answer: Answered | undefined;
  readonly heard: Heard;
  /** What went wrong besides what the answer says. */
  readonly error: string | undefined;
  readonly notes: Readonly<Record<string, unknown>>;
}

/** The answer as the run keeps it, in the shape that comes without streaming. */
export interface Heard {
  readonly answer: Readonly<Record<string, unknown>> | undefined;
  readonly text: string | undefined;
  readonly error: string | undefined;
  readonly firstTokenAt: number | undefined;
}

export const NOTHING_HEARD: Heard = { answer: undefined, text: undefined, error: undefined, firstTokenAt: undefined };

/** What is said of a conversation to the intake. */
export function operationOf(conversation: Conversation): RunOperation {
  const { answer, asked, beganAt, began, context, ended, heard, keyId, notes, runId } = conversation;
  const { content, runName, runType } = FACES[asked.face];
  const startTime = beganAt * 1_000;
  const at = (moment: number): number => startTime + Math.max(0, Math.round((moment - began) * 1_000));
  const error = conversation.error ?? heard.error;
  const { parent } = context;
  const own = dottedOrderOf(null, startTime, runId);
  const model = typeof heard.answer?.['model'] === 'string' ? heard.answer['model'] : (answer?.model ?? asked.model);
  return {
    kind: 'post',
    runId,
    project: { name: context.project },
    traceId: parent?.traceId ?? runId,
    ...(parent === undefined ? { dottedOrder: own } : { parentRunId: parent.parentRunId }),
    ...(parent?.dottedOrder === undefined ? {} : { dottedOrder: `${parent.dottedOrder}.${own}` }),
    name: runName,
    runType,
    startTime,
    endTime: at(ended),
    inputs: asked.text,
    ...(heard.text === undefined ? {} : { outputs: heard.text }),
    ...(error === undefined ? {} : { error: JSON.stringify(error) }),
    ...(heard.firstTokenAt === undefined || !asked.streams
      ? {}
      : { events: JSON.stringify([{ name: 'new_token', time: isoMicros(at(heard.firstTokenAt)) }]) }),
    extra: JSON.stringify({
      metadata: {
        ...context.metadata,
        ls_provider: answer?.priceProvider ?? answer?.provider,
        ls_model_name: model,
        ls_model_type: asked.face === 'embeddings' ? 'embedding' : 'chat',
        thread_id: context.threadId,
        user_id: context.userId ?? (typeof asked.body['user'] === 'string' ? asked.body['user'] : undefined),
        muster_key: keyId ?? undefined,
        muster_provider: answer?.provider,
        muster_status: answer?.status,
        ...notes,
      },
      invocation_params: Object.fromEntries(Object.entries(asked.body).filter(([name]) => !content.includes(name))),
    }),
    ...(context.tags.length === 0 ? {} : { tags: context.tags }),
  };
}

/** Reads an answer from its tape. Never throws: what a provider sends may be anything. */
export function hear(asked: Asked, { isStream, status, tape }: Pick<Answered, 'isStream' | 'status' | 'tape'>): Heard {
  const pieces = tape.pieces;
  const brokeOff = tape.error?.message;
  if (!tape.isWhole)
    return { answer: undefined, text: JSON.stringify({ too_large: tape.bytes }), error: brokeOff, firstTokenAt: pieces[0]?.at };
  if (isStream) {
    const { recording } = tape;
    const { answer, error, firstTokenIn, isComplete, text } =
      (recording && understood.get(recording)) ?? understand(asked.face, pieces, recording);
    const ended = isComplete ? undefined : 'the stream ended before its answer was whole';
    return {
      answer,
      text,
      error: brokeOff ?? error ?? ended,
      firstTokenAt: firstTokenIn === undefined ? undefined : pieces[firstTokenIn]?.at,
    };
  }
  const text = textOf(pieces);
  const answer = objectIn(text);
  const refusal = status < 400 ? undefined : `the provider answered ${status}: ${saidIn(answer) ?? text.slice(0, 500)}`;
  const garbage = answer === undefined && refusal === undefined ? 'the provider answered with something that is not JSON' : undefined;
  return {
    answer,
    text: answer === undefined ? JSON.stringify({ text: text.slice(0, 65_536) }) : text,
    error: brokeOff ?? refusal ?? garbage,
    firstTokenAt: undefined,
  };
}

type Understood = Assembled & { readonly text: string };
/** What is played again and again says the same each time. */
const understood = new WeakMap<Recording, Understood>();

function understand(face: Face, pieces: readonly Piece[], recording: Recording | undefined): Understood {
  const assembled = assemble(
    face,
    pieces.map(({ bytes }) => bytes),
  );
  const all = { ...assembled, text: JSON.stringify(assembled.answer) };
  if (recording !== undefined) understood.set(recording, all);
  return all;
}

const textOf = (pieces: readonly Piece[]): string => Buffer.concat(pieces.map(({ bytes }) => bytes)).toString('utf8');

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    // It is told as the text it is.
    return undefined;
  }
}

function saidIn(answer: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const error = answer?.['error'];
  if (typeof error === 'string') return error;
  const message = typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : undefined;
  return typeof message === 'string' ? message : undefined;
}

/** ISO 8601 to the microsecond. */
function isoMicros(micros: number): string {
  const iso = new Date(Math.floor(micros / 1_000)).toISOString();
  return `${iso.slice(0, -1)}${String(micros % 1_000).padStart(3, '0')}Z`;
}
