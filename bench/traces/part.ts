import type { BenchContext, Figure, Measurement } from '../support/bench.ts';

/** A part of the traces bench: one promise, or a few that are measured together. Each begins what it needs, and ends it. */
export interface Part {
  /** What `--only` calls it. */
  readonly name: string;
  readonly figures: readonly Figure[];
  /** `scale` is 1 in a run of full length. */
  run(ctx: BenchContext, scale: number): Promise<readonly Measurement[]>;
}
