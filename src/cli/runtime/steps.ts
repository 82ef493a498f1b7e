import type { Logger } from '../../base/logger.ts';

export interface StepRecord {
  readonly name: string;
  readonly ms: number;
}

/** Who is told about steps as they begin, say more, and end. */
export interface StepListener {
  begin(name: string): void;
  /** `detail` of the step under way. */
  progress(name: string, detail: string): void;
  end(name: string, ms: number, detail: string | undefined): void;
  fail(name: string): void;
}

/** The steps of a start or stop, each timed: `--log-level debug` shows where the time goes. */
export class Steps {
  readonly records: StepRecord[] = [];
  readonly #listener: StepListener;
  readonly #log: Logger;

  constructor(listener: StepListener, log: Logger) {
    this.#listener = listener;
    this.#log = log;
  }

  /** Runs one step; the text it returns stands behind its name when it is done. */
  async run<T>(name: string, work: (progress: (detail: string) => void) => Promise<T>, detail?: (result: T) => string): Promise<T> {
    const started = performance.now();
    this.#listener.begin(name);
    try {
      const result = await work((text) => this.#listener.progress(name, text));
      const ms = performance.now() - started;
      this.records.push({ name, ms: Math.round(ms) });
      this.#log.debug({ step: name, ms: Math.round(ms) }, 'step done');
      this.#listener.end(name, ms, detail?.(result));
      return result;
    } catch (error) {
      this.#listener.fail(name);
      throw error;
    }
  }
}
