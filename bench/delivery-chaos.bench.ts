import type { Bench } from './support/bench.ts';
import { runDeliveryChaos, SMALL, WHOLE } from './support/delivery-chaos.ts';

/** Everything between an alert and its receiver is killed, again and again. */
export const bench: Bench = {
  name: 'delivery-chaos',
  title: 'Notifications lost with kill -9 at five points of the way, a crash of the server and a dead receiver',
  seconds: 180,
  figures: [
    { id: 'lost', title: 'messages lost', bar: 0, unit: 'messages', better: 'less' },
    { id: 'unexplained', title: 'came again though not under way at a kill', bar: 0, unit: 'messages', better: 'less' },
  ],
  async run(ctx) {
    const size = ctx.shortened ? SMALL : WHOLE;
    const { lost, unexplained, ...detail } = await runDeliveryChaos(ctx, size);
    return [
      { figure: 'lost', value: lost, detail: { ...detail, fleets: size.fleets } },
      { figure: 'unexplained', value: unexplained },
    ];
  },
};
