import { setTimeout as delay } from 'node:timers/promises';
import type { BenchContext } from '../support/bench.ts';
import { spreadOf } from '../support/percentiles.ts';
import { scaled } from '../fleet/scenario.ts';
import { topicOf, type Hook } from './hook.ts';
import { LockQueue } from './lock-queue.ts';
import type { Part } from './part.ts';
import { measuredBy, PROMETHEUS, quoted } from './peer-values.ts';
import type { Stage } from './stage.ts';

/** Sessions that are made to wait in a round, each a fault of its own. */
const FAULTS_A_ROUND = 5;
const WITHIN_MS = 60_000;
/** Prometheus and Alertmanager as they ship need up to two scrapes, an evaluation and the wait of a group. */
const PEER_WITHIN_MS = 240_000;

/** Sessions of the monitored database that wait for a lock: the check is one of those that ship. */
export const second: Part = {
  name: 'second',
  figures: [
    { id: 'second-p95', title: 'fault until the webhook, checks every second, 95th percentile', bar: 1.4, unit: 's', better: 'less' },
    { id: 'second-max', title: 'the same, worst', bar: 2, unit: 's', better: 'less' },
  ],
  async run(ctx, stage, scale) {
    await stage.collectEvery('1s');
    const { faults, muster } = await breakThings(ctx, stage, { name: 'second', everyMs: 1_000, rounds: scaled(20, scale, 3) });
    await stage.collectEvery(undefined);
    const peer = stage.peers === undefined ? undefined : spreadOf(await peerSeconds(ctx, stage.peers.tuned.hook, faults));
    const spread = spreadOf(muster);
    const name = `${PROMETHEUS} at 1 s`;
    return [
      {
        figure: 'second-p95',
        value: spread.p95,
        raw: muster,
        peer: peer === undefined ? quoted(name, 1.42) : measuredBy(name, peer.p95),
        detail: { ...spread, ...(peer === undefined ? {} : { peer }) },
      },
      { figure: 'second-max', value: spread.max, peer: peer === undefined ? quoted(name, 1.47) : measuredBy(name, peer.max) },
    ];
  },
};

/** The same with everything as it ships. */
export const shipped: Part = {
  name: 'shipped',
  figures: [
    {
      id: 'shipped-p95',
      title: 'fault until the webhook, as Muster ships (5 s checks), 95th percentile',
      bar: 5.5,
      unit: 's',
      better: 'less',
    },
    { id: 'shipped-p50', title: 'the same, median', unit: 's', better: 'less' },
  ],
  async run(ctx, stage, scale) {
    const { faults, muster } = await breakThings(ctx, stage, { name: 'shipped', everyMs: 5_000, rounds: scaled(12, scale, 2) });
    // Its last word comes two minutes after the last fault: too long for a short run.
    const peer = stage.peers === undefined || scale < 1 ? undefined : spreadOf(await peerSeconds(ctx, stage.peers.defaults.hook, faults));
    const spread = spreadOf(muster);
    const name = `${PROMETHEUS} as they ship`;
    return [
      {
        figure: 'shipped-p95',
        value: spread.p95,
        raw: muster,
        peer: peer === undefined ? quoted(name, 119) : measuredBy(name, peer.p95),
        detail: { ...spread, ...(peer === undefined ? {} : { peer }) },
      },
      { figure: 'shipped-p50', value: spread.p50, peer: peer === undefined ? quoted(name, 93) : measuredBy(name, peer.p50) },
    ];
  },
};

/** A fault that both sides were shown at the same moment. */
interface Fault {
  readonly n: number;
  readonly at: number;
}

interface Course {
  readonly name: string;
  readonly everyMs: number;
  readonly rounds: number;
}

/** Numbers of faults, never the same twice: each is an alert of its own to the peer. */
let lastFault = 0;

/**
 * Round after round: sessions begin to wait, one after another at moments that know nothing of the checks, until word of each came; then
 * all are let go, until word of that came. Of k sessions that wait, rule k speaks.
 */
async function breakThings(
  ctx: BenchContext,
  stage: Stage,
  { everyMs, name, rounds }: Course,
): Promise<{ readonly faults: readonly Fault[]; readonly muster: readonly number[] }> {
  const hook = await stage.channel(name);
  const rules = Array.from({ length: FAULTS_A_ROUND }, (_, k) => `${name}_${k + 1}`);
  for (const [k, rule] of rules.entries()) {
    const threshold = k + 0.5;
    // A cause each: otherwise they are one incident, of which only the first is told.
    await stage.rule(rule, name, {
      metric_name: 'postgres_blocked_backends',
      threshold,
      clear_threshold: threshold,
      labels: { cause: rule, database: 'bench' },
    });
  }
  const told = (kind: string, rule: string, round: number): Promise<number> =>
    hook.attempt(topicOf(kind, rule, 'performance_monitor'), WITHIN_MS, round);
  const faults: Fault[] = [];
  const muster: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await delay(Math.random() * everyMs, undefined, { signal: ctx.signal });
    const queue = await LockQueue.open(stage.database);
    try {
      const began: Fault[] = [];
      const gaps = Array.from({ length: FAULTS_A_ROUND }, () => Math.random() * everyMs).toSorted((a, b) => a - b);
      const start = performance.now();
      for (const gap of gaps) {
        await delay(Math.max(0, start + gap - performance.now()), undefined, { signal: ctx.signal });
        const fault = { n: (lastFault += 1), at: performance.now() };
        queue.wait();
        stage.exporter.begin(fault.n);
        began.push(fault);
      }
      const heard = await Promise.all(rules.map((rule) => told('firing', rule, round)));
      muster.push(...heard.map((at, k) => (at - (began[k]?.at ?? Number.NaN)) / 1_000));
      faults.push(...began);
    } finally {
      await queue.release();
    }
    await Promise.all(rules.map((rule) => told('resolved', rule, round)));
    ctx.progress(`${name}: ${muster.length} of ${rounds * FAULTS_A_ROUND} faults`);
  }
  return { faults, muster };
}

/** Seconds until the peer told each of them. */
async function peerSeconds(ctx: BenchContext, hook: Hook, faults: readonly Fault[]): Promise<readonly number[]> {
  ctx.progress('waiting for the peer to have told of every fault');
  const first = await hook.allAttempted(
    faults.map(({ n }) => topicOf('firing', 'bench_fault', n)),
    PEER_WITHIN_MS,
  );
  return first.map((at, i) => (at - (faults[i]?.at ?? Number.NaN)) / 1_000);
}
