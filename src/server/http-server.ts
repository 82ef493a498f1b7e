import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { MusterError, messageOf } from '../base/errors.ts';
import { silentLogger, type Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import { isLoopbackHost } from './access/origin.ts';
import { portHolder } from './port-holder.ts';

/** How long requests under way may take once the server stops. */
const STOP_DEADLINE_MS = 5_000;

export interface HttpServerOptions {
  /** As made by `buildServer`. */
  readonly app: FastifyInstance;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly log?: Logger;
  readonly stopDeadlineMs?: number;
}

/** The application on a port. */
export class HttpServer implements Service {
  readonly #options: HttpServerOptions;
  #port = 0;
  #stopped: Promise<void> | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
  }

  /** The port it listens on, once started. */
  get port(): number {
    return this.#port;
  }

  /** Throws PORT_TAKEN, or ADDRESS_UNUSABLE. */
  async start(): Promise<void> {
    const { app, host, port, log = silentLogger } = this.#options;
    try {
      await app.listen({ host, port });
    } catch (error) {
      await app.close();
      throw await listenError(error, host, port);
    }
    this.#port = (app.server.address() as AddressInfo).port;
    if (!isLoopbackHost(host)) {
      log.warn(
        { host, port: this.#port },
        'the server listens beyond this machine without TLS: keys and cookies travel in clear; put a proxy with TLS in front',
      );
    }
  }

  /** Stops listening, ends event streams, waits for requests under way, and cuts off what is left at the deadline. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<void> {
    const { app, log = silentLogger, stopDeadlineMs = STOP_DEADLINE_MS } = this.#options;
    const deadline = setTimeout(() => {
      log.warn('requests were still under way when the server stopped, and were cut off');
      app.server.closeAllConnections();
    }, stopDeadlineMs);
    // A connection that was busy when the server began to stop and is idle now would hold it up until it times out.
    const idle = setInterval(() => app.server.closeIdleConnections(), 50);
    try {
      await app.close();
    } finally {
      clearTimeout(deadline);
      clearInterval(idle);
    }
  }
}

/** Why an address cannot be listened on, and who holds it. */
export async function listenError(error: unknown, host: string, port: number): Promise<MusterError> {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') {
    const holder = await portHolder(port);
    return new MusterError(
      'PORT_TAKEN',
      `port ${port} on ${host} is taken${holder === undefined ? '' : ` by ${holder.command} (pid ${holder.pid})`}`,
      {
        remedy: `Choose another with --port${holder === undefined ? '' : `, or stop process ${holder.pid}`}.`,
        data: { host, port, ...(holder === undefined ? {} : { pid: holder.pid, command: holder.command }) },
        cause: error,
      },
    );
  }
  const what =
    code === 'EACCES'
      ? `this user may not listen on port ${port}`
      : code === 'EADDRNOTAVAIL'
        ? `${host} is not an address of this machine`
        : messageOf(error);
  return new MusterError('ADDRESS_UNUSABLE', what, { data: { host, port }, cause: error });
}
