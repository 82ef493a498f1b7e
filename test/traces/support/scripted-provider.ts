import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { responseEvents, wholeResponse, type ResponseEvent } from './response-events.ts';

/** A request as the provider got it. */
export interface Got {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Aborts when whoever asked has gone. */
  readonly gone: AbortSignal;
}

export type Script = (got: Got, response: ServerResponse) => void | Promise<void>;

/** An LLM vendor that does what a test tells it: streams, stalls, errs and lies. */
export class ScriptedProvider {
  readonly #server: Server;
  readonly requests: Got[] = [];
  /** What it does by default. */
  script: Script = speak('Hello there');
  /** What it does first, one for each request. */
  readonly next: Script[] = [];

  constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.keepAliveTimeout = 30_000;
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  get last(): Got | undefined {
    return this.requests.at(-1);
  }

  reset(): void {
    this.requests.length = 0;
    this.next.length = 0;
    this.script = speak('Hello there');
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const over = new AbortController();
    response.once('close', () => over.abort());
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString('utf8');
    const got: Got = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      text,
      body: text.startsWith('{') ? (JSON.parse(text) as Readonly<Record<string, unknown>>) : {},
      gone: over.signal,
    };
    if (this.requests.length < 10_000) this.requests.push(got);
    await (this.next.shift() ?? this.script)(got, response);
  }
}

/** So many tokens a text counts: its words. */
const wordsOf = (text: string): readonly string[] => text.match(/\S+\s*/g) ?? [];

/** Says this text, word by word where it is asked to stream. */
export function speak(
  text: string,
  { pauseMs = 0, model = 'gpt-4o-mini', prompt = 9 }: { pauseMs?: number; model?: string; prompt?: number } = {},
): Script {
  const words = wordsOf(text);
  const usage = { prompt_tokens: prompt, completion_tokens: words.length, total_tokens: prompt + words.length };
  const head = { id: 'chatcmpl-1', created: 1_764_000_000, model };
  return async ({ body, gone, path }, response) => {
    if (path.endsWith('/embeddings')) {
      const inputs = Array.isArray(body['input']) ? body['input'] : [body['input']];
      const data = inputs.map((_, index) => ({ object: 'embedding', index, embedding: [0.25, -0.5, 1] }));
      return json(response, { object: 'list', data, model, usage: { prompt_tokens: 4, total_tokens: 4 } });
    }
    if (path.endsWith('/models'))
      return json(response, { object: 'list', data: [{ id: model, object: 'model', created: 1, owned_by: 'scripted' }] });
    if (path.endsWith('/responses')) return respond(text, words, { pauseMs, model, gone, response, streams: body['stream'] === true });
    if (body['stream'] !== true)
      return json(response, {
        ...head,
        object: 'chat.completion',
        choices: [{ index: 0, message: { role: 'assistant', content: text, refusal: null }, logprobs: null, finish_reason: 'stop' }],
        usage,
      });
    const asksUsage = (body['stream_options'] as { include_usage?: boolean } | undefined)?.include_usage === true;
    const chunk = (delta: object, finish: string | null = null): string =>
      event({
        ...head,
        object: 'chat.completion.chunk',
        choices: [{ index: 0, delta, finish_reason: finish }],
        ...(asksUsage ? { usage: null } : {}),
      });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunk({ role: 'assistant', content: '' }));
    for (const word of words) {
      if (pauseMs > 0) await pause(pauseMs, gone);
      if (gone.aborted) return undefined;
      response.write(chunk({ content: word }));
    }
    response.write(chunk({}, 'stop'));
    if (asksUsage) response.write(event({ ...head, object: 'chat.completion.chunk', choices: [], usage }));
    response.end('data: [DONE]\n\n');
    return undefined;
  };
}

async function respond(
  text: string,
  words: readonly string[],
  {
    gone,
    model,
    pauseMs,
    response,
    streams,
  }: {
    readonly pauseMs: number;
    readonly model: string;
    readonly gone: AbortSignal;
    readonly response: ServerResponse;
    readonly streams: boolean;
  },
): Promise<void> {
  const message = {
    id: 'msg_1',
    type: 'message' as const,
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text, annotations: [], logprobs: [] }],
  };
  const whole = wholeResponse({ model, output: [message], tokens: [9, words.length] });
  if (!streams) return json(response, whole);
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  for (const said of responseEvents(whole, () => words)) {
    if (pauseMs > 0 && said.type === 'response.output_text.delta') await pause(pauseMs, gone);
    if (gone.aborted) return undefined;
    response.write(named(said));
  }
  response.end();
  return undefined;
}

export const json = (response: ServerResponse, body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): void =>
  void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

/** Refuses, as OpenAI does. */
export const refuse =
  (status: number, message = `refused with ${status}`, headers: Readonly<Record<string, string>> = {}): Script =>
  (_, response) =>
    json(response, { error: { message, type: 'scripted', param: null, code: null } }, status, headers);

/** An event of the Responses API: its type stands before it, too. */
const named = (said: ResponseEvent): string => `event: ${said.type}\n${event(said)}`;

export const event = (said: unknown): string => `data: ${JSON.stringify(said)}\n\n`;

const pause = (ms: number, gone: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    gone.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });

/** Calls a tool, its arguments in pieces where it is asked to stream; and answers once it is told what the tool said. */
export function callTool(name: string, args: object, answer: string): Script {
  const text = JSON.stringify(args);
  const pieces = text.match(/.{1,6}/g) ?? [];
  const usage = { prompt_tokens: 30, completion_tokens: 12, total_tokens: 42 };
  return (got, response) => {
    const { body, path } = got;
    const said = [...list(body['messages']), ...list(body['input'])];
    if (said.some((each) => each.role === 'tool' || each.type === 'function_call_output')) return speak(answer)(got, response);
    if (path.endsWith('/responses')) {
      const item = { id: 'fc_1', type: 'function_call' as const, call_id: 'call_1', name, arguments: text, status: 'completed' };
      const whole = wholeResponse({ model: 'gpt-4o-mini', output: [item], tokens: [30, 12] });
      if (body['stream'] !== true) return json(response, whole);
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      for (const said of responseEvents(whole, () => pieces)) response.write(named(said));
      response.end();
      return undefined;
    }
    const head = { id: 'chatcmpl-2', created: 1_764_000_000, model: 'gpt-4o-mini' };
    const call = { id: 'call_1', type: 'function', function: { name, arguments: text } };
    if (body['stream'] !== true)
      return json(response, {
        ...head,
        object: 'chat.completion',
        choices: [{ index: 0, message: { role: 'assistant', content: null, tool_calls: [call] }, finish_reason: 'tool_calls' }],
        usage,
      });
    const chunk = (delta: object, finish: string | null = null): boolean =>
      response.write(event({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] }));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    chunk({ role: 'assistant', content: null, tool_calls: [{ index: 0, ...call, function: { name, arguments: '' } }] });
    for (const piece of pieces) chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] });
    chunk({}, 'tool_calls');
    if ((body['stream_options'] as { include_usage?: boolean } | undefined)?.include_usage === true)
      response.write(event({ ...head, object: 'chat.completion.chunk', choices: [], usage }));
    response.end('data: [DONE]\n\n');
    return undefined;
  };
}

const list = (value: unknown): readonly { readonly role?: unknown; readonly type?: unknown }[] =>
  Array.isArray(value) ? (value as readonly { readonly role?: unknown; readonly type?: unknown }[]) : [];
