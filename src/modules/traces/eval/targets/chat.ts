import { MusterError } from '../../../../base/errors.ts';
import type { JsonText } from '../../run/operation.ts';
import { post, type HttpOptions } from './over-http.ts';
import { outputsOf, type Target } from './target.ts';

export interface ChatOptions extends HttpOptions {
  /** What OpenAI's clients call their base URL, and its key; undefined: nobody named any, and no server runs here. */
  readonly models: { readonly baseUrl: string; readonly key: string | undefined } | undefined;
}

/** A chat with a model. What a gateway of Muster logs itself belongs under the example's run; what anybody else answers is told as a call. */
export function chat(model: string, { models, ...options }: ChatOptions): Target {
  if (models === undefined)
    throw new MusterError('INVALID_INPUT', 'no server runs here whose gateway could be asked', {
      remedy: 'Start it with `muster up`, or set OPENAI_BASE_URL and OPENAI_API_KEY.',
    });
  const { baseUrl, key } = models;
  const url = `${baseUrl.replace(/\/+$/, '')}/chat/completions`;
  const headers = { ...options.headers, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) };
  return async (asked, signal) => {
    const request = JSON.stringify({ ...parametersIn(asked.inputs), model, messages: messagesFor(asked.inputs) });
    const answer = await post(url, request, asked, { ...options, headers }, signal);
    const loggedAs = answer.headers['x-muster-run-id'];
    return { outputs: outputsOf(answer.body), ...(loggedAs === undefined ? { call: { model, request } } : { loggedAs }) };
  };
}

/** Examples that are chats are sent as they are; any other is asked as a person would. */
export function messagesFor(inputs: JsonText): unknown {
  const value: unknown = JSON.parse(inputs);
  if (typeof value === 'string') return [{ role: 'user', content: value }];
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  for (const key of ['messages', 'input', 'prompt']) if (isChat(fields[key])) return fields[key];
  const texts = Object.values(fields).filter((field) => typeof field === 'string');
  return [{ role: 'user', content: texts.length === 1 && Object.keys(fields).length === 1 ? texts[0] : inputs }];
}

const isChat = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((one) => typeof one === 'object' && one !== null && 'role' in one && 'content' in one);

const PARAMETERS = ['tools', 'tool_choice', 'response_format', 'temperature', 'max_tokens', 'max_completion_tokens', 'seed', 'stop'];

/** What of a chat's request an example may say besides its messages. */
function parametersIn(inputs: JsonText): object {
  const value: unknown = JSON.parse(inputs);
  if (typeof value !== 'object' || value === null || !('messages' in value)) return {};
  return Object.fromEntries(Object.entries(value).filter(([key]) => PARAMETERS.includes(key)));
}
