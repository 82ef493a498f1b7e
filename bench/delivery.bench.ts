import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { WakeUps } from '../src/db/wake-ups.ts';
import { sql } from '../src/db/sql.ts';
import { FleetHost } from '../src/fleet/index.ts';
import { alertingModule, channelDelivery, enqueue } from '../src/modules/alerting/index.ts';
import { createOutbound } from '../src/outbound/index.ts';
import { createSharedState } from '../src/state/create-shared-state.ts';
import { answering, Receiver } from '../test/alerting/support/receiver.ts';
import type { Bench, BenchContext, Measurement } from './support/bench.ts';
import { spreadOf } from './support/percentiles.ts';

/** Answered once, then taken: measured of Alertmanager 0.25 on such a machine, s. */
const PEER_AFTER_429 = 330;
const ANSWERS = [429, 404, 500, 503];
const AT_ONCE = 1_000;

/** From the commit of a message in the outbox to a receiver on loopback. */
export const bench: Bench = {
  name: 'delivery',
  title: 'A message is committed until its receiver has it',
  seconds: 60,
  figures: [
    { id: 'p50', title: 'first attempt, median', bar: 250, unit: 'ms', better: 'less', part: 'latency' },
    { id: 'p99', title: 'first attempt, 99th percentile', bar: 1_000, unit: 'ms', better: 'less', part: 'latency' },
    { id: 'burst', title: `${AT_ONCE} at once, until the last has arrived`, unit: 's', better: 'less', part: 'burst' },
    { id: 'after-error', title: 'one 429, 404, 500 or 503, then fine: worst', bar: 5, unit: 's', better: 'less', part: 'errors' },
    {
      id: 'after-outage',
      title: 'receiver down, then up: until everything has arrived',
      bar: 10,
      unit: 's',
      better: 'less',
      part: 'outage',
    },
  ],
  async run(ctx) {
    const stage = await Stage.open(ctx);
    const wanted = (part: string): boolean => ctx.only?.has(part) !== false;
    const measured: Measurement[] = [];
    if (wanted('latency')) measured.push(...(await latency(ctx, stage)));
    if (wanted('burst')) measured.push(await burst(stage));
    if (wanted('errors')) measured.push(await afterErrors(stage));
    if (wanted('outage')) measured.push(await afterOutage(ctx, stage));
    return measured;
  },
};

/** A fleet that delivers, and who receives. */
class Stage {
  readonly receiver: Receiver;
  readonly #send: (count: number) => Promise<readonly string[]>;

  private constructor(receiver: Receiver, send: (count: number) => Promise<readonly string[]>) {
    this.receiver = receiver;
    this.#send = send;
  }

  static async open(ctx: BenchContext): Promise<Stage> {
    const { database } = await ctx.database();
    const wake = new WakeUps(database, { log: ctx.log });
    await wake.start();
    ctx.defer(() => wake.stop());
    const receiver = await new Receiver().start();
    ctx.defer(() => receiver.stop());
    const state = createSharedState(database, { wake });
    const outbound = createOutbound({ allowedNetworks: ['127.0.0.0/8'], allowCommands: false });
    await state.agents.ensure([{ agentId: 'alert_delivery', name: 'Alert delivery', type: 'alert_delivery' }]);
    await channelDelivery(state).create({ name: 'bench', type: 'webhook', settings: { url: receiver.url }, createdBy: 'bench' }, outbound);
    const host = new FleetHost({ state, wake, outbound, types: alertingModule.agentTypes ?? [], version: 'bench', log: ctx.log });
    ctx.defer(() => host.stop());
    await host.start();
    const stage = new Stage(receiver, async (count) => {
      const messages = Array.from({ length: count }, () => ({
        channel: 'bench',
        kind: 'firing' as const,
        level: 'critical' as const,
        alertId: randomUUID(),
        seq: 1,
        document: { title: 'An alert of the bench', text: 'Made up.' },
      }));
      const ids = await database.transaction((tx) => enqueue(tx, messages));
      wake.hint('notifications');
      return ids;
    });
    // What starts once is not what is measured.
    await stage.arrived(await stage.send(1));
    await database.query(sql`analyze muster.notifications`);
    return stage;
  }

  send(count: number): Promise<readonly string[]> {
    return this.#send(count);
  }

  /** Until all of these were accepted. */
  async arrived(ids: readonly string[], withinMs = 120_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    for (let known = new Set(this.receiver.accepted); !ids.every((id) => known.has(id)); known = new Set(this.receiver.accepted)) {
      if (performance.now() > deadline) throw new Error(`${ids.length} messages did not arrive within ${withinMs / 1_000} s`);
      await delay(2);
    }
  }
}

async function latency(ctx: BenchContext, stage: Stage): Promise<readonly Measurement[]> {
  const count = ctx.shortened ? 200 : 1_000;
  const raw: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const ids = await stage.send(1);
    const committed = performance.now();
    await stage.arrived(ids);
    const at = stage.receiver.received.findLast(({ id }) => id === ids[0])?.at ?? Number.NaN;
    // It may have left before the answer to the commit was read.
    raw.push(Math.max(0, at - committed));
    ctx.progress(`${raw.length} of ${count} messages`);
    await delay(Math.random() * 40, undefined, { signal: ctx.signal });
  }
  const spread = spreadOf(raw);
  return [
    { figure: 'p50', value: spread.p50, raw, detail: { ...spread } },
    { figure: 'p99', value: spread.p99 },
  ];
}

async function burst(stage: Stage): Promise<Measurement> {
  const ids = await stage.send(AT_ONCE);
  const committed = performance.now();
  await stage.arrived(ids);
  const seconds = (performance.now() - committed) / 1_000;
  return { figure: 'burst', value: seconds, detail: { perSecond: Math.round(AT_ONCE / seconds) } };
}

async function afterErrors(stage: Stage): Promise<Measurement> {
  const raw: number[] = [];
  for (const status of ANSWERS.flatMap((each) => [each, each, each])) {
    stage.receiver.first = [answering(status)];
    const began = performance.now();
    await stage.arrived(await stage.send(1));
    raw.push((performance.now() - began) / 1_000);
  }
  return { figure: 'after-error', value: Math.max(...raw), raw, detail: { alertmanagerAfter429Seconds: PEER_AFTER_429 } };
}

async function afterOutage(ctx: BenchContext, stage: Stage): Promise<Measurement> {
  const downSeconds = ctx.shortened ? 30 : 600;
  await stage.receiver.stop();
  const ids = await stage.send(50);
  ctx.say(`The receiver is down for ${downSeconds} s.`);
  await delay(downSeconds * 1_000, undefined, { signal: ctx.signal });
  await stage.receiver.start();
  const up = performance.now();
  await stage.arrived(ids);
  const times = stage.receiver.accepted.filter((id) => ids.includes(id)).length;
  return {
    figure: 'after-outage',
    value: (performance.now() - up) / 1_000,
    detail: { downSeconds, messages: ids.length, arrivals: times },
  };
}
