import { firstText, isObject, listOf, objectOf, stringOf, textOf, type Loose } from './loose.ts';
import type { Message, Part, Role } from './message.ts';
import { partsOf, toolCallOf } from './parts.ts';

const ROLES: Readonly<Record<string, Role>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  ai: 'assistant',
  aimessagechunk: 'assistant',
  model: 'assistant',
  tool: 'tool',
  function: 'tool',
};

const roleOf = (word: string): Role => {
  const known = word.toLowerCase();
  return Object.hasOwn(ROLES, known) ? (ROLES[known] ?? 'other') : 'other';
};

/** Lists in lists: a batch, a conversation, a message. */
const MOST_LISTS = 3;

/** Messages as some SDK wrote them down; lists in lists (LangChain sends batches) become one. Undefined where these are none. */
export function messagesOf(value: unknown, depth = 0): readonly Message[] | undefined {
  if (Array.isArray(value)) {
    const pair = pairOf(value);
    if (pair !== undefined) return [pair];
    if (depth > MOST_LISTS) return undefined;
    const read = value.map((item) => messagesOf(item, depth + 1));
    return read.length > 0 && read.every((item) => item !== undefined) ? read.flat() : undefined;
  }
  const message = isObject(value) ? messageOf(value) : undefined;
  return message === undefined ? undefined : [message];
}

/** `["human", "text"]`, as LangChain allows. */
function pairOf(value: readonly unknown[]): Message | undefined {
  const [role, content] = value;
  if (value.length !== 2 || typeof role !== 'string' || typeof content !== 'string' || !/^(system|human|user|ai|assistant)$/.test(role))
    return undefined;
  return { role: roleOf(role), parts: partsOf(content) };
}

function messageOf(value: Loose): Message | undefined {
  if (value['lc'] === 1 && Array.isArray(value['id'])) return langChainMessage(value['id'], objectOf(value['kwargs']));
  const type = stringOf(value['type']);
  if (type !== undefined && typeof value['role'] !== 'string') {
    // LangChain in Python: {type: 'human', data: {content}} or {type: 'human', content}.
    const body = isObject(value['data']) ? value['data'] : value;
    if ('content' in body && roleOf(type) !== 'other') return spoken(roleOf(type), body);
    return responseItem(type, value);
  }
  const role = stringOf(value['role']);
  if (role === undefined) return undefined;
  if (!['content', 'parts', 'tool_calls', 'function_call', 'refusal'].some((key) => key in value)) return undefined;
  return spoken(roleOf(role), value);
}

/** Manifests of messages: `["langchain_core", "messages", "AIMessage"]`. */
function langChainMessage(id: readonly unknown[], kwargs: Loose): Message | undefined {
  const name = /^(\w+?)Message(?:Chunk)?$/.exec(stringOf(id.at(-1)) ?? '')?.[1];
  if (name === undefined) return undefined;
  return spoken(name === 'Chat' ? roleOf(stringOf(kwargs['role']) ?? '') : roleOf(name), kwargs);
}

/** Items of the Responses API that are no messages. */
function responseItem(type: string, value: Loose): Message | undefined {
  if (type === 'function_call' || type === 'reasoning') return { role: 'assistant', parts: partsOf(value) };
  if (type === 'function_call_output') return { role: 'tool', parts: partsOf(value) };
  return type.endsWith('_call') && 'status' in value ? { role: 'assistant', parts: [{ type: 'json', value }] } : undefined;
}

function spoken(role: Role, body: Loose): Message {
  const extra = objectOf(body['additional_kwargs']);
  const content = partsOf(body['content'] ?? body['parts']);
  const parts: Part[] = [];
  const thought = firstText(body['reasoning_content'], body['reasoning'], extra['reasoning_content']);
  if (thought !== undefined) parts.push({ type: 'reasoning', text: thought });
  if (role === 'tool' && content.every((part) => part.type !== 'tool_result')) {
    const text = content.map((part) => ('text' in part ? part.text : part.type === 'json' ? textOf(part.value) : '')).join('\n');
    parts.push({ type: 'tool_result', id: firstText(body['tool_call_id']), name: firstText(body['name']), text });
  } else parts.push(...content);
  const refusal = firstText(body['refusal'], extra['refusal']);
  if (refusal !== undefined) parts.push({ type: 'refusal', text: refusal });
  parts.push(...callsOf(body, extra, parts));
  return { role, name: role === 'tool' ? undefined : firstText(body['name']), parts };
}

/** LangChain tells of the same call up to three times: in `tool_calls`, in `additional_kwargs` and in the content. */
function callsOf(body: Loose, extra: Loose, said: readonly Part[]): readonly Part[] {
  const lists = [listOf(body['tool_calls']), listOf(extra['tool_calls'])];
  const calls = (lists.find((list) => list.length > 0) ?? []).map(toolCallOf);
  const single = [body['function_call'], extra['function_call']].find(isObject);
  if (calls.length === 0 && single !== undefined) calls.push(toolCallOf(single));
  const known = new Set(said.flatMap((part) => (part.type === 'tool_call' ? [part.id] : [])));
  return calls.filter((part) => part.type !== 'tool_call' || part.id === undefined || !known.has(part.id));
}
