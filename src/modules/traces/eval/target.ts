import { MusterError } from '../../../base/errors.ts';
import type { Outbound } from '../../../outbound/index.ts';
import type { JsonText } from '../run/operation.ts';

/** What examples are given to. Throws where it fails: that is an answer, too. */
export type Target = (example: { readonly id: string; readonly inputs: JsonText }, signal: AbortSignal) => Promise<JsonText>;

export interface TargetOptions {
  readonly outbound: Pick<Outbound, 'request' | 'run'>;
  readonly timeoutMs: number;
  /** Where `model:` asks: what OpenAI's clients call their base URL, and its key. */
  readonly models: { readonly baseUrl: string; readonly key: string | undefined } | undefined;
}

const MOST_BYTES = 4 * 1_048_576;

/**
 * `http://…`: the inputs are posted as JSON, and the body that comes back is the outputs. `model:<name>`: a chat with that model. Anything else is
 * a command: the inputs on its standard input, the outputs on its standard output. What comes back and is no JSON is `{"output": "…"}`.
 */
export function targetOf(text: string, options: TargetOptions): Target {
  if (/^https?:\/\//.test(text)) return overHttp(text, options);
  if (text.startsWith('model:')) return chat(text.slice('model:'.length), options);
  return command(text, options);
}

const overHttp =
  (url: string, { outbound, timeoutMs }: TargetOptions): Target =>
  async ({ id, inputs }, signal) => {
    const answer = await outbound.request({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', 'x-muster-example': id },
      body: inputs,
      timeoutMs,
      mostBytes: MOST_BYTES,
      signal,
    });
    return outputsOf(good(answer.status, answer.body));
  };

const command =
  (line: string, { outbound, timeoutMs }: TargetOptions): Target =>
  async ({ id, inputs }, signal) => {
    const { exitCode, output, truncated } = await outbound.run({
      command: line,
      input: inputs,
      environment: { MUSTER_EXAMPLE: id },
      timeoutMs,
      mostBytes: MOST_BYTES,
      signal,
    });
    if (truncated) throw new MusterError('TOO_LARGE', `the command printed more than ${MOST_BYTES} bytes`);
    if (exitCode !== 0)
      throw new MusterError('OUTBOUND_FAILED', `the command ended with exit status ${exitCode ?? 'none'}: ${output.slice(-300).trim()}`);
    return outputsOf(output);
  };

function chat(model: string, { outbound, timeoutMs, models }: TargetOptions): Target {
  if (models === undefined)
    throw new MusterError('INVALID_INPUT', 'no server runs here whose gateway could be asked', {
      remedy: 'Start it with `muster up`, or set OPENAI_BASE_URL and OPENAI_API_KEY.',
    });
  const { baseUrl, key } = models;
  return async ({ inputs }, signal) => {
    const answer = await outbound.request({
      method: 'POST',
      url: `${baseUrl.replace(/\/+$/, '')}/chat/completions`,
      headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
      body: JSON.stringify({ ...parametersIn(inputs), model, messages: messagesFor(inputs) }),
      timeoutMs,
      mostBytes: MOST_BYTES,
      signal,
    });
    return outputsOf(good(answer.status, answer.body));
  };
}

function good(status: number, body: string): string {
  if (status >= 200 && status < 300) return body;
  throw new MusterError('OUTBOUND_FAILED', `it answered ${status}: ${body.slice(0, 300)}`);
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

/** What of a chat's request an example may say besides its messages. */
function parametersIn(inputs: JsonText): object {
  const value: unknown = JSON.parse(inputs);
  if (typeof value !== 'object' || value === null || !('messages' in value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter(([key]) =>
      ['tools', 'tool_choice', 'response_format', 'temperature', 'max_tokens', 'max_completion_tokens', 'seed', 'stop'].includes(key),
    ),
  );
}

/** JSON as it came; a text that is none becomes one that is. */
function outputsOf(body: string): JsonText {
  const text = body.trim();
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify({ output: text });
  }
}
