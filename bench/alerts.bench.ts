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
/** In this order, while the receiver of `outage` is gone. */
const PARTS: readonly Part[] = [latency, second, shipped, errors];
/** They have servers of their own, or ask little of the one that waits. */
const MEANWHILE: readonly LonePart[] = [rules, kept];
const AFTERWARDS: readonly LonePart[] = [collection, chaos];

/** What alerts promise: how soon they are told, that all are told, and what it costs to watch. */
export const bench: Bench = {
  name: 'alerts',
  title: 'From a fault to its webhook: how soon, that nothing is lost, and what watching costs',
  seconds: SECONDS,
  figures: [...PARTS, outage, chaos, kept, collection, rules].flatMap(({ figures, name }) =>
    figures.map((figure) => ({ ...figure, part: name })),
  ),
  async run(ctx) {
    const scale = ctx.seconds / SECONDS;
    const isWanted = ({ name }: { readonly name: string }): boolean => ctx.only?.has(name) !== false;
    const missing = await missingPrograms();
    if (missing.length > 0) ctx.say(`  the peer is not measured: ${missing.join(' and ')} of Debian are not installed`);
    const measurements: Measurement[] = [];
    const measure = async ({ name }: { readonly name: string }, run: () => Promise<readonly Measurement[]>): Promise<void> => {
      measurements.push(...(await timed(ctx, name, run)));
    };
    const parts = [...PARTS, outage].filter(isWanted);
    const stage = parts.length > 0 ? await Stage.open(ctx, missing.length === 0) : undefined;
    if (stage !== undefined) {
      for (const part of parts) part.begin?.(ctx, stage, scale);
      for (const part of PARTS.filter(isWanted)) await measure(part, () => part.run(ctx, stage, scale));
    }
    for (const part of MEANWHILE.filter(isWanted)) await measure(part, () => part.run(ctx, scale));
    if (stage !== undefined && isWanted(outage)) await measure(outage, () => outage.run(ctx, stage, scale));
    await stage?.close();
    for (const part of AFTERWARDS.filter(isWanted)) await measure(part, () => part.run(ctx, scale));
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
