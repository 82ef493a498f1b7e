import type { Bench, BenchContext, Measurement } from './support/bench.ts';
import { readable } from './support/table.ts';
import { figures } from './traces/figures.ts';
import { gateway } from './traces/gateway.ts';
import { ingest } from './traces/ingest.ts';
import { otlp } from './traces/otlp.ts';
import type { Part } from './traces/part.ts';
import { queries } from './traces/queries.ts';
import { semantic } from './traces/semantic.ts';
import { size } from './traces/size.ts';
import { survival } from './traces/survival.ts';
import { visible } from './traces/visible.ts';

const SECONDS = 600;
const PARTS: readonly Part[] = [ingest, otlp, visible, gateway, semantic, queries, figures, size, survival];

/** What the bridge promises for LLM conversations: how many, how soon seen, how small, and that none is lost. */
export const bench: Bench = {
  name: 'traces',
  title: 'LLM conversations: taken in, seen, kept small, and none lost',
  seconds: SECONDS,
  figures: PARTS.flatMap(({ figures, name }) => figures.map((figure) => ({ ...figure, part: name }))),
  async run(ctx) {
    const measurements: Measurement[] = [];
    for (const part of PARTS.filter(({ name }) => ctx.only?.has(name) !== false)) measurements.push(...(await timed(ctx, part)));
    return measurements;
  },
};

/** Says what it measured as soon as it did. */
async function timed(ctx: BenchContext, part: Part): Promise<readonly Measurement[]> {
  const began = performance.now();
  const measured = await ctx.part(() => part.run(ctx, ctx.seconds / SECONDS));
  const values = measured.map(({ figure, value }) => `${figure} ${readable(value)}`);
  ctx.say(`  ${part.name}, ${Math.round((performance.now() - began) / 1_000)} s: ${values.join(', ')}`);
  return measured;
}
