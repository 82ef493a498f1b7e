import { assemble } from './assemble.ts';
import type { Asked } from './asked.ts';
import { EventSplitter, isUsageOnly } from './sse.ts';
import { Tape } from './tape.ts';

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
  if (kept.isStream === asked.streams)
    return { isStream: kept.isStream, tape: tapeOf(kept.isStream ? eventsOf(kept.body) : [kept.body], kept.isStream) };
  if (asked.face !== 'chat') return undefined;
  if (!asked.streams) {
    const { answer, isComplete } = assemble('chat', eventsOf(kept.body));
    return isComplete ? { isStream: false, tape: tapeOf([Buffer.from(JSON.stringify(answer))], false) } : undefined;
  }
  const events = asEvents(kept.body);
  return events === undefined ? undefined : { isStream: true, tape: tapeOf(events, true) };
}

function tapeOf(pieces: readonly Buffer[], marksUsage: boolean): Tape {
  const tape = new Tape();
  const at = performance.now();
  for (const bytes of pieces) tape.write({ bytes, at, isUsage: marksUsage && isUsageOnly(bytes) });
  tape.end();
  return tape;
}

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
