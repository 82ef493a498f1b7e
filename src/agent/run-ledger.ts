import { messageOf } from '../base/errors.ts';
import { RECENT_RUNS, type RunRecord } from './health.ts';
import type { RunOutcome } from './runner.ts';
import { storable } from './storable.ts';

/** An error text as it is stored and shown: bounded. */
export const MAX_ERROR_LENGTH = 2_000;

export function boundedMessage(error: unknown): string {
  try {
    return storable(messageOf(error), MAX_ERROR_LENGTH);
  } catch {
    // Whatever an agent throws may itself throw when it is looked at.
    return 'an error that cannot be described';
  }
}

/** Keeps count of an agent's runs and errors, across the lives it has under one lease. */
export class RunLedger implements RunRecord {
  #runCount: number;
  #errorCount: number;
  #lastError: string | null;
  #runNumber = 0;
  #consecutiveFailures = 0;
  #recent: boolean[] = [];

  /** Goes on counting where the holder before stopped. */
  constructor(
    before: { readonly runCount: number; readonly errorCount: number; readonly lastError: string | null; readonly runNumber?: number } = {
      runCount: 0,
      errorCount: 0,
      lastError: null,
    },
  ) {
    this.#runCount = before.runCount;
    this.#errorCount = before.errorCount;
    this.#lastError = before.lastError;
    this.#runNumber = before.runNumber ?? 0;
  }

  get runCount(): number {
    return this.#runCount;
  }
  get errorCount(): number {
    return this.#errorCount;
  }
  get lastError(): string | null {
    return this.#lastError;
  }
  get runNumber(): number {
    return this.#runNumber;
  }
  get consecutiveFailures(): number {
    return this.#consecutiveFailures;
  }
  get recent(): readonly boolean[] {
    return this.#recent;
  }

  begin(): void {
    this.#runNumber += 1;
  }

  end(outcome: RunOutcome): void {
    // Interrupted work costs nothing: it is neither a run nor a failure.
    if (outcome.kind === 'interrupted') return;
    this.#runCount += 1;
    this.#recent = [...this.#recent, outcome.kind === 'succeeded'].slice(-RECENT_RUNS);
    if (outcome.kind === 'succeeded') this.#consecutiveFailures = 0;
    else {
      this.#consecutiveFailures += 1;
      this.fail(outcome.error);
    }
  }

  /** Counts an error that was no run: a startup or a command that failed. */
  fail(error: unknown): void {
    this.#errorCount += 1;
    this.#lastError = boundedMessage(error);
  }

  /** A new life is judged by its own runs. */
  renew(): void {
    this.#consecutiveFailures = 0;
    this.#recent = [];
  }
}
