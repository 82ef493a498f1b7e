import type { Value } from '../span.ts';
import { isList, isObject, jsonOf, put, textOf, type Obj } from './read-value.ts';

/**
 * Messages, in whatever dialect, as chat completions have them: role, content (a text, or parts), tool_calls, tool_call_id. So whoever
 * reads conversations reads one shape. What has no place in it stays in the message under its own name.
 */
export function messagesOf(value: Value, role: string): Value[] {
  const read = jsonOf(value);
  if (read === null) return [];
  if (isList(read)) return read.flatMap((item) => messagesIn(item, role));
  if (isObject(read) && isList(read['messages'])) return messagesOf(read['messages'], role);
  return messagesIn(read, role);
}

/** `gen_ai.system_instructions`: a text, or parts of one. */
export function systemMessage(value: Value): Value[] {
  const read = jsonOf(value);
  const content = isList(read) ? contentOf(read.map(partOf)) : read;
  return content === null || content === '' ? [] : [{ role: 'system', content }];
}

function messagesIn(item: Value, role: string): Value[] {
  const read = jsonOf(item);
  if (!isObject(read)) return read === null ? [] : [{ role, content: read }];
  // OpenInference wraps each: {message: {role, content}}.
  const inner = read['message'];
  return isObject(inner) ? messagesIn({ ...without(read, ['message']), ...inner }, role) : messageOf(read, role);
}

function messageOf(said: Obj, role: string): Value[] {
  const plain = plainMessage(said, role);
  if (plain !== undefined) return [plain];
  const { role: own, parts, contents, content, tool_calls: calls, ...rest } = said;
  const given = isList(parts) ? parts : isList(contents) ? contents : jsonParts(content);
  const said_role = textOf(own) ?? role;
  if (given === undefined) {
    const toolCalls = toolCallsOf(calls);
    return [{ role: said_role, content: content ?? null, ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}), ...rest }];
  }
  const all = given.map(partOf);
  const results = all.filter((part) => part.kind === 'result');
  const toolCalls = [...toolCallsOf(calls), ...all.flatMap((part) => (part.kind === 'call' ? [part.call] : []))];
  const shown = all.filter((part) => part.kind === 'shown');
  // A message of results is one for each in this dialect.
  if (results.length > 0 && shown.length === 0 && toolCalls.length === 0) return results.map(({ message }) => ({ ...message, ...rest }));
  return [
    { role: said_role, content: contentOf(shown), ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}), ...rest },
    ...results.map(({ message }) => message),
  ];
}

/** What nearly all are: one text, and nothing that is rewritten. The same comes out as by the long way, in a fraction of its time. */
function plainMessage(said: Obj, role: string): Obj | undefined {
  const { parts, contents, content, tool_calls: calls } = said;
  if (contents !== undefined || calls !== undefined) return undefined;
  const text = parts === undefined ? plainText(content) : onlyText(parts);
  if (text === undefined) return undefined;
  const message: Record<string, Value> = { role: textOf(said['role']) ?? role, content: text };
  for (const name in said) if (name !== 'role' && name !== 'content' && name !== 'parts') put(message, name, said[name] ?? null);
  return message;
}

const plainText = (content: Value | undefined): string | undefined =>
  typeof content === 'string' && !content.startsWith('[{') ? content : undefined;

/** Of a list of one part, which is a text. */
function onlyText(parts: Value): string | undefined {
  if (!isList(parts) || parts.length !== 1) return undefined;
  const [part] = parts;
  if (!isObject(part) || part['message_content'] !== undefined || !isShort(part)) return undefined;
  const { type } = part;
  const text = part['text'] ?? part['content'];
  return (type === 'text' || type === 'input_text' || type === 'output_text') && typeof text === 'string' ? text : undefined;
}

/** Content that is a list of parts, perhaps as a text. */
function jsonParts(content: Value | undefined): readonly Value[] | undefined {
  if (isList(content)) return content;
  if (typeof content !== 'string' || !content.startsWith('[{')) return undefined;
  const read = jsonOf(content);
  return isList(read) && read.every((part) => isObject(part) && typeof part['type'] === 'string') ? read : undefined;
}

type Part =
  | { readonly kind: 'shown'; readonly part: Value }
  | { readonly kind: 'call'; readonly call: Value }
  | { readonly kind: 'result'; readonly message: Obj };

function partOf(value: Value): Part {
  if (!isObject(value)) return { kind: 'shown', part: { type: 'text', text: textOf(value) ?? '' } };
  // OpenInference wraps each: {message_content: {type, text, image}}.
  const part = isObject(value['message_content']) ? value['message_content'] : value;
  switch (part['type']) {
    case 'text':
    case 'input_text':
    case 'output_text': {
      const text = textOf(part['text'] ?? part['content']) ?? '';
      // Nothing but the text, which is nearly always so.
      return { kind: 'shown', part: isShort(part) ? { type: 'text', text } : { ...without(part, ['content']), type: 'text', text } };
    }
    case 'reasoning':
    case 'thinking':
      return {
        kind: 'shown',
        part: {
          ...without(part, ['content', 'thinking']),
          type: 'reasoning',
          text: textOf(part['text'] ?? part['content'] ?? part['thinking']) ?? '',
        },
      };
    case 'image': {
      const url = imageUrl(part['image']);
      return { kind: 'shown', part: url === undefined ? part : { type: 'image_url', image_url: { url } } };
    }
    case 'tool_call':
    case 'tool-call':
    case 'tool_use':
      return { kind: 'call', call: toolCallOf(part) };
    case 'tool_call_response':
    case 'tool-result':
    case 'tool_result':
      return { kind: 'result', message: resultOf(part) };
    default:
      return { kind: 'shown', part };
  }
}

/** Has no more than two names. */
function isShort(part: Obj): boolean {
  let names = 0;
  for (const _ in part) if (++names > 2) return false;
  return true;
}

/** {url}, or {image: {url}} as OpenInference unflattens. */
function imageUrl(image: Value | undefined): string | undefined {
  if (typeof image === 'string') return image.startsWith('http') || image.startsWith('data:') ? image : undefined;
  if (!isObject(image)) return undefined;
  return typeof image['url'] === 'string' ? image['url'] : imageUrl(image['image']);
}

/** A text where nothing but text was said. */
function contentOf(parts: readonly Part[]): Value {
  const shown = parts.flatMap((part) => (part.kind === 'shown' ? [part.part] : []));
  if (shown.length === 0) return null;
  const [first] = shown;
  return shown.length === 1 &&
    isObject(first) &&
    first['type'] === 'text' &&
    typeof first['text'] === 'string' &&
    Object.keys(first).length === 2
    ? first['text']
    : shown;
}

function toolCallsOf(value: Value | undefined): Value[] {
  const read = value === undefined ? null : jsonOf(value);
  return isList(read)
    ? read.map((call) => (isObject(call) ? toolCallOf(isObject(call['tool_call']) ? call['tool_call'] : call) : call))
    : [];
}

/** A call of a tool from any dialect. Its arguments are a text of JSON. */
export function toolCallOf(call: Obj): Value {
  const inner = isObject(call['function']) ? call['function'] : call;
  const given = inner['arguments'] ?? inner['input'] ?? inner['args'] ?? null;
  return {
    id: textOf(call['id'] ?? call['toolCallId'] ?? call['tool_call_id']) ?? null,
    type: 'function',
    function: {
      name: textOf(inner['name'] ?? inner['toolName']) ?? '',
      arguments: typeof given === 'string' ? given : given === null ? '{}' : JSON.stringify(given),
    },
  };
}

function resultOf(part: Obj): Obj {
  const result = part['response'] ?? part['result'] ?? part['output'] ?? part['content'] ?? null;
  // The AI SDK: {type: 'text' | 'json', value}.
  const plain = isObject(result) && 'value' in result && typeof result['type'] === 'string' ? (result['value'] ?? null) : result;
  const id = textOf(part['id'] ?? part['toolCallId'] ?? part['tool_use_id']);
  const name = textOf(part['name'] ?? part['toolName']);
  return {
    role: 'tool',
    content: typeof plain === 'string' ? plain : JSON.stringify(plain),
    ...(id === undefined ? {} : { tool_call_id: id }),
    ...(name === undefined ? {} : { name }),
  };
}

function without(value: Obj, names: readonly string[]): Obj {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}

/** Documents as LangChain has them, which LangSmith's pages show: page_content and metadata. */
export function documentsOf(value: Value): Value[] {
  const read = jsonOf(value);
  if (!isList(read)) return [];
  return read.map((item) => {
    const inner = isObject(item) && isObject(item['document']) ? item['document'] : item;
    if (!isObject(inner)) return { type: 'Document', page_content: textOf(inner) ?? '', metadata: {} };
    const { content, page_content: page, metadata, ...rest } = inner;
    const known = metadata === undefined ? {} : jsonOf(metadata);
    return {
      type: 'Document',
      page_content: textOf(page ?? content) ?? '',
      metadata: { ...(isObject(known) ? known : { metadata: known }), ...rest },
    };
  });
}

/** Tools' definitions: a list, each a text of JSON perhaps, or wrapped as OpenInference has them. */
export function toolsOf(value: Value): Value {
  const read = jsonOf(value);
  if (!isList(read)) return read;
  return read.map((item) => {
    const tool = jsonOf(item);
    const schema = isObject(tool) && isObject(tool['tool']) ? tool['tool']['json_schema'] : undefined;
    return schema === undefined ? tool : jsonOf(schema);
  });
}
