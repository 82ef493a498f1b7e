import type { BenchContext } from '../support/bench.ts';
import { quantile, spreadOf } from '../support/percentiles.ts';
import { Rotation, type Seat } from './rotation.ts';
import { scaled, type Scenario } from './scenario.ts';

const AGENTS = 50;
/** Fleets side by side, each in a database of its own: a lease takes eight seconds to run out, and nearly all of it is waiting. */
const LANES = 4;
const ROUNDS = 12;

type Trouble = (holder: Seat) => number;
const TROUBLES: Readonly<Record<'frozen' | 'partitioned', Trouble>> = {
  frozen: ({ host }) => host.signal('SIGSTOP'),
  partitioned: ({ proxy }) => {
    const at = Date.now();
    proxy?.blackHole();
    return at;
  },
};

/** Hosts that do not die but fall silent: stopped with SIGSTOP, or cut off by a network that passes nothing on. They come back. */
export const freeze: Scenario = {
  name: 'freeze',
  figures: [
    { id: 'freeze', title: `host frozen: all its ${AGENTS} agents run elsewhere, 99th percentile`, bar: 10, unit: 's', better: 'less' },
    { id: 'partition', title: 'network black-holed: the same', bar: 10, unit: 's', better: 'less' },
    { id: 'freeze-overlaps', title: 'effects of two holders that overlap, over these', bar: 0, unit: 'effects', better: 'less' },
  ],
  async run(ctx, scale) {
    const rounds = scaled(ROUNDS, scale, 2);
    const lanes = await Promise.all(Array.from({ length: LANES }, (_, lane) => runLane(ctx, lane, rounds)));
    const of = (trouble: keyof typeof TROUBLES): number[] => lanes.flatMap((lane) => lane[trouble]);
    return [
      ...(
        [
          ['freeze', 'frozen'],
          ['partition', 'partitioned'],
        ] as const
      ).map(([figure, trouble]) => ({
        figure,
        value: quantile(of(trouble), 0.99),
        raw: of(trouble),
        detail: { ...spreadOf(of(trouble)), lease_s: 8, beat_s: 2, side_by_side: LANES },
      })),
      {
        figure: 'freeze-overlaps',
        value: lanes.reduce((sum, { overlaps }) => sum + overlaps, 0),
        detail: { effects: lanes.reduce((sum, { effects }) => sum + effects, 0) },
      },
    ];
  },
};

/** Both troubles in turn, beginning with another one in every other lane. Seconds until the last agent ran elsewhere. */
async function runLane(ctx: BenchContext, lane: number, rounds: number) {
  const rotation = await Rotation.start(ctx, { agents: AGENTS, proxied: true });
  const seconds: Record<keyof typeof TROUBLES, number[]> = { frozen: [], partitioned: [] };
  for (let round = 0; round < rounds; round += 1) {
    const kind = (lane + round) % 2 === 0 ? 'frozen' : 'partitioned';
    const { agentsMs } = await rotation.moveAway(TROUBLES[kind], 'same process');
    seconds[kind].push(Math.max(...agentsMs) / 1_000);
    ctx.progress(`freeze: round ${round + 1} of ${rounds} in lane ${lane + 1}`);
  }
  const { overlapping, stale, impostors, effects } = await rotation.end();
  return { ...seconds, overlaps: overlapping.length + stale.length + impostors.length, effects };
}
