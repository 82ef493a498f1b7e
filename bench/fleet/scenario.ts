import type { BenchContext, Figure, Measurement } from '../support/bench.ts';

/** A part of the fleet bench: one kind of trouble, or one cost. */
export interface Scenario {
  /** What `--only` calls it. */
  readonly name: string;
  readonly figures: readonly Figure[];
  run(ctx: BenchContext, scale: number): Promise<readonly Measurement[]>;
}

/** So many of `count` as the time allows: all of them in a run of full length, and never too few to say anything. */
export const scaled = (count: number, scale: number, least = 3): number => Math.max(Math.min(count, least), Math.round(count * scale));
