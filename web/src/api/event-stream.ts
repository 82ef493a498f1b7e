import { ApiProblem } from './problem.ts';

/** One message of a text/event-stream. */
export interface StreamMessage {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/**
 * Cuts a text/event-stream into messages, however the network cut it. The rules are those of the HTML standard, less the
 * byte order mark.
 */
export class StreamParser {
  #rest = '';
  #id = '';
  #event = '';
  #data: string[] = [];

  push(chunk: string): StreamMessage[] {
    const messages: StreamMessage[] = [];
    // A lone CR at the end may be half of a CRLF: it waits for the next chunk.
    const text = this.#rest + chunk;
    const lines = text.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = this.#line(line);
      if (message) messages.push(message);
    }
    return messages;
  }

  #line(line: string): StreamMessage | undefined {
    if (line === '') return this.#flush();
    const colon = line.indexOf(':');
    if (colon === 0) return undefined;
    const field = colon === -1 ? line : line.slice(0, colon);
    const raw = colon === -1 ? '' : line.slice(colon + 1);
    const value = raw.startsWith(' ') ? raw.slice(1) : raw;
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    return undefined;
  }

  #flush(): StreamMessage | undefined {
    const message = this.#data.length === 0 ? undefined : { id: this.#id, event: this.#event || 'message', data: this.#data.join('\n') };
    this.#data = [];
    this.#event = '';
    return message;
  }
}

export interface StreamOptions {
  readonly url: string;
  readonly signal: AbortSignal;
  readonly onMessage: (message: StreamMessage) => void;
  readonly onOpen: () => void;
  /** Called once for each loss; the next attempt comes after `retryInMs`. */
  readonly onLost: (problem: ApiProblem, retryInMs: number) => void;
}

/** The server pings every 15 s: a line silent for longer than this is dead, whatever TCP thinks. */
const silenceMs = 40_000;
const firstRetryMs = 500;
const lastRetryMs = 15_000;

/** Half of it certain, half by chance, so that a hundred dashboards do not come back in one instant. */
export function retryDelay(attempt: number, random: number): number {
  const ceiling = Math.min(lastRetryMs, firstRetryMs * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling / 2 + (random * ceiling) / 2);
}

/**
 * Follows an event stream until `signal` aborts, and resumes where it broke off. Read by fetch and not by EventSource: that
 * one gives up for good on the first 503, tells no status and cannot be watched for silence.
 */
export async function follow(options: StreamOptions): Promise<void> {
  let lastId = '';
  let attempt = 0;
  while (!options.signal.aborted) {
    let problem: ApiProblem;
    try {
      await readOnce({
        ...options,
        lastId,
        onOpen: () => {
          attempt = 0;
          options.onOpen();
        },
        onMessage: (message) => {
          lastId = message.id;
          options.onMessage(message);
        },
      });
      problem = ApiProblem.network('the stream ended');
    } catch (error) {
      if (options.signal.aborted) return;
      problem = error instanceof ApiProblem ? error : ApiProblem.network(error);
      // The place is no longer known to the server: start again from the present.
      if (problem.code === 'BAD_CURSOR') lastId = '';
    }
    if (options.signal.aborted) return;
    const delay = retryDelay(attempt++, Math.random());
    options.onLost(problem, delay);
    await sleep(delay, options.signal);
  }
}

async function readOnce(options: StreamOptions & { readonly lastId: string }): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), silenceMs);
  try {
    const response = await fetch(options.url, {
      headers: { accept: 'text/event-stream', ...(options.lastId === '' ? {} : { 'last-event-id': options.lastId }) },
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.any([options.signal, silence.signal]),
    });
    if (!response.ok || response.body === null) throw await ApiProblem.of(response);
    options.onOpen();
    const parser = new StreamParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), silenceMs);
      for (const message of parser.push(value)) options.onMessage(message);
    }
  } finally {
    clearTimeout(timer);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
