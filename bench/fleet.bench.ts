import { EFFECT_SETTINGS } from './fleet/effects.ts';
import { freeze } from './fleet/freeze.ts';
import { kill } from './fleet/kill.ts';
import { peers } from './fleet/peers.ts';
import { scale } from './fleet/scale.ts';
import type { Scenario } from './fleet/scenario.ts';
import { stale } from './fleet/stale.ts';
import { stop } from './fleet/stop.ts';
import type { Bench, Measurement } from './support/bench.ts';

const SECONDS = 1_500;
const SCENARIOS: readonly Scenario[] = [peers, kill, stop, freeze, stale, scale];

/** What a fleet promises: how soon agents run elsewhere, that nobody writes twice, and what it costs to be ready for that. */
export const bench: Bench = {
  name: 'fleet',
  title: 'Agents that survive their hosts: real processes, killed, frozen and cut off; and the cost of 10,000 agents',
  seconds: SECONDS,
  figures: SCENARIOS.flatMap(({ name, figures }) => figures.map((figure) => ({ ...figure, part: name }))),
  async run(ctx) {
    await ctx.server({ settings: EFFECT_SETTINGS });
    const measurements: Measurement[] = [];
    for (const scenario of SCENARIOS) {
      if (ctx.only !== undefined && !ctx.only.has(scenario.name)) continue;
      const began = performance.now();
      measurements.push(...(await scenario.run(ctx, ctx.seconds / SECONDS)));
      ctx.say(`  ${scenario.name}: done in ${Math.round((performance.now() - began) / 1_000)} s`);
    }
    return measurements;
  },
};
