import { answering } from '../../test/alerting/support/receiver.ts';
import type { BenchContext } from '../support/bench.ts';
import { scaled } from '../fleet/scenario.ts';
import { topicOf, type Hook } from './hook.ts';
import { Beside, type Part } from './part.ts';
import type { PeerStack } from './peer-stack.ts';
import { ALERTMANAGER, measuredBy, quoted } from './peer-values.ts';
import type { Stage } from './stage.ts';

const STATUSES = [429, 404, 500, 503];
const TIMES_EACH = 5;
const RETRY_AFTER_S = 2;
const WITHIN_MS = 60_000;
/** Alertmanager tries again with the next interval of the group, five minutes later. */
const PEER_WITHIN_MS = 400_000;
const RULE = 'bench_errors';

const peer = new Beside<number>();

/** A receiver that answers once that it does not want it, and takes it from then on. */
export const errors: Part = {
  name: 'errors',
  figures: [
    { id: 'after-error', title: 'one 429, 404, 500 or 503, then fine: delivered after, worst', bar: 5, unit: 's', better: 'less' },
    {
      id: 'retry-after',
      title: `one 429 with Retry-After: ${RETRY_AFTER_S}, then fine: later than that, worst`,
      bar: 1,
      unit: 's',
      better: 'less',
    },
    { id: 'retry-too-soon', title: 'attempts before the time that Retry-After names', bar: 0, unit: 'attempts', better: 'less' },
  ],
  begin(_, stage, scale) {
    if (scale >= 1 && stage.peers !== undefined) peer.begin(afterErrorOfPeer(stage.peers.defaults));
  },
  async run(ctx, stage, scale) {
    const hook = await stage.channel(RULE);
    await stage.rule(RULE, RULE);
    const after = new Map<number, number[]>();
    for (let round = 0; round < scaled(TIMES_EACH, scale, 1); round += 1) {
      for (const status of STATUSES) {
        ctx.progress(`errors: ${status}, round ${round + 1}`);
        after.set(status, [...(after.get(status) ?? []), await secondsAfter(ctx, stage, hook, `${status}_${round}`, status)]);
      }
    }
    const named: number[] = [];
    for (let round = 0; round < scaled(TIMES_EACH, scale, 1); round += 1)
      named.push(await secondsAfter(ctx, stage, hook, `named_${round}`, 429, { 'retry-after': String(RETRY_AFTER_S) }));
    const raw = [...after.values()].flat();
    const peerSeconds = await peer.outcome();
    return [
      {
        figure: 'after-error',
        value: Math.max(...raw),
        raw,
        peer:
          peerSeconds === undefined ? quoted(`${ALERTMANAGER} after a 429`, 330) : measuredBy(`${ALERTMANAGER} after a 429`, peerSeconds),
        detail: Object.fromEntries(after),
      },
      { figure: 'retry-after', value: Math.max(...named.map((seconds) => seconds - RETRY_AFTER_S)), raw: named },
      { figure: 'retry-too-soon', value: named.filter((seconds) => seconds < RETRY_AFTER_S - 0.01).length },
    ];
  },
};

/** From the attempt that was answered so until the one that was taken. */
async function secondsAfter(
  ctx: BenchContext,
  stage: Stage,
  hook: Hook,
  agent: string,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  ctx.signal.throwIfAborted();
  const topic = topicOf('firing', RULE, agent);
  hook.next(topic, answering(status, headers));
  await stage.post(RULE, [agent], 2);
  const refused = await hook.attempt(topic, WITHIN_MS);
  const taken = await hook.attempt(topic, WITHIN_MS, 1);
  return (taken - refused) / 1_000;
}

async function afterErrorOfPeer(stack: PeerStack): Promise<number> {
  const topic = topicOf('firing', RULE, 0);
  const { hook } = stack;
  hook.next(topic, answering(429));
  await stack.alert(RULE, [0]);
  const refused = await hook.attempt(topic, PEER_WITHIN_MS);
  return ((await hook.attempt(topic, PEER_WITHIN_MS, 1)) - refused) / 1_000;
}
