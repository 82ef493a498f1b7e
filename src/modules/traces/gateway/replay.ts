import { assemble } from './assemble.ts';
import type { Asked } from './asked.ts';
import { EventSplitter, isUsageOnly } from './sse.ts';
import { Tape, type Recording } from './tape.ts';

/** An answer that was kept, in the form in which it came. */
export interface Kept {
  readonly isStream: boolean;
  readonly body: Buffer;
}

/** The kept answer in the form that is asked for: a stream for who streams, whatever it was. Undefined where that cannot be. */
export function replay(
  asked: Pick<Asked, 'face' | 'streams'>,
  kept: Kept,
): { readonly tape: Tape; readonly isStream: boolean } | undefined {
  const form = `${asked.face} ${asked.streams}`;
  const made = recordings.get(kept.body) ?? new Map<string, Recording | undefined>();
  if (!made.has(form)) recordings.set(kept.body, made.set(form, recordingOf(asked, kept)));
  const recording = made.get(form);
  return recording === undefined ? undefined : { isStream: recording.isStream, tape: new Tape(recording) };
}

/** By the body, for as long as that is remembered, and the form that is asked for. */
const recordings = new WeakMap<Buffer, Map<string, Recording | undefined>>();

function recordingOf(asked: Pick<Asked, 'face' | 'streams'>, kept: Kept): Recording | undefined {
  if (kept.isStream === asked.streams) return kept.isStream ? streamOf(eventsOf(kept.body)) : wholeOf(kept.body);
  if (asked.face !== 'chat') return undefined;
  if (!asked.streams) {
    const { answer, isComplete } = assemble('chat', eventsOf(kept.body));
    return isComplete ? wholeOf(Buffer.from(JSON.stringify(answer))) : undefined;
  }
  const events = asEvents(kept.body);
  return events === undefined ? undefined : streamOf(events);
}

const wholeOf = (bytes: Buffer): Recording => ({ isStream: false, pieces: [{ bytes, isUsage: false }] });
const streamOf = (events: readonly Buffer[]): Recording => ({
  isStream: true,
  pieces: events.map((bytes) => ({ bytes, isUsage: isUsageOnly(bytes) })),
});

function eventsOf(body: Buffer): readonly Buffer[] {
  const splitter = new EventSplitter();
  const events = splitter.push(body);
  const rest = splitter.rest();
  return rest.length === 0 ? events : [...events, rest];
}

/** A whole chat answer as the chunks it might have been streamed in: one that says it all, one that says why it ends, and the usage. */
function asEvents(body: Buffer): readonly Buffer[] | undefined {
  const answer = JSON.parse(body.toString('utf8')) as { readonly choices?: readonly Choice[]; readonly usage?: unknown } & Readonly<
    Record<string, unknown>
  >;
  const { choices, usage, ...rest } = answer;
  if (!Array.isArray(choices)) return undefined;
  const head = { ...rest, object: 'chat.completion.chunk' };
  const event = (more: object): Buffer => Buffer.from(`data: ${JSON.stringify({ ...head, ...more })}\n\n`);
  const said = (choices as readonly Choice[]).map(({ finish_reason: _, index, logprobs, message }) => ({
    index,
    delta: {
      ...message,
      ...(Array.isArray(message?.['tool_calls'])
        ? { tool_calls: message['tool_calls'].map((call: object, place) => ({ index: place, ...call })) }
        : {}),
    },
    logprobs: logprobs ?? null,
    finish_reason: null,
  }));
  return [
    event({ choices: said }),
    event({
      choices: (choices as readonly Choice[]).map(({ finish_reason: reason, index }) => ({
        index,
        delta: {},
        logprobs: null,
        finish_reason: reason,
      })),
    }),
    ...(usage === undefined ? [] : [event({ choices: [], usage })]),
    Buffer.from('data: [DONE]\n\n'),
  ];
}

interface Choice {
  readonly index: number;
  readonly message?: Readonly<Record<string, unknown>>;
  readonly finish_reason: string | null;
  readonly logprobs?: unknown;
}
