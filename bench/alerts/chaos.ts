import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchContext } from '../support/bench.ts';
import { runDeliveryChaos, SMALL, WHOLE } from '../support/delivery-chaos.ts';
import { topicOf } from './hook.ts';
import type { LonePart } from './part.ts';
import { missingPrograms, startPeer } from './peer-stack.ts';
import { ALERTMANAGER, measuredBy, quoted } from './peer-values.ts';

const PEER_ALERTS = 50;
/** It is killed before this is over, and given time to tell all the same once it runs again. */
const PEER_TIMING = { scrape: '1m', evaluate: '1m', groupWait: '5s', groupInterval: '5m' };
const PEER_PATIENCE_MS = 20_000;

/** Everything between an alert and its receiver is killed, again and again, at five points of the way. */
export const chaos: LonePart = {
  name: 'chaos',
  figures: [
    {
      id: 'lost',
      title: 'notifications lost in 10,000, with 100 kill -9, a crash of the server, a dead receiver',
      bar: 0,
      unit: 'messages',
      better: 'less',
    },
    {
      id: 'unexplained',
      title: 'told again though not under way at a kill, or told and never committed',
      bar: 0,
      unit: 'messages',
      better: 'less',
    },
    { id: 'again', title: 'told again under the same id: under way at a kill', unit: 'messages', better: 'less' },
  ],
  async run(ctx, scale) {
    const { duplicates, kills, lost, messages, seconds, unexplained } = await runDeliveryChaos(ctx, scale >= 1 ? WHOLE : SMALL);
    const hasPeer = (await missingPrograms()).length === 0;
    const name = `${ALERTMANAGER}, of ${PEER_ALERTS} after one kill -9`;
    return [
      {
        figure: 'lost',
        value: lost,
        peer: hasPeer ? measuredBy(name, await lostByPeer(ctx)) : quoted(name, PEER_ALERTS),
        detail: { messages, kills, seconds },
      },
      { figure: 'unexplained', value: unexplained },
      { figure: 'again', value: duplicates },
    ];
  },
};

/** Alerts that it had accepted, and that nobody was told of after it was killed. */
async function lostByPeer(ctx: BenchContext): Promise<number> {
  const peer = await startPeer({ ctx, folder: join(ctx.folder, 'chaos-peer'), timing: PEER_TIMING, exporter: undefined });
  const numbers = Array.from({ length: PEER_ALERTS }, (_, n) => n);
  await peer.alert('bench_chaos', numbers);
  await peer.killAndRestart();
  await delay(PEER_PATIENCE_MS, undefined, { signal: ctx.signal });
  await peer.stop();
  return numbers.filter((n) => peer.hook.accepted(topicOf('firing', 'bench_chaos', n)).length === 0).length;
}
