import { request, type IncomingMessage } from 'node:http';

export interface Message {
  readonly id: string;
  readonly event: string;
  readonly data: { readonly id: string; readonly type: string; readonly agent_id: string | null; readonly data: Record<string, unknown> };
}

/** Reads an event stream as a browser does, and can be cut off at any point. */
export class EventReader implements AsyncDisposable {
  readonly messages: Message[] = [];
  pings = 0;
  /** The place of the last complete message, as EventSource remembers it. */
  lastId = '';
  ended = false;
  readonly #response: IncomingMessage;
  #rest = '';

  private constructor(response: IncomingMessage, lastId: string) {
    this.#response = response;
    this.lastId = lastId;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => this.#take(chunk));
    response.on('error', () => undefined); // cut off: `close` follows
    response.on('close', () => {
      this.ended = true;
    });
  }

  /** Rejects with the status and body where the answer is no stream. */
  static open(
    base: string,
    headers: Readonly<Record<string, string>>,
    options: { readonly lastId?: string; readonly query?: string } = {},
  ): Promise<EventReader> {
    const { lastId = '', query = '' } = options;
    return new Promise((resolve, reject) => {
      const call = request(
        `${base}/api/v1/events${query}`,
        { headers: { accept: 'text/event-stream', ...headers, ...(lastId === '' ? {} : { 'last-event-id': lastId }) }, agent: false },
        (response) => {
          if (response.statusCode === 200) resolve(new EventReader(response, lastId));
          else {
            response.resume();
            reject(new Error(`status ${response.statusCode}`));
          }
        },
      );
      call.on('error', reject);
      call.end();
    });
  }

  get ids(): readonly string[] {
    return this.messages.map((message) => message.data.id);
  }

  pause(): void {
    this.#response.pause();
  }

  resume(): void {
    this.#response.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#response.destroy();
    if (!this.ended) await new Promise((resolve) => this.#response.once('close', resolve));
  }

  #take(chunk: string): void {
    const blocks = (this.#rest + chunk).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
      if (fields.has('')) this.pings += 1;
      const id = fields.get('id');
      if (id !== undefined) this.lastId = id;
      const data = fields.get('data');
      if (data !== undefined)
        this.messages.push({ id: id ?? '', event: fields.get('event') ?? '', data: JSON.parse(data) as Message['data'] });
    }
  }
}
