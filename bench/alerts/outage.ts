import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchContext, PeerValue } from '../support/bench.ts';
import { topicOf, type Hook } from './hook.ts';
import { Beside, type Part } from './part.ts';
import { defaults, startPeer } from './peer-stack.ts';
import { ALERTMANAGER, measuredBy, quoted } from './peer-values.ts';
import type { Stage } from './stage.ts';

const ALERTS = 50;
const OVER = ALERTS / 2;
const DOWN_S = 600;
const SHORTEST_S = 30;
const WITHIN_MS = 120_000;
const PEER_WITHIN_MS = 60_000;
/** What else comes about an alert comes within this time after the first. */
const STRAGGLERS_MS = 3_000;
const RULE = 'bench_outage';

interface Outage {
  readonly downSeconds: number;
  readonly raw: readonly number[];
  readonly messages: readonly number[];
  readonly peer: PeerValue;
}

const under = new Beside<Outage>();

/** A receiver that is gone for ten minutes, while alerts begin and half of them end again. */
export const outage: Part = {
  name: 'outage',
  figures: [
    {
      id: 'outage',
      title: `receiver down 10 min (less in a shortened run), then up: until all ${ALERTS} alerts were told`,
      bar: 10,
      unit: 's',
      better: 'less',
    },
    { id: 'outage-messages', title: 'messages an alert after that, most', bar: 1, unit: 'messages', better: 'less' },
  ],
  begin(ctx, stage, scale) {
    const isWhole = scale >= 1;
    under.begin(undergo(ctx, stage, { hasPeer: isWhole, downSeconds: isWhole ? DOWN_S : Math.max(SHORTEST_S, DOWN_S * scale) }));
  },
  async run(ctx) {
    ctx.progress('waiting for the end of the outage');
    const found = await under.outcome();
    if (found === undefined) throw new Error('the outage was not begun');
    const { downSeconds, messages, peer, raw } = found;
    return [
      {
        figure: 'outage',
        value: Math.max(...raw),
        raw,
        peer,
        detail: { down_seconds: downSeconds, alerts: ALERTS, over_meanwhile: OVER },
      },
      { figure: 'outage-messages', value: Math.max(...messages), raw: messages },
    ];
  },
};

async function undergo(
  ctx: BenchContext,
  stage: Stage,
  { downSeconds, hasPeer }: { readonly downSeconds: number; readonly hasPeer: boolean },
): Promise<Outage> {
  const hook = await stage.channel(RULE);
  await stage.rule(RULE, RULE);
  const agents = Array.from({ length: ALERTS }, (_, n) => `outage_${n}`);
  const peer =
    !hasPeer || stage.peers === undefined
      ? undefined
      : await startPeer({ ctx, folder: join(ctx.folder, 'outage'), timing: defaults, exporter: undefined });
  await Promise.all([hook.down(), peer?.hook.down()]);
  await stage.post(RULE, agents, 2);
  await peer?.alert(RULE, [...agents.keys()]);
  await delay((downSeconds * 1_000) / 2, undefined, { signal: ctx.signal });
  await stage.post(RULE, agents.slice(0, OVER), 0);
  await delay((downSeconds * 1_000) / 2, undefined, { signal: ctx.signal });
  await Promise.all([hook.up(), peer?.hook.up()]);
  const up = performance.now();
  const topics = agents.map((agent, n) => topicOf(n < OVER ? 'resolved' : 'firing', RULE, agent));
  const raw = (await hook.allAccepted(topics, WITHIN_MS)).map((at) => (at - up) / 1_000);
  await delay(STRAGGLERS_MS, undefined, { signal: ctx.signal });
  const messages = agents.map((agent) =>
    ['firing', 'resolved'].reduce((sum, kind) => sum + hook.accepted(topicOf(kind, RULE, agent)).length, 0),
  );
  return {
    downSeconds,
    raw,
    messages,
    peer: peer === undefined ? quoted(`${ALERTMANAGER} after 60 s down`, 38.8) : await peerValue(ctx, peer.hook, up),
  };
}

async function peerValue(ctx: BenchContext, hook: Hook, up: number): Promise<PeerValue> {
  const seconds = await untilAll(ctx, hook, up);
  const name = `${ALERTMANAGER} as it ships`;
  return seconds === undefined ? measuredBy(`${name}, not yet after`, PEER_WITHIN_MS / 1_000) : measuredBy(name, seconds);
}

/** Seconds until it had told all of them; undefined: it took longer than anybody wants to wait here. */
async function untilAll(ctx: BenchContext, hook: Hook, up: number): Promise<number | undefined> {
  const topics = Array.from({ length: ALERTS }, (_, n) => topicOf('firing', RULE, n));
  while (performance.now() - up < PEER_WITHIN_MS) {
    const last = topics.map((topic) => hook.accepted(topic)[0] ?? Number.NaN).reduce((a, b) => Math.max(a, b), up);
    if (!Number.isNaN(last)) return (last - up) / 1_000;
    await delay(100, undefined, { signal: ctx.signal });
  }
  return undefined;
}
