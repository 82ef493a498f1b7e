import { chaos } from './alerts/chaos.ts';
import { collection, rules } from './alerts/costs.ts';
import { errors } from './alerts/errors.ts';
import { second, shipped } from './alerts/faults.ts';
import { kept } from './alerts/kept.ts';
import { latency } from './alerts/latency.ts';
import { outage } from './alerts/outage.ts';
import type { LonePart, Part } from './alerts/part.ts';
import { missingPrograms } from './alerts/peer-stack.ts';
import { Stage } from './alerts/stage.ts';
import type { Bench, BenchContext, Measurement } from './support/bench.ts';
import { readable } from './support/table.ts';

const SECONDS = 900;
/** In this order, while the receiver of the last is gone. */
const PARTS: readonly Part[] = [latency, second, shipped, errors, outage];
const LONE_PARTS: readonly LonePart[] = [collection, rules, chaos, kept];

/** What alerts promise: how soon they are told, that all are told, and what it costs to watch. */
export const bench: Bench = {
  name: 'alerts',
  title: 'From a fault to its webhook: how soon, that nothing is lost, and what watching costs',
  seconds: SECONDS,
  figures: [...PARTS, ...LONE_PARTS].flatMap(({ figures, name }) => figures.map((figure) => ({ ...figure, part: name }))),
  async run(ctx) {
    const scale = ctx.seconds / SECONDS;
    const isWanted = ({ name }: { readonly name: string }): boolean => ctx.only?.has(name) !== false;
    const missing = await missingPrograms();
    if (missing.length > 0) ctx.say(`  the peer is not measured: ${missing.join(' and ')} of Debian are not installed`);
    const measurements: Measurement[] = [];
    const parts = PARTS.filter(isWanted);
    if (parts.length > 0) {
      const stage = await Stage.open(ctx, missing.length === 0);
      for (const part of parts) part.begin?.(ctx, stage, scale);
      for (const part of parts) measurements.push(...(await timed(ctx, part.name, () => part.run(ctx, stage, scale))));
      await stage.close();
    }
    for (const part of LONE_PARTS.filter(isWanted)) measurements.push(...(await timed(ctx, part.name, () => part.run(ctx, scale))));
    return measurements;
  },
};

/** Says what it measured as soon as it did: the whole takes a quarter of an hour. */
async function timed(ctx: BenchContext, name: string, run: () => Promise<readonly Measurement[]>): Promise<readonly Measurement[]> {
  const began = performance.now();
  const measured = await run();
  const values = measured.map(({ figure, value }) => `${figure} ${readable(value)}`);
  ctx.say(`  ${name}, ${Math.round((performance.now() - began) / 1_000)} s: ${values.join(', ')}`);
  return measured;
}
