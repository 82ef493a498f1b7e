import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry, type OpenMetricsContentType } from 'prom-client';
import { messageOf } from '../base/errors.ts';
import type { MetricSource } from './metric-sources.ts';
import type { Services } from './services.ts';

/** What this process tells Prometheus. */
export class Telemetry {
  readonly #registry: Registry<OpenMetricsContentType>;
  readonly #requests: Histogram<'method' | 'route' | 'status'>;
  readonly #readFleet: () => Promise<void>;

  constructor(services: Services, sources: readonly MetricSource[]) {
    const registry = new Registry<OpenMetricsContentType>();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    // Its default of 10 ms means a hundred wake-ups a second for an idle process.
    collectDefaultMetrics({ register: registry as unknown as Registry, eventLoopMonitoringPrecision: 50 });
    const registers = [registry as unknown as Registry];
    this.#registry = registry;
    this.#requests = new Histogram({
      name: 'muster_http_request_duration_seconds',
      help: 'Time from the arrival of a request to the end of its answer, by route template',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    });
    for (const source of sources) register(source, registers);
    this.#readFleet = fleetGauges(services, registers);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Times every request but event streams, which last as long as their readers. */
  watch(app: FastifyInstance): void {
    app.addHook('onResponse', async (request, reply) => {
      const type = reply.raw.getHeader('content-type');
      if (typeof type === 'string' && type.startsWith('text/event-stream')) return;
      // The template, never the path: a client must not be able to make series.
      const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown');
      this.#requests.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1_000);
    });
  }

  async render(): Promise<string> {
    await this.#readFleet();
    return this.#registry.metrics();
  }
}

function register({ name, help, kind, labels: labelNames = [], read }: MetricSource, registers: Registry[]): void {
  const values = () => {
    const value = read();
    return typeof value === 'number' ? [{ labels: {}, value }] : value;
  };
  if (kind === 'gauge') {
    const gauge = new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect: () => {
        gauge.reset();
        for (const { labels, value } of values()) gauge.set(labels, value);
      },
    });
  } else {
    const counter = new Counter({
      name,
      help,
      labelNames,
      registers,
      collect: () => {
        counter.reset();
        for (const { labels, value } of values()) counter.inc(labels, value);
      },
    });
  }
}

/**
 * Of the whole fleet, read from the database for each scrape: without it they are left out, and muster_database_up says so.
 * Read before the rendering, because the registry collects all its metrics at once and in no order.
 */
function fleetGauges({ state, log }: Services, registers: Registry[]): () => Promise<void> {
  const up = new Gauge({ name: 'muster_database_up', help: '1 where the database answered this scrape', registers });
  const hosts = new Gauge({ name: 'muster_hosts', help: 'Hosts by status', labelNames: ['status'], registers });
  const agents = new Gauge({
    name: 'muster_agents',
    help: 'Agents by what is desired and what is observed',
    labelNames: ['state', 'status'],
    registers,
  });
  return async () => {
    agents.reset();
    hosts.reset();
    try {
      const [counts, list] = await Promise.all([state.agents.count(), state.hosts.list()]);
      for (const group of counts) agents.set({ state: group.state, status: group.status }, group.count);
      for (const status of ['live', 'lost', 'stopped'] as const)
        hosts.set({ status }, list.filter((host) => host.status === status).length);
      up.set(1);
    } catch (error) {
      up.set(0);
      log.debug({ error: messageOf(error) }, 'a scrape found the database away');
    }
  };
}
