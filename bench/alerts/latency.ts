import { setTimeout as delay } from 'node:timers/promises';
import type { PeerValue } from '../support/bench.ts';
import { spreadOf } from '../support/percentiles.ts';
import { scaled } from '../fleet/scenario.ts';
import { topicOf, type Hook } from './hook.ts';
import { later, type Part } from './part.ts';
import { ALERTMANAGER, measuredBy, quoted } from './peer-values.ts';
import type { Stage } from './stage.ts';

const ALERTS = 1_000;
/** A new one every so often, on the average: they do not wait for one another. */
const EVERY_MS = 50;
const WITHIN_MS = 30_000;
const RULE = 'bench_latency';

/** A thousand alerts, each of a series of its own, each made true by a program from outside that posts a sample. */
export const latency: Part = {
  name: 'latency',
  figures: [
    { id: 'true-p50', title: 'condition true in the database until the first attempt, median', bar: 250, unit: 'ms', better: 'less' },
    { id: 'true-p99', title: 'the same, 99th percentile', bar: 1_000, unit: 'ms', better: 'less' },
    { id: 'posted-p99', title: 'the same from POST /api/v1/metrics on, 99th percentile', bar: 1_000, unit: 'ms', better: 'less' },
    { id: 'all-over', title: 'all of them over at once, until the last is told', unit: 's', better: 'less' },
  ],
  async run(ctx, stage, scale) {
    const hook = await stage.channel(RULE);
    await stage.rule(RULE, RULE);
    const count = scaled(ALERTS, scale, 100);
    const agents = Array.from({ length: count }, (_, n) => `bench_${n}`);
    // What starts once is not what is measured.
    await stage.post(RULE, ['warm_up'], 2);
    await hook.attempt(topicOf('firing', RULE, 'warm_up'), WITHIN_MS);
    const raised: Promise<Times>[] = [];
    const peers: Promise<number>[] = [];
    for (const [n, agent] of agents.entries()) {
      raised.push(later(raise(stage, agent)));
      if (stage.peers !== undefined) peers.push(later(raisePeer(stage, n)));
      ctx.progress(`latency: ${n} of ${count} alerts`);
      await delay(Math.random() * 2 * EVERY_MS, undefined, { signal: ctx.signal });
    }
    const known = await Promise.all(raised);
    const first = await hook.allAttempted(
      agents.map((agent) => topicOf('firing', RULE, agent)),
      WITHIN_MS,
    );
    // It may have left before the answer to the POST was read.
    const sinceTrue = known.map(({ answered }, n) => Math.max(0, (first[n] ?? Number.NaN) - answered));
    const sincePosted = known.map(({ posted }, n) => (first[n] ?? Number.NaN) - posted);
    const over = performance.now();
    await stage.post(RULE, agents, 0);
    await hook.allAccepted(
      agents.map((agent) => topicOf('resolved', RULE, agent)),
      120_000,
    );
    const allOver = (performance.now() - over) / 1_000;
    const peer = stage.peers === undefined ? undefined : spreadOf(await firstOfPeer(stage.peers.tuned.hook, peers));
    const [spread, posted] = [spreadOf(sinceTrue), spreadOf(sincePosted)];
    const peerValue = (q: 'p50' | 'p99', known: number): PeerValue =>
      peer === undefined ? quoted(ALERTMANAGER, known) : measuredBy(`${ALERTMANAGER}, group_wait 0`, peer[q]);
    return [
      { figure: 'true-p50', value: spread.p50, raw: sinceTrue, peer: peerValue('p50', 2), detail: { ...spread } },
      { figure: 'true-p99', value: spread.p99, peer: peerValue('p99', 8) },
      { figure: 'posted-p99', value: posted.p99, raw: sincePosted, detail: { ...posted } },
      { figure: 'all-over', value: allOver, detail: { alerts: count } },
    ];
  },
};

interface Times {
  readonly posted: number;
  readonly answered: number;
}

async function raise(stage: Stage, agent: string): Promise<Times> {
  const posted = performance.now();
  await stage.post(RULE, [agent], 2);
  return { posted, answered: performance.now() };
}

/** When it was answered. */
async function raisePeer(stage: Stage, n: number): Promise<number> {
  await stage.peers?.tuned.alert(RULE, [n]);
  return performance.now();
}

async function firstOfPeer(hook: Hook, answered: readonly Promise<number>[]): Promise<readonly number[]> {
  const since = await Promise.all(answered);
  const first = await hook.allAttempted(
    since.map((_, n) => topicOf('firing', RULE, n)),
    WITHIN_MS,
  );
  return first.map((at, n) => Math.max(0, at - (since[n] ?? Number.NaN)));
}
