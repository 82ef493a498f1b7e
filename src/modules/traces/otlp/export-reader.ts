import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { MusterError } from '../../../base/errors.ts';
import { packageRoot } from '../../../base/package-root.ts';
import { revive } from '../../../fleet/isolated/crossing.ts';
import { unpackRuns } from './packed-runs.ts';
import { readExport, type Export } from './read-export.ts';
import type { Answer, Order } from './reader-thread.ts';
import type { ExportedRuns } from './submission.ts';

/** What is smaller is read sooner than it is handed over. */
const LARGE_BYTES = 65_536;
/** A thread that has had nothing to do for so long ends, and its memory with it. */
const IDLE_MS = 30_000;
/** Of the thread: 64 MiB of spans, the most that one request may bring, as texts and again as JSON. */
const MEMORY_MB = 1_024;

const builtEntry = (): URL => pathToFileURL(join(packageRoot(), 'dist', 'modules', 'traces', 'otlp', 'reader-thread.js'));

interface Pending {
  readonly resolve: (runs: ExportedRuns) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Reads exports of spans, large ones in a thread beside the server: reading and mapping is a fifth of what a span costs, and holds up nobody
 * there. The thread is there only while large exports come.
 */
export class ExportReader implements AsyncDisposable {
  readonly #entry: URL;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #no = 0;

  constructor(entry: URL = builtEntry()) {
    this.#entry = entry;
  }

  /** Throws MALFORMED, TOO_LARGE; OVERLOADED where the thread broke under it, and sending it again is harmless. `bytes` may be gone afterwards. */
  async read(sent: Export): Promise<ExportedRuns> {
    if (sent.bytes.length < LARGE_BYTES) return readExport(sent);
    const worker = (this.#worker ??= this.#start());
    const order: Order = { ...sent, no: (this.#no += 1) };
    clearTimeout(this.#idle);
    return new Promise((resolve, reject) => {
      this.#pending.set(order.no, { resolve, reject });
      worker.postMessage(order, transferable(sent.bytes));
    });
  }

  /** Whether the thread is there. */
  get isStarted(): boolean {
    return this.#worker !== undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
    this.#fail('the server stops');
  }

  #start(): Worker {
    const worker = new Worker(this.#entry, {
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
      name: 'traces: reader of exports',
    });
    // Whoever waits for an answer keeps the process; the thread by itself does not.
    worker.unref();
    worker.on('message', (answer: Answer) => this.#take(answer));
    worker.on('error', (error) => this.#lose(worker, error.message));
    worker.on('exit', () => this.#lose(worker, 'it ended'));
    return worker;
  }

  #take({ no, runs, error }: Answer): void {
    const pending = this.#pending.get(no);
    this.#pending.delete(no);
    if (runs !== undefined) pending?.resolve(unpackRuns(runs));
    else if (error !== undefined) pending?.reject(revive(error));
    if (this.#pending.size > 0) return;
    this.#idle = setTimeout(() => void this.#rest(), IDLE_MS).unref();
  }

  async #rest(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  /** The next export finds a new thread. */
  #lose(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#fail(why);
  }

  #fail(why: string): void {
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of waiting)
      reject(
        new MusterError('OVERLOADED', `an export could not be read: ${why}`, {
          remedy: 'Send it again, in smaller batches where it holds more than some thousand spans.',
          data: { retryAfterSeconds: 2 },
        }),
      );
  }
}

/** Its memory is handed over where it is its own; else copied. */
const transferable = (bytes: Uint8Array): ArrayBuffer[] =>
  bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : [];
