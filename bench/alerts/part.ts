import type { BenchContext, Figure, Measurement } from '../support/bench.ts';
import type { Stage } from './stage.ts';

/** A part of the alerts bench: one promise, or a few that are measured together. */
export interface Part {
  /** What `--only` calls it. */
  readonly name: string;
  readonly figures: readonly Figure[];
  /** Begins what takes minutes and disturbs nobody: other parts run meanwhile. `scale` is 1 in a run of full length. */
  begin?(ctx: BenchContext, stage: Stage, scale: number): void;
  run(ctx: BenchContext, stage: Stage, scale: number): Promise<readonly Measurement[]>;
}

/** A part that needs no Muster that runs, and has the machine for itself. */
export interface LonePart {
  readonly name: string;
  readonly figures: readonly Figure[];
  run(ctx: BenchContext, scale: number): Promise<readonly Measurement[]>;
}

/** What is waited for later: its failure is told then, and before that it is nobody's. */
export function later<T>(outcome: Promise<T>): Promise<T> {
  outcome.catch(() => undefined);
  return outcome;
}

/** What a part begins and asks for at its end. */
export class Beside<T> {
  #outcome: Promise<T> | undefined;

  begin(outcome: Promise<T>): void {
    this.#outcome = later(outcome);
  }

  /** Undefined where nothing was begun. */
  outcome(): Promise<T> | undefined {
    return this.#outcome;
  }
}
