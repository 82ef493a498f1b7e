import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchContext } from '../support/bench.ts';
import { Hook, musterTopics } from './hook.ts';
import { MusterProcess } from '../support/muster-process.ts';
import { scaled } from '../fleet/scenario.ts';
import type { LonePart } from './part.ts';
import { defaults, missingPrograms, startPeer } from './peer-stack.ts';
import { ALERTMANAGER, measuredBy, quoted } from './peer-values.ts';

const KILLS = 10;
const ALERTS_A_ROUND = 10;
const WITHIN_MS = 60_000;
const RULE = 'bench_kept';

/** What was answered with 2xx, by id. */
interface Accepted {
  readonly silences: Set<string>;
  readonly acknowledgements: Set<string>;
  /** Escalations that wait for their next step. */
  readonly timers: Set<string>;
}

/** Whatever a person was told is so, and then SIGKILL for the host and every process of its database server. */
export const kept: LonePart = {
  name: 'kept',
  figures: [
    {
      id: 'kept',
      title: 'silences, acknowledgements and escalation timers lost after kill -9 of host and database',
      bar: 0,
      unit: 'lost',
      better: 'less',
    },
  ],
  async run(ctx, scale) {
    const accepted: Accepted = { silences: new Set(), acknowledgements: new Set(), timers: new Set() };
    const kills = scaled(KILLS, scale, 2);
    let muster = await start(ctx);
    ctx.defer(() => muster.stop());
    const hook = await Hook.listen(musterTopics, ctx.signal);
    ctx.defer(() => hook.down());
    await muster.post('/channels', { name: RULE, type: 'webhook', url: hook.url, secret: 'a-secret-for-benchmarks' });
    await muster.post('/escalation-policies', { name: RULE, default: true, steps: [{ wait: '30m', notify: [`channel:${RULE}`] }] });
    await muster.post('/rules', {
      name: RULE,
      metric_name: RULE,
      operator: '>',
      threshold: 1,
      for: '0s',
      level: 'critical',
      channels: [RULE],
    });
    for (let round = 0; round < kills; round += 1) {
      ctx.progress(`kept: kill ${round + 1} of ${kills}`);
      await accept(ctx, muster, round, accepted);
      await muster.killEverything();
      muster = await start(ctx);
    }
    const lost = await lostOf(muster, accepted);
    await muster.stop();
    const peer = (await missingPrograms()).length > 0 ? undefined : await silencesLostByPeer(ctx);
    return [
      {
        figure: 'kept',
        value: lost,
        peer: peer === undefined ? quoted(`${ALERTMANAGER}, of 1 silence`, 1) : measuredBy(`${ALERTMANAGER}, of 1 silence`, peer),
        detail: { kills, silences: accepted.silences.size, acknowledgements: accepted.acknowledgements.size, timers: accepted.timers.size },
      },
    ];
  },
};

async function start(ctx: BenchContext): Promise<MusterProcess> {
  const muster = await MusterProcess.start({
    command: [join(ctx.root, 'muster')],
    cwd: ctx.root,
    dataDir: join(ctx.folder, 'kept'),
    output: join(ctx.folder, 'kept.out'),
    signal: ctx.signal,
    env: { MUSTER_ALLOWED_NETWORKS: '127.0.0.0/8' },
  });
  await muster.firstHeartbeat(WITHIN_MS);
  return muster;
}

interface AlertItem {
  readonly alert_id: string;
  readonly target: string;
  readonly incident_id: string | null;
  readonly acknowledged_by: string | null;
}

/** Makes alerts: half of them are taken on and silenced, the others wait for somebody. */
async function accept(ctx: BenchContext, muster: MusterProcess, round: number, accepted: Accepted): Promise<void> {
  const agents = Array.from({ length: 2 * ALERTS_A_ROUND }, (_, n) => `kept_${round}_${n}`);
  const timestamp = new Date().toISOString();
  await muster.post(
    '/metrics',
    agents.map((agent) => ({ agent_id: agent, metric_name: RULE, metric_value: 2, metric_unit: '', timestamp, metadata: {} })),
  );
  const targets = new Set(agents.map((agent) => `agent=${agent}`));
  const fresh = await untilAll(ctx, 2 * ALERTS_A_ROUND, async () => (await firing(muster)).filter(({ target }) => targets.has(target)));
  const incidents = new Set(fresh.slice(ALERTS_A_ROUND).map(({ incident_id: id }) => id));
  const timers = await untilAll(ctx, incidents.size, async () =>
    (await waiting(muster)).filter(({ incident_id: id }) => incidents.has(id)),
  );
  for (const { escalation_id: id } of timers) accepted.timers.add(id);
  for (const { alert_id: id, target } of fresh.slice(0, ALERTS_A_ROUND)) {
    const silence = await muster.post<{ readonly silence_id: string }>('/silences', {
      matchers: [target],
      reason: 'bench',
      duration: '1h',
    });
    accepted.silences.add(silence.silence_id);
    await muster.post(`/alerts/${id}/acknowledge`, { by: 'bench', for: '1h' });
    accepted.acknowledgements.add(id);
  }
}

async function untilAll<T>(ctx: BenchContext, count: number, find: () => Promise<readonly T[]>): Promise<readonly T[]> {
  const until = performance.now() + WITHIN_MS;
  for (;;) {
    const found = await find();
    if (found.length >= count) return found;
    if (performance.now() > until) throw new Error(`after ${WITHIN_MS / 1_000} s there are ${found.length} of ${count}`);
    await delay(20, undefined, { signal: ctx.signal });
  }
}

interface EscalationItem {
  readonly escalation_id: string;
  readonly incident_id: string;
}

const waiting = async (muster: MusterProcess): Promise<readonly EscalationItem[]> =>
  (await muster.get<{ readonly items: readonly EscalationItem[] }>('/escalations?state=waiting&limit=1000')).items;

const firing = async (muster: MusterProcess): Promise<readonly AlertItem[]> =>
  (await muster.get<{ readonly items: readonly AlertItem[] }>('/alerts?state=firing&limit=1000')).items;

async function lostOf(muster: MusterProcess, { acknowledgements, silences, timers }: Accepted): Promise<number> {
  const acknowledged = new Set((await firing(muster)).filter(({ acknowledged_by: by }) => by === 'bench').map(({ alert_id: id }) => id));
  const { items } = await muster.get<{ readonly items: readonly { readonly silence_id: string }[] }>('/silences?limit=1000');
  const silenced = new Set(items.map(({ silence_id: id }) => id));
  const kept = new Set((await waiting(muster)).map(({ escalation_id: id }) => id));
  const missing = (wanted: ReadonlySet<string>, found: ReadonlySet<string>): number => [...wanted].filter((id) => !found.has(id)).length;
  return missing(acknowledgements, acknowledged) + missing(silences, silenced) + missing(timers, kept);
}

/** One that it had answered with 200. */
async function silencesLostByPeer(ctx: BenchContext): Promise<number> {
  const peer = await startPeer({ ctx, folder: join(ctx.folder, 'kept-peer'), timing: defaults, exporter: undefined });
  await peer.silence();
  await peer.killAndRestart();
  const left = await peer.silences();
  await peer.stop();
  return 1 - left;
}
