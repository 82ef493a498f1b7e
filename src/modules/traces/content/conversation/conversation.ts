import { firstText, isObject, listOf, objectOf, parsed, stringOf, type Loose } from './loose.ts';
import type { Conversation, Finish, Message, Role } from './message.ts';
import { messagesOf } from './messages.ts';
import { partsOf } from './parts.ts';

/** The texts of a run, as it came. */
export interface RunTexts {
  readonly inputs?: string | null | undefined;
  readonly outputs?: string | null | undefined;
  readonly extra?: string | null | undefined;
}

/** Reads what a run says as a conversation. Never throws: what is no conversation becomes one message of text or JSON. */
export function conversationOf(run: RunTexts): Conversation {
  const inputs = parsed(run.inputs ?? undefined);
  const outputs = parsed(run.outputs ?? undefined);
  const extra = objectOf(parsed(run.extra ?? undefined));
  return {
    input: inputOf(inputs),
    output: outputOf(outputs),
    asked: askedOf(objectOf(inputs), extra),
    finish: finishOf(objectOf(outputs)),
  };
}

/** What programs call the thing that a person asked, and the thing that came back. */
const QUESTIONS = ['question', 'input', 'query', 'prompt', 'text', 'content', 'user_input', 'user', 'topic'];
const ANSWERS = ['answer', 'output', 'text', 'output_text', 'content', 'response', 'result', 'completion', 'generation', 'message'];

const saying = (role: Role, content: unknown): readonly Message[] => {
  const parts = partsOf(content);
  return parts.length === 0 ? [] : [{ role, parts }];
};

function inputOf(value: unknown): readonly Message[] {
  if (!isObject(value)) return messagesOf(value) ?? saying('user', value);
  const system = [value['system'], value['instructions'], contentOf(value['systemInstruction'] ?? value['system_instruction'])].find(
    (given) => given !== undefined && given !== null,
  );
  const before = system === undefined ? [] : saying('system', system);
  for (const key of ['messages', 'contents', 'input', 'prompt', 'input_messages', 'chat_history']) {
    const messages = messagesOf(value[key]);
    if (messages !== undefined) return [...before, ...messages, ...(key === 'chat_history' ? questionOf(value) : [])];
  }
  const prompts = listOf(value['prompts']);
  if (prompts.length > 0 && prompts.every((prompt) => typeof prompt === 'string')) return saying('user', prompts);
  const question = questionOf(value);
  if (question.length > 0) return [...before, ...question];
  const alone = onlyText(value) ?? nested(value, inputOf);
  return [...before, ...(typeof alone === 'string' ? saying('user', alone) : (alone ?? saying('user', emptied(value))))];
}

const questionOf = (value: Loose): readonly Message[] => {
  const text = firstText(...QUESTIONS.map((key) => value[key]));
  return text === undefined ? [] : saying('user', text);
};

/** Gemini wraps the system's words in {parts}. */
const contentOf = (value: unknown): unknown => (isObject(value) && 'parts' in value ? value['parts'] : value);

function outputOf(value: unknown): readonly Message[] {
  if (!isObject(value)) return messagesOf(value) ?? saying('assistant', value);
  const direct = messagesOf(value) ?? (Array.isArray(value['content']) ? saying('assistant', value['content']) : undefined);
  if (direct !== undefined) return direct;
  const choices = [...listOf(value['choices']), ...listOf(value['candidates'])];
  if (choices.length > 0)
    return choices
      .map(objectOf)
      .flatMap(
        (choice) => messagesOf(choice['message'] ?? choice['content'] ?? choice['delta']) ?? saying('assistant', stringOf(choice['text'])),
      );
  const generations = listOf(value['generations']).flat();
  if (generations.length > 0)
    return generations.map(objectOf).flatMap((made) => messagesOf(made['message']) ?? saying('assistant', stringOf(made['text'])));
  for (const key of ['output', 'messages', 'message', 'outputs', 'output_messages', 'response']) {
    const messages = messagesOf(value[key]);
    if (messages !== undefined) return messages;
  }
  // The AI SDK: text beside the calls of tools.
  const calls = listOf(value['toolCalls']);
  const answer = firstText(...ANSWERS.map((key) => value[key]));
  if (answer !== undefined || calls.length > 0) return saying('assistant', [answer, ...calls.map(asCall)]);
  const alone = onlyText(value) ?? nested(value, outputOf);
  return typeof alone === 'string' ? saying('assistant', alone) : (alone ?? saying('assistant', emptied(value)));
}

const asCall = (value: unknown): unknown => ({ ...objectOf(value), type: 'tool_call' });

/** Where a run holds one text whatever its name, that is what was said. An empty answer under a known name is no answer. */
function onlyText(value: Loose): string | undefined {
  const texts = Object.values(value).filter((field) => typeof field === 'string');
  return texts.length === 1 && Object.keys(value).length === 1 ? texts[0] : undefined;
}

/** `{output: {…}}`: what a wrapper returned is one floor down. One floor, no further. */
function nested(value: Loose, read: (inner: unknown) => readonly Message[]): readonly Message[] | undefined {
  for (const key of ['kwargs', 'input', 'inputs', 'output', 'outputs', 'response', 'result']) {
    const inner = value[key];
    if (isObject(inner) && !('kwargs' in inner) && ['messages', 'choices', 'generations', 'content', 'output'].some((k) => k in inner))
      return read(inner);
  }
  return undefined;
}

/** An object of which nothing but emptiness is left says nothing. */
const emptied = (value: Loose): unknown =>
  Object.entries(value).every(
    ([key, field]) =>
      field === null ||
      field === '' ||
      (Array.isArray(field) && field.length === 0) ||
      /^(usage|usage_metadata|id|model|object|created|llmOutput|llm_output)$/.test(key),
  )
    ? undefined
    : value;

/** What was asked of the form: by `response_format`, the Responses API's `text.format`, or Gemini's mime type. */
function askedOf(inputs: Loose, extra: Loose): Conversation['asked'] {
  const metadata = objectOf(extra['metadata']);
  for (const place of [inputs, objectOf(extra['invocation_params']), objectOf(metadata['ls_invocation_params'])]) {
    const config = objectOf(place['generationConfig'] ?? place['config']);
    for (const format of [place['response_format'], objectOf(place['text'])['format'], place['responseFormat']]) {
      const { type, json_schema: wrapped, schema } = objectOf(format);
      if (type === 'json_object' || type === 'json') return schema === undefined ? { format: 'json' } : { format: 'json_schema', schema };
      if (type === 'json_schema') return { format: 'json_schema', schema: objectOf(wrapped)['schema'] ?? schema };
    }
    if (config['responseMimeType'] === 'application/json') return { format: 'json', schema: config['responseSchema'] };
    if (place['format'] === 'json') return { format: 'json' };
  }
  return null;
}

const FINISHES: Readonly<Record<string, Finish>> = {
  stop: 'stop',
  end_turn: 'stop',
  stop_sequence: 'stop',
  completed: 'stop',
  length: 'length',
  max_tokens: 'length',
  max_output_tokens: 'length',
  model_length: 'length',
  tool_calls: 'tool_calls',
  'tool-calls': 'tool_calls',
  function_call: 'tool_calls',
  tool_use: 'tool_calls',
  content_filter: 'content_filter',
  'content-filter': 'content_filter',
  safety: 'content_filter',
  refusal: 'content_filter',
  recitation: 'content_filter',
  prohibited_content: 'content_filter',
};

/** Where each of the SDKs says why the model ended. */
function finishOf(outputs: Loose): Finish | null {
  const choice = objectOf(listOf(outputs['choices'])[0] ?? listOf(outputs['candidates'])[0]);
  const generation = objectOf(listOf(outputs['generations']).flat()[0]);
  const kwargs = objectOf(objectOf(generation['message'] ?? outputs['output'] ?? outputs['message'] ?? outputs)['kwargs']);
  const told = objectOf(kwargs['response_metadata'] ?? outputs['response_metadata']);
  const info = objectOf(generation['generationInfo'] ?? generation['generation_info']);
  const reason = firstText(
    choice['finish_reason'],
    choice['finishReason'],
    info['finish_reason'],
    info['finishReason'],
    told['finish_reason'],
    told['stop_reason'],
    told['finishReason'],
    outputs['stop_reason'],
    outputs['finishReason'],
    outputs['finish_reason'],
    objectOf(outputs['incomplete_details'])['reason'],
    objectOf(listOf(outputs['output_messages'] ?? outputs['messages']).at(-1))['finish_reason'],
    outputs['object'] === 'response' ? outputs['status'] : undefined,
  );
  if (reason === undefined) return null;
  const word = reason.toLowerCase();
  return Object.hasOwn(FINISHES, word) ? (FINISHES[word] ?? word) : word;
}
