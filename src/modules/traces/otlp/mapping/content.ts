import type { JsonText } from '../../run/operation.ts';
import type { SpanEvent, Value } from '../span.ts';
import { messagesOf, systemMessage, toolCallOf } from './messages.ts';
import { isList, isObject, type Obj } from './read-value.ts';
import { EVENT_ROWS } from './table.ts';

const EVENTS = new Map(EVENT_ROWS.map((row) => [row.event, row]));

export const eventRow = (name: string): (typeof EVENT_ROWS)[number] | undefined => EVENTS.get(name);

type Fields = ReadonlyMap<string, Value>;

/** Messages where there are any, else what was given, as an object. */
export function inputsOf(fields: Fields, events: readonly SpanEvent[]): JsonText | undefined {
  const system = fields.get('inputs.system');
  const said = fields.get('inputs.messages');
  const messages = [...(system === undefined ? [] : systemMessage(system)), ...(isList(said) ? said : eventMessages(events, 'input'))];
  return messages.length > 0 ? JSON.stringify({ messages }) : asObject(fields.get('inputs'), 'input');
}

export function outputsOf(fields: Fields, events: readonly SpanEvent[]): JsonText | undefined {
  const documents = fields.get('outputs.documents');
  if (documents !== undefined) return JSON.stringify({ documents });
  const said = fields.get('outputs.messages');
  const messages = isList(said) ? said : eventMessages(events, 'output');
  if (messages.length > 0) return JSON.stringify({ messages });
  const answer = answerOf(fields);
  return answer === undefined ? asObject(fields.get('outputs'), 'output') : JSON.stringify({ messages: [answer] });
}

/** The AI SDK says text, reasoning and calls of tools one by one. */
function answerOf(fields: Fields): Obj | undefined {
  const text = fields.get('outputs.text');
  const reasoning = fields.get('outputs.reasoning');
  const calls = fields.get('outputs.tool_calls');
  if (text === undefined && reasoning === undefined && calls === undefined) return undefined;
  const content =
    reasoning === undefined
      ? (text ?? null)
      : [{ type: 'reasoning', text: reasoning }, ...(text === undefined ? [] : [{ type: 'text', text }])];
  return {
    role: 'assistant',
    content,
    ...(isList(calls) ? { tool_calls: calls.map((call) => (isObject(call) ? toolCallOf(call) : call)) } : {}),
  };
}

/** Messages that came as events: in the event's attributes, or in one of them. */
function eventMessages(events: readonly SpanEvent[], becomes: 'input' | 'output'): Value[] {
  return events.flatMap(({ name, attributes }) => {
    const row = EVENTS.get(name);
    if (row?.becomes !== becomes) return [];
    const role = row.role ?? 'user';
    const whole = row.attribute === undefined ? undefined : attributes.get(row.attribute);
    return messagesOf(whole ?? Object.fromEntries([...attributes].filter(([key]) => !key.startsWith('gen_ai.'))), role);
  });
}

/** LangSmith's inputs and outputs are objects; anything else stands in one under `name`. */
function asObject(value: Value | undefined, name: string): JsonText | undefined {
  if (value === undefined || value === null) return undefined;
  return JSON.stringify(isObject(value) ? value : { [name]: value });
}
