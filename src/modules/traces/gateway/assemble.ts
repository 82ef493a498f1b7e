import type { Face } from './face.ts';
import { objectOf } from './sse.ts';

type Json = Readonly<Record<string, unknown>>;
type Building = Record<string, unknown>;

/** One answer, put together from what was streamed. */
export interface Assembled {
  /** In the shape that the provider gives without streaming. */
  readonly answer: Json;
  /** Which of the events was the first to say something. Undefined: none did. */
  readonly firstTokenIn: number | undefined;
  /** What the stream itself said went wrong. */
  readonly error: string | undefined;
  /** It came to its end, by its own account. */
  readonly isComplete: boolean;
}

/** Puts an answer together from its events; what it cannot read it leaves out. Never throws. */
export function assemble(face: Face, events: readonly Buffer[]): Assembled {
  return face === 'responses' ? assembleResponse(events) : assembleChunks(face, events);
}

/** More choices or tool calls nobody asks for: an index beyond is a lie. */
const MOST_PARTS = 1_024;

function assembleChunks(face: Face, events: readonly Buffer[]): Assembled {
  const answer: Building = {};
  const choices: Building[] = [];
  let firstTokenIn: number | undefined;
  let error: string | undefined;
  // Keys instead of entries, and no copies: an answer has hundreds of chunks, and clients wait while what is left of them is collected.
  for (let place = 0; place < events.length; place++) {
    const event = events[place];
    const chunk = event === undefined ? undefined : objectOf(event);
    if (chunk === undefined) continue;
    if (isObject(chunk['error'])) error ??= messageIn(chunk['error']);
    for (const key of Object.keys(chunk)) {
      if (key === 'choices' || key === '__proto__' || (answer[key] !== undefined && key !== 'usage')) continue;
      const value = chunk[key];
      if (value !== null) answer[key] = value;
    }
    for (const part of listOf(chunk['choices'])) {
      if (!isObject(part)) continue;
      const choice = partAt(choices, part['index'] ?? 0);
      if (choice === undefined) continue;
      const { delta, text } = part;
      let says = typeof text === 'string' && text !== '';
      if (typeof text === 'string') choice['text'] = `${asText(choice['text'])}${text}`;
      if (isObject(delta)) {
        const message = (choice['message'] ??= { role: 'assistant', content: null }) as Building;
        says = mergeDelta(message, delta) || says;
      }
      for (const key of Object.keys(part)) {
        if (key === 'delta' || key === 'text' || key === '__proto__') continue;
        const value = part[key];
        if (value !== null || !(key in choice)) choice[key] = value;
      }
      if (says) firstTokenIn ??= place;
    }
  }
  if (face === 'chat' || answer['object'] === 'chat.completion.chunk') answer['object'] = 'chat.completion';
  const found = choices.filter((choice) => choice !== undefined);
  answer['choices'] = found;
  const isComplete = found.length > 0 && found.every((choice) => typeof choice['finish_reason'] === 'string');
  return { answer, firstTokenIn, error, isComplete };
}

/** Whether the delta says something: text, reasoning, a refusal or a call of a tool. */
function mergeDelta(message: Building, delta: Json): boolean {
  let says = false;
  for (const key of Object.keys(delta)) {
    const value = delta[key];
    if (key === '__proto__' || value === null) continue;
    if (key === 'tool_calls') {
      says = mergeCalls(message, listOf(value)) || says;
    } else if (key === 'function_call' && isObject(value)) {
      mergeTexts((message['function_call'] ??= {}) as Building, value);
      says = true;
    } else if (key === 'role') message['role'] = value;
    else if (typeof value === 'string') {
      message[key] = `${asText(message[key])}${value}`;
      if (value !== '') says = true;
    } else if (Array.isArray(value) && Array.isArray(message[key]))
      message[key] = [...(message[key] as unknown[]), ...(value as unknown[])];
    else message[key] = value;
  }
  return says;
}

function mergeCalls(message: Building, parts: readonly unknown[]): boolean {
  const calls = (message['tool_calls'] ??= []) as Building[];
  for (const [place, part] of parts.entries()) {
    if (!isObject(part)) continue;
    const call = partAt(calls, part['index'] ?? place);
    if (call === undefined) continue;
    const { index: _, function: said, ...rest } = part;
    // Some repeat id and type with every piece: the last says the same as the first.
    Object.assign(call, rest);
    if (isObject(said)) mergeTexts((call['function'] ??= {}) as Building, said);
  }
  return parts.length > 0;
}

/** Arguments come in pieces; a name comes whole, in some streams again and again. */
function mergeTexts(into: Building, from: Json): void {
  for (const [key, value] of Object.entries(from)) {
    if (key === 'arguments' && typeof value === 'string') into[key] = `${asText(into[key])}${value}`;
    else if (key !== '__proto__' && value !== null && value !== '') into[key] = value;
  }
}

function assembleResponse(events: readonly Buffer[]): Assembled {
  let answer: Json | undefined;
  let firstTokenIn: number | undefined;
  let error: string | undefined;
  let text = '';
  let isComplete = false;
  for (const [place, event] of events.entries()) {
    const said = objectOf(event);
    const type = said?.['type'];
    if (said === undefined || typeof type !== 'string') continue;
    if (type.endsWith('.delta')) firstTokenIn ??= place;
    if (type === 'response.output_text.delta' && typeof said['delta'] === 'string') text += said['delta'];
    if (type === 'error') error ??= messageIn(said);
    if (!isObject(said['response'])) continue;
    answer = said['response'];
    isComplete ||= type === 'response.completed' || type === 'response.incomplete';
    if (type === 'response.failed' && isObject(answer['error'])) error ??= messageIn(answer['error']);
  }
  // Its own last word holds the whole answer; without one there is what was heard.
  if (!isComplete && text !== '')
    answer = { ...answer, output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] }] };
  return { answer: answer ?? {}, firstTokenIn, error, isComplete };
}

function partAt(parts: Building[], index: unknown): Building | undefined {
  if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= MOST_PARTS) return undefined;
  return (parts[index] ??= {});
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : '');
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const messageIn = (error: Json): string => (typeof error['message'] === 'string' ? error['message'] : JSON.stringify(error).slice(0, 500));
