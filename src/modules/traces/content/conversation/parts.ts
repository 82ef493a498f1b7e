import { firstText, isObject, objectOf, stringOf, textOf, type Loose } from './loose.ts';
import type { Part } from './message.ts';

const MOST_LISTS = 3;

/** A content that is a text, a list of parts, or one part; nothing for null. */
export function partsOf(content: unknown, depth = 0): Part[] {
  if (content === null || content === undefined || content === '') return [];
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (Array.isArray(content)) return depth > MOST_LISTS ? [] : content.flatMap((part) => partsOf(part, depth + 1));
  return isObject(content) ? [partOf(content)] : [{ type: 'text', text: textOf(content) }];
}

type Reader = (part: Loose) => Part;

const text: Reader = (part) => ({ type: 'text', text: firstText(part['text'], part['content'], part['value']) ?? '' });
const reasoning: Reader = (part) => ({
  type: 'reasoning',
  text: firstText(part['thinking'], part['text'], part['content'], part['reasoning']) ?? summaryOf(part['summary']),
});
const call: Reader = (part) => {
  const made = objectOf(part['function']);
  const given = [made['arguments'], part['arguments'], part['args'], part['input']].find((value) => value !== undefined);
  return {
    type: 'tool_call',
    id: firstText(part['call_id'], part['toolCallId'], part['id']),
    name: firstText(made['name'], part['name'], part['toolName']) ?? '',
    arguments: textOf(given),
  };
};
const result: Reader = (part) => {
  const given = [part['output'], part['result'], part['response'], part['content']].find((value) => value !== undefined);
  return {
    type: 'tool_result',
    id: firstText(part['tool_use_id'], part['call_id'], part['toolCallId'], part['tool_call_id'], part['id']),
    name: firstText(part['name'], part['toolName']),
    text: resultText(given),
  };
};
const media =
  (kind: 'image' | 'audio' | 'file'): Reader =>
  (part) => {
    const held = [part['image_url'], part['source'], part['input_audio'], part['file'], part['inlineData'], part['fileData']].find(
      (value) => value !== undefined,
    );
    const inner = objectOf(held);
    // The bytes themselves are nobody's to read here: what they are is enough.
    const url = firstText(held, inner['url'], inner['fileUri'], part['url'], part['uri']);
    return {
      type: 'media',
      kind,
      url: url === undefined || url.startsWith('data:') ? undefined : url,
      mimeType:
        firstText(part['mime_type'], part['mediaType'], part['mimeType'], inner['media_type'], inner['mimeType'], inner['mime_type']) ??
        (url?.startsWith('data:') ? url.slice(5).split(/[;,]/, 1)[0] : undefined),
    };
  };

/** By the `type` that OpenAI, Anthropic, LangChain, the AI SDK and OpenTelemetry write. */
const READERS: Readonly<Record<string, Reader>> = {
  text,
  input_text: text,
  output_text: text,
  summary_text: text,
  refusal: (part) => ({ type: 'refusal', text: firstText(part['refusal'], part['text']) ?? '' }),
  reasoning,
  thinking: reasoning,
  redacted_thinking: reasoning,
  tool_use: call,
  tool_call: call,
  'tool-call': call,
  function_call: call,
  function: call,
  server_tool_use: call,
  tool_result: result,
  'tool-result': result,
  tool_call_response: result,
  function_call_output: result,
  image: media('image'),
  image_url: media('image'),
  input_image: media('image'),
  audio: media('audio'),
  input_audio: media('audio'),
  file: media('file'),
  input_file: media('file'),
  document: media('file'),
};

function partOf(part: Loose): Part {
  const type = stringOf(part['type']);
  const reader = type === undefined ? undefined : Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (reader !== undefined) return reader(part);
  // Gemini's parts have no type: what they hold says what they are.
  if (typeof part['text'] === 'string') return part['thought'] === true ? { type: 'reasoning', text: part['text'] } : text(part);
  if (isObject(part['functionCall'])) return call(part['functionCall']);
  if (isObject(part['functionResponse'])) return result(part['functionResponse']);
  if (isObject(part['inlineData']) || isObject(part['fileData'])) return media('file')(part);
  return { type: 'json', value: part };
}

/** Of a tool call as it stands in `tool_calls`, which may lack a type. */
export const toolCallOf = (given: unknown): Part => call(objectOf(given));

const resultText = (given: unknown): string => {
  if (!Array.isArray(given)) return isObject(given) && typeof given['value'] === 'string' ? given['value'] : textOf(given);
  const parts = partsOf(given);
  return parts.every((part) => part.type === 'text') ? parts.map((part) => part.text).join('\n') : textOf(given);
};

const summaryOf = (summary: unknown): string =>
  partsOf(summary)
    .map((part) => ('text' in part ? part.text : ''))
    .join('\n');
