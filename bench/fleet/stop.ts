import { quantile, spreadOf } from '../support/percentiles.ts';
import { Rotation } from './rotation.ts';
import { scaled, type Scenario } from './scenario.ts';

const AGENTS = 50;
const STOPS = 40;

/** A host that is told to end, as a deployment does. */
export const stop: Scenario = {
  name: 'stop',
  figures: [
    { id: 'stop', title: `graceful stop: all ${AGENTS} agents run elsewhere, 99th percentile`, bar: 500, unit: 'ms', better: 'less' },
  ],
  async run(ctx, scale) {
    const stops = scaled(STOPS, scale);
    const rotation = await Rotation.start(ctx, { agents: AGENTS });
    const worst: number[] = [];
    const each: number[] = [];
    for (let n = 1; n <= stops; n += 1) {
      const { agentsMs } = await rotation.moveAway(({ host }) => host.signal('SIGTERM'), 'new process');
      worst.push(Math.max(...agentsMs));
      each.push(...agentsMs);
      ctx.progress(`stop: ${n} of ${stops}`);
    }
    const { overlapping, stale, impostors } = await rotation.end();
    return [
      {
        figure: 'stop',
        value: quantile(worst, 0.99),
        raw: worst,
        detail: {
          stops,
          last_agent: spreadOf(worst),
          each_agent: spreadOf(each),
          overlaps: overlapping.length + stale.length + impostors.length,
        },
      },
    ];
  },
};
