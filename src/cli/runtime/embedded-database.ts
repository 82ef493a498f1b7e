import { MusterError, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { startEmbedded, type EmbeddedServer } from '../../db/embedded/index.ts';

const WATCH_MS = 1_000;
/** A server that dies more often than this has a cause that a restart does not mend. */
const RESTARTS = 3;
const WITHIN_MS = 10 * 60_000;

export interface EmbeddedDatabaseOptions {
  readonly dataDir: string;
  readonly log: Logger;
  readonly onProgress: (message: string) => void;
  /** Called once, when the server has died for good. */
  readonly onLost: (error: MusterError) => void;
}

/** The embedded server, watched: when it dies under us it is started again, a bounded number of times. */
export class EmbeddedDatabase {
  readonly #options: EmbeddedDatabaseOptions;
  #server: EmbeddedServer;
  #deaths: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #restarting: Promise<void> | undefined;
  #stopping = false;

  private constructor(options: EmbeddedDatabaseOptions, server: EmbeddedServer) {
    this.#options = options;
    this.#server = server;
    this.#timer = setInterval(() => this.#look(), WATCH_MS);
    this.#timer.unref();
  }

  static async start(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
    return new EmbeddedDatabase(
      options,
      await startEmbedded({ dataDir: options.dataDir, log: options.log, onProgress: options.onProgress }),
    );
  }

  get server(): EmbeddedServer {
    return this.#server;
  }

  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#timer);
    await this.#restarting;
    await this.#server.stop(mode);
  }

  /** Ends a server that is still there at once; the next start recovers. */
  kill(): void {
    if (isAlive(this.#server.pid)) process.kill(this.#server.pid, 'SIGQUIT');
  }

  #look(): void {
    if (this.#stopping || this.#restarting !== undefined || isAlive(this.#server.pid)) return;
    this.#restarting = this.#restart().finally(() => {
      this.#restarting = undefined;
    });
  }

  async #restart(): Promise<void> {
    const { log, onLost, dataDir } = this.#options;
    const { url, logFile, pid } = this.#server;
    const now = performance.now();
    this.#deaths = [...this.#deaths.filter((at) => at > now - WITHIN_MS), now];
    log.error({ pid, logFile, deaths: this.#deaths.length }, 'the embedded PostgreSQL died');
    const remedy = `Read its log: ${logFile}`;
    try {
      if (this.#deaths.length > RESTARTS)
        throw new MusterError(
          'EMBEDDED_FAILED',
          `The embedded PostgreSQL died ${this.#deaths.length} times within ${WITHIN_MS / 60_000} minutes`,
          { remedy },
        );
      await this.#server.stop('immediate');
      this.#server = await startEmbedded({ dataDir, log, port: this.#server.port });
      if (this.#server.url !== url)
        throw new MusterError('EMBEDDED_FAILED', 'The embedded PostgreSQL died, and its port was taken before it could start again', {
          remedy: 'Run `muster up` again.',
        });
      log.warn({ pid: this.#server.pid }, 'the embedded PostgreSQL runs again');
    } catch (error) {
      clearInterval(this.#timer);
      onLost(
        error instanceof MusterError
          ? error
          : new MusterError('EMBEDDED_FAILED', `The embedded PostgreSQL died and does not start again: ${messageOf(error)}`, {
              remedy,
              cause: error,
            }),
      );
    }
  }
}

/** Whether the process exists; one of another user counts. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
