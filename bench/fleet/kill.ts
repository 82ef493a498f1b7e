import { quantile, spreadOf } from '../support/percentiles.ts';
import { scaled, type Scenario } from './scenario.ts';
import { Rotation, type TakeOver } from './rotation.ts';

const AGENTS = 50;
const KILLS = 100;

/** kill -9 of a host that leads the fleet and holds fifty agents, again and again. */
export const kill: Scenario = {
  name: 'kill',
  figures: [
    { id: 'kill', title: `kill -9 of a host: all its ${AGENTS} agents run elsewhere, 99th percentile`, bar: 1, unit: 's', better: 'less' },
    { id: 'leader', title: 'leader killed: a new leader has acted, 99th percentile', bar: 2, unit: 's', better: 'less' },
    { id: 'kill-overlaps', title: 'effects of two holders that overlap, over these kills', bar: 0, unit: 'effects', better: 'less' },
  ],
  async run(ctx, scale) {
    const kills = scaled(KILLS, scale);
    const rotation = await Rotation.start(ctx, { agents: AGENTS, leader: true });
    const takeOvers: TakeOver[] = [];
    for (let n = 1; n <= kills; n += 1) {
      takeOvers.push(await rotation.moveAway(({ host }) => host.signal('SIGKILL'), 'new process'));
      ctx.progress(`kill: ${n} of ${kills}`);
    }
    const verdict = await rotation.end();
    const worst = takeOvers.map(({ agentsMs }) => Math.max(...agentsMs) / 1_000);
    const leader = takeOvers.map(({ leaderMs }) => (leaderMs ?? Number.NaN) / 1_000);
    const each = takeOvers.flatMap(({ agentsMs }) => agentsMs.map((ms) => ms / 1_000));
    return [
      {
        figure: 'kill',
        value: quantile(worst, 0.99),
        raw: worst,
        detail: { kills, last_agent: spreadOf(worst), each_agent: spreadOf(each) },
      },
      { figure: 'leader', value: quantile(leader, 0.99), raw: leader, detail: { ...spreadOf(leader) } },
      {
        figure: 'kill-overlaps',
        value: verdict.overlapping.length + verdict.stale.length + verdict.impostors.length,
        detail: { effects: verdict.effects },
      },
    ];
  },
};
