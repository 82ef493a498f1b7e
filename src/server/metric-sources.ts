import type { HostStatus } from '../fleet/index.ts';
import type { Services } from './services.ts';

type Value = number | readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];

/** A figure of this process, read when somebody scrapes. */
export interface MetricSource {
  /** In base units, a counter ending in _total. */
  readonly name: string;
  readonly help: string;
  readonly kind: 'gauge' | 'counter';
  readonly labels?: readonly string[];
  readonly read: () => Value;
}

const by = (label: string, values: Readonly<Record<string, number>>): Value =>
  Object.entries(values).map(([key, value]) => ({ labels: { [label]: key }, value }));

/** Of the server and what it shares with the rest of the process. */
export function serverSources({ state, wake, streams, version }: Services): readonly MetricSource[] {
  const pools = () => state.database.pools?.() ?? [];
  const wakeUps = (field: string) => (): number => {
    const status = wake.status?.();
    const value: unknown = typeof status === 'object' && status !== null ? (status as Record<string, unknown>)[field] : undefined;
    return typeof value === 'number' ? value : 0;
  };
  return [
    {
      name: 'muster_build_info',
      help: 'Always 1; the labels tell the version',
      kind: 'gauge',
      labels: ['version', 'node'],
      read: () => [{ labels: { version, node: process.version }, value: 1 }],
    },
    {
      name: 'muster_database_pool_connections',
      help: 'Connections by pool and what they do',
      kind: 'gauge',
      labels: ['pool', 'state'],
      read: () =>
        pools().flatMap(({ pool, total, idle }) => [
          { labels: { pool, state: 'busy' }, value: total - idle },
          { labels: { pool, state: 'idle' }, value: idle },
        ]),
    },
    {
      name: 'muster_database_pool_max_connections',
      help: 'Connections at most',
      kind: 'gauge',
      labels: ['pool'],
      read: () => pools().map(({ pool, max }) => ({ labels: { pool }, value: max })),
    },
    {
      name: 'muster_database_pool_waiting',
      help: 'Callers that wait for a connection',
      kind: 'gauge',
      labels: ['pool'],
      read: () => pools().map(({ pool, waiting }) => ({ labels: { pool }, value: waiting })),
    },
    { name: 'muster_event_streams', help: 'Open event streams', kind: 'gauge', read: () => streams.size },
    { name: 'muster_wake_ups_sent_total', help: 'Wake-up hints sent', kind: 'counter', read: wakeUps('sent') },
    { name: 'muster_wake_ups_received_total', help: 'Wake-up hints received', kind: 'counter', read: wakeUps('received') },
    { name: 'muster_wake_ups_dropped_total', help: 'Wake-up hints that could not be sent', kind: 'counter', read: wakeUps('dropped') },
    {
      name: 'muster_wake_ups_reconnects_total',
      help: 'How often the wake-up connection was made again',
      kind: 'counter',
      read: wakeUps('reconnects'),
    },
    {
      name: 'muster_samples_written_total',
      help: 'Metric samples committed by this process',
      kind: 'counter',
      read: () => state.metrics.status().written,
    },
    {
      name: 'muster_samples_rejected_total',
      help: 'Metric samples refused, by reason',
      kind: 'counter',
      labels: ['reason'],
      read: () => by('reason', state.metrics.status().rejected),
    },
  ];
}

/** Of the host in this process, while it runs agents. */
export function hostSources(status: () => HostStatus | undefined): readonly MetricSource[] {
  const of = (pick: (host: HostStatus) => Value) => (): Value => {
    const host = status();
    return host === undefined ? [] : pick(host);
  };
  return [
    { name: 'muster_host_agents', help: 'Agents this process runs', kind: 'gauge', read: of((host) => host.agents) },
    {
      name: 'muster_host_lease_trusted',
      help: '1 while this host may believe in its lease',
      kind: 'gauge',
      read: of((host) => (host.trusted ? 1 : 0)),
    },
    {
      name: 'muster_host_rejoined_total',
      help: 'Times this host had to join again because its lease was taken',
      kind: 'counter',
      read: of((host) => host.rejoined),
    },
    {
      name: 'muster_host_beats_total',
      help: 'Beats by outcome',
      kind: 'counter',
      labels: ['outcome'],
      read: of(({ beats }) => by('outcome', { confirmed: beats.confirmed, failed: beats.failed })),
    },
    {
      name: 'muster_host_beats_missed_total',
      help: 'Times when more than one and a half periods passed between beats',
      kind: 'counter',
      read: of((host) => host.beats.missed),
    },
    {
      name: 'muster_host_faults_total',
      help: 'Faults of the loops of this host, by loop',
      kind: 'counter',
      labels: ['loop'],
      read: of((host) => by('loop', host.faults)),
    },
    {
      name: 'muster_host_death_watch',
      help: '1 for what the watch over the next host does: watching, connecting, alone (nobody to watch), off (a pooler is in the way)',
      kind: 'gauge',
      labels: ['state'],
      read: of(({ deathWatch }) => [{ labels: { state: deathWatch?.state ?? 'off' }, value: 1 }]),
    },
    {
      name: 'muster_host_death_hints_total',
      help: 'Times the connection of the watched host ended, by what it came to: it had died, or it lived',
      kind: 'counter',
      labels: ['outcome'],
      read: of(({ deathWatch }) => by('outcome', { confirmed: deathWatch?.confirmed ?? 0, refuted: deathWatch?.refuted ?? 0 })),
    },
    {
      name: 'muster_host_buffered',
      help: 'Samples, events, runs and log lines that wait to be written',
      kind: 'gauge',
      labels: ['what'],
      read: of(({ outbox }) =>
        by('what', {
          samples: outbox.samples.waiting,
          events: outbox.events.waiting,
          runs: outbox.runs.waiting,
          lines: outbox.lines.waiting,
        }),
      ),
    },
    {
      name: 'muster_host_dropped_total',
      help: 'Samples, events and runs dropped because the buffer was full, and log lines beyond what is kept',
      kind: 'counter',
      labels: ['what'],
      read: of(({ outbox }) =>
        by('what', {
          samples: outbox.samples.dropped,
          events: outbox.events.dropped,
          runs: outbox.runs.dropped,
          lines: outbox.lines.dropped,
        }),
      ),
    },
  ];
}
