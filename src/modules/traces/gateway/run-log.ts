import { messageOf, MusterError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Intake } from '../intake/intake.ts';
import type { RunOperation } from '../run/operation.ts';

export interface RunLogOptions {
  readonly intake: Pick<Intake, 'submit'>;
  readonly log: Logger;
  readonly mostRuns?: number;
  readonly mostBytes?: number;
  /** The pause after the first failure; each is twice as long as the one before. */
  readonly pauseMs?: number;
  /** A first run waits so long for others to be written with it. */
  readonly gatherMs?: number;
}

interface Waiting {
  readonly operation: RunOperation;
  readonly mayWrite: readonly string[] | null;
  readonly bytes: number;
  /** How often it failed for a reason of its own. */
  failures: number;
}

const MOST_RUNS = 20_000;
const MOST_BYTES = 268_435_456;
const PAUSE_MS = 250;
/** Nobody waits for the log, and a transaction a run would take its time from the requests that follow. */
const GATHER_MS = 50;
const MOST_PAUSE_MS = 10_000;
/** So many are enough: they are not gathered for longer. */
const GATHERED = 100;
/** Runs of one submission, which are read and redacted without a break: a request that comes meanwhile waits for no more. The intake writes several in one transaction. */
const MOST_BATCH = 10;
const AT_ONCE = 80;
const MOST_BATCH_BYTES = 4_194_304;
const STOP_MS = 5_000;
/** What fails so often while the database is there never succeeds, and must not hold up the rest. */
const MOST_FAILURES = 5;

/**
 * Writes what was said, behind the backs of those who said it: no client waits for the database. While the database is away runs wait
 * here, within bounds; what does not fit is lost, and counted.
 */
export class RunLog {
  readonly #options: RunLogOptions;
  readonly #waiting: Waiting[] = [];
  #bytes = 0;
  #writing = 0;
  #written = 0;
  #lost = 0;
  #refused = 0;
  #pauseMs: number;
  /** After a failure. */
  #timer: NodeJS.Timeout | undefined;
  #gathering: NodeJS.Timeout | undefined;
  /** Between two submissions. */
  #turn: NodeJS.Immediate | undefined;
  #isStopping = false;
  #onIdle: (() => void) | undefined;

  constructor(options: RunLogOptions) {
    this.#options = options;
    this.#pauseMs = options.pauseMs ?? PAUSE_MS;
  }

  get counts(): { readonly waiting: number; readonly written: number; readonly lost: number; readonly refused: number } {
    return { waiting: this.#waiting.length + this.#writing, written: this.#written, lost: this.#lost, refused: this.#refused };
  }

  add(operation: RunOperation, mayWrite: readonly string[] | null): void {
    const { log, mostBytes = MOST_BYTES, mostRuns = MOST_RUNS } = this.#options;
    const bytes = 1_000 + (operation.inputs?.length ?? 0) + (operation.outputs?.length ?? 0) + (operation.extra?.length ?? 0);
    if (this.#waiting.length >= mostRuns || this.#bytes + bytes > mostBytes) {
      this.#lost += 1;
      if (this.#lost === 1 || this.#lost % 1_000 === 0)
        log.error(
          { lost: this.#lost, waiting: this.#waiting.length },
          'conversations are not logged: too many wait for the database already',
        );
      return;
    }
    this.#waiting.push({ operation, mayWrite, bytes, failures: 0 });
    this.#bytes += bytes;
    if (this.#waiting.length >= GATHERED || this.#isStopping) this.#move();
    else this.#gathering ??= setTimeout(() => this.#move(), this.#options.gatherMs ?? GATHER_MS);
  }

  /** Gives what waits a last few seconds. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#waiting.length > 0 || this.#writing > 0) {
      this.#resume();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, STOP_MS);
        this.#onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
        this.#tellIdle();
      });
    }
    clearTimeout(this.#timer);
    clearTimeout(this.#gathering);
    if (this.#waiting.length > 0) {
      this.#lost += this.#waiting.length;
      this.#options.log.error({ lost: this.#waiting.length }, 'the server ends with conversations that could not be logged');
      this.#waiting.length = 0;
    }
  }

  #move(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    if (this.#timer === undefined && this.#turn === undefined && this.#writing < AT_ONCE && this.#waiting.length > 0) {
      void this.#write(this.#take());
      this.#turn = setImmediate(() => {
        this.#turn = undefined;
        this.#move();
      });
    }
    this.#tellIdle();
  }

  /** Of those that wait, the first that may be written together. */
  #take(): readonly Waiting[] {
    const mayWrite = this.#waiting[0]?.mayWrite;
    let count = 0;
    let bytes = 0;
    for (const next of this.#waiting) {
      if (next.mayWrite !== mayWrite || count >= MOST_BATCH || (count > 0 && bytes + next.bytes > MOST_BATCH_BYTES)) break;
      count += 1;
      bytes += next.bytes;
    }
    this.#bytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    this.#writing += 1;
    try {
      const { refused } = await this.#options.intake.submit({
        source: 'gateway',
        operations: batch.map(({ operation }) => operation),
        mayWrite: batch[0]?.mayWrite ?? null,
      });
      this.#written += batch.length - refused;
      this.#refused += refused;
      this.#pauseMs = this.#options.pauseMs ?? PAUSE_MS;
    } catch (error) {
      const isAway = error instanceof MusterError && error.kind.status === 503;
      if (!isAway) for (const each of batch) each.failures += 1;
      const kept = batch.filter(({ failures }) => failures < MOST_FAILURES);
      this.#lost += batch.length - kept.length;
      // Sending it again is harmless: runs are upserts.
      this.#waiting.unshift(...kept);
      this.#bytes += kept.reduce((sum, { bytes }) => sum + bytes, 0);
      this.#pause(error);
    } finally {
      this.#writing -= 1;
      this.#move();
    }
  }

  #pause(error: unknown): void {
    if (this.#timer !== undefined) return;
    this.#options.log.warn({ error: messageOf(error), waiting: this.#waiting.length }, 'conversations cannot be logged now; they wait');
    this.#timer = setTimeout(() => this.#resume(), this.#isStopping ? (this.#options.pauseMs ?? PAUSE_MS) : this.#pauseMs);
    this.#pauseMs = Math.min(MOST_PAUSE_MS, this.#pauseMs * 2);
  }

  #resume(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#move();
  }

  #tellIdle(): void {
    if (this.#waiting.length === 0 && this.#writing === 0) this.#onIdle?.();
  }
}
