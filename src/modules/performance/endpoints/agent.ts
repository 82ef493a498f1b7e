import { setTimeout as delay } from 'node:timers/promises';
import { defineAgent, type AgentContext } from '../../../agent/index.ts';
import { phaseOf } from '../../../agent/schedule.ts';
import { durationMs } from '../../../base/duration.ts';
import { MusterError } from '../../../base/errors.ts';
import { tickOf } from '../tick.ts';
import { endpointsConfig, type EndpointsConfig } from './config.ts';
import { Endpoint } from './endpoint.ts';
import { ENDPOINT_METRICS, type EndpointMetric } from './metrics.ts';
import { runProbe } from './probe.ts';
import { scrape } from './scrape.ts';

interface Life {
  readonly endpoints: readonly Endpoint[];
  readonly everyMs: number;
  readonly over: AbortController;
  lastTick: number | undefined;
  reported: string | undefined;
}

const lives = new WeakMap<object, Life>();

/** Where an endpoint_monitor says how its endpoints fare. */
export const endpointsKey = (agentId: string): string => `endpoints:${agentId}`;

/** With nothing to watch there is nothing to run for. */
const NOTHING_TO_DO = '1h';
/** How long a run waits for its looks; one that takes longer is there for the next run. */
const PATIENCE_MS = 1_000;

export const endpointMonitor = defineAgent({
  type: 'endpoint_monitor',
  name: 'Endpoint monitor',
  description: 'Probes HTTP, TCP, TLS and DNS endpoints and scrapes targets in Prometheus’ format, as monitoring.yml declares them.',
  capabilities: {
    probes: 'Whether an endpoint answers as it should, how fast, and how long its certificate lasts',
    scraping: 'Metrics of other programs, in Prometheus’ text format or OpenMetrics',
  },
  config: endpointsConfig,
  schedule: (config) => ({ every: shortestMs(config) ?? NOTHING_TO_DO }),
  timeout: '30s',
  startup(ctx) {
    const { config } = ctx;
    const endpoints = [
      ...config.probes.map(
        (probe) =>
          new Endpoint({
            kind: 'probe',
            name: probe.name,
            labels: { ...probe.labels, probe: probe.name, type: probe.type },
            everyMs: durationMs(probe.every),
            look: (signal) => runProbe(probe, ctx.outbound, signal, () => ctx.clock.now()),
          }),
      ),
      ...config.scrape.map(
        (target) =>
          new Endpoint({
            kind: 'scrape',
            name: target.name,
            labels: { ...target.labels, target: target.name },
            everyMs: durationMs(target.every),
            look: (signal) => scrape(target, ctx.outbound, signal),
          }),
      ),
    ];
    lives.set(ctx.life, {
      endpoints,
      everyMs: shortestMs(config) ?? durationMs(NOTHING_TO_DO),
      over: new AbortController(),
      lastTick: undefined,
      reported: undefined,
    });
  },
  async run(ctx) {
    const life = lives.get(ctx.life);
    if (life === undefined) throw new MusterError('INTERNAL', 'endpoint_monitor runs without its startup');
    const at = tickOf(ctx.clock.now(), life.everyMs, phaseOf(ctx.agentId) * life.everyMs, life.lastTick);
    life.lastTick = at;
    for (const endpoint of life.endpoints) endpoint.begin(at, life.everyMs, life.over.signal, ctx.log);
    await patience(life, ctx.signal);
    for (const endpoint of life.endpoints) take(ctx, endpoint);
    await report(ctx, life);
    return { endpoints: life.endpoints.length, down: life.endpoints.filter((endpoint) => endpoint.status().up === false).length };
  },
  async shutdown(ctx) {
    const life = lives.get(ctx.life);
    lives.delete(ctx.life);
    life?.over.abort();
    await Promise.all((life?.endpoints ?? []).map((endpoint) => endpoint.settled()));
  },
});

/** Milliseconds between runs: the shortest interval there is. */
function shortestMs({ probes, scrape: targets }: EndpointsConfig): number | undefined {
  const intervals = [...probes, ...targets].map(({ every }) => durationMs(every));
  return intervals.length === 0 ? undefined : Math.min(...intervals);
}

async function patience({ endpoints }: Life, signal: AbortSignal): Promise<void> {
  const waiting = new AbortController();
  const enough = delay(PATIENCE_MS, undefined, { signal: AbortSignal.any([waiting.signal, signal]), ref: false }).catch(() => undefined);
  await Promise.race([Promise.all(endpoints.map((endpoint) => endpoint.settled())), enough]);
  waiting.abort();
}

function take(ctx: AgentContext<EndpointsConfig>, endpoint: Endpoint): void {
  const { kind, name, labels } = endpoint.options;
  for (const { at, look, changed } of endpoint.take()) {
    const record = (metric: EndpointMetric, value: number): void =>
      ctx.metric(metric, value, { unit: ENDPOINT_METRICS[metric].unit, labels, at, soon: true });
    record(kind === 'probe' ? 'probe_up' : 'scrape_up', look.reason === null ? 1 : 0);
    for (const [metric, value] of Object.entries(look.values)) record(metric as EndpointMetric, value);
    for (const { name: metric, value, unit, labels: own } of look.samples ?? [])
      ctx.metric(metric, value, { unit, labels: own, at, soon: true });
    if (!changed) continue;
    const up = look.reason === null;
    ctx.emit(up ? 'endpoint:recovered' : 'endpoint:failed', { kind, name, reason: look.reason });
    ctx.log[up ? 'info' : 'warn'](
      { kind, name, reason: look.reason },
      up ? 'the endpoint answers again' : 'the endpoint does not answer as it should',
    );
  }
}

/** Says in shared state which endpoints answer, and why the others do not, whenever that changes. */
async function report(ctx: AgentContext<EndpointsConfig>, life: Life): Promise<void> {
  if (life.endpoints.length === 0) return;
  const endpoints = life.endpoints.map((endpoint) => endpoint.status());
  const gist = JSON.stringify(endpoints);
  if (gist === life.reported) return;
  await ctx.state.set(endpointsKey(ctx.agentId), { endpoints, changed_at: new Date(ctx.clock.now()).toISOString() });
  life.reported = gist;
}
