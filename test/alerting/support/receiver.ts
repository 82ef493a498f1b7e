import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly at: number;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly id: string;
  /** The body, parsed. */
  // eslint-disable-next-line
  readonly body: any;
}

export type Behaviour = (received: Received, response: ServerResponse) => void;

export const answering =
  (status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Behaviour =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);

/** A web server on loopback that notes what comes in and answers as it is told to: by `first` in order, and by `always` after that. */
export class Receiver implements AsyncDisposable {
  readonly received: Received[] = [];
  first: Behaviour[] = [];
  always: Behaviour = answering(200);
  #port = 0;
  #server: ReturnType<typeof createServer> | undefined;

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hook`;
  }
  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Ids of what was answered with 200, in order. */
  readonly accepted: string[] = [];

  async start(): Promise<this> {
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('error', () => undefined);
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        const received: Received = {
          at: performance.now(),
          path: request.url ?? '',
          headers: request.headers,
          text,
          id: String(request.headers['webhook-id'] ?? ''),
          body: parse(text),
        };
        this.received.push(received);
        response.on('finish', () => {
          if (response.statusCode === 200) this.accepted.push(received.id);
        });
        (this.first.shift() ?? this.always)(received, response);
      });
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  /** Nobody listens any more, until it is started again at the same port. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a request is signed as Standard Webhooks asks. Written apart from what signs it. */
export function isSigned({ headers, text }: Received, secret: string): boolean {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
  const content = [headers['webhook-id'], headers['webhook-timestamp'], text].join('.');
  return headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
}
