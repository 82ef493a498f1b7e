import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { queries } from '../../api/queries.ts';
import type { Host, LatestValue } from '../../api/types.ts';
import { useNow } from '../../live/now.ts';
import { formatBytes, formatCount, formatDuration, formatSeconds, formatValue } from '../../ui/format.ts';
import { Icon, type IconName } from '../../ui/icons.tsx';
import { AsOf, Skeleton } from '../../ui/primitives.tsx';

/** Rare metrics are measured every five minutes; older than two of these, a figure is of the past and not shown as the present. */
const oldMs = 660_000;

const NAMES = [
  'postgres_start_time_seconds',
  'postgres_server_version_number',
  'postgres_connections',
  'postgres_connections_limit',
  'postgres_database_size_bytes',
  'postgres_wraparound_usage_ratio',
];

/** What the fleet stands on: hosts and database, in one line of figures each. */
export function Facts(): ReactNode {
  const hosts = useQuery(queries.hosts());
  const health = useQuery(queries.health());
  const latest = useQuery(queries.latestNamed('performance_monitor', NAMES));
  const now = useNow();
  const figure = (name: string): number | undefined => recent(latest.data?.items, name, now);
  const live = hosts.data?.items.filter((host) => host.status === 'live');
  const startedAt = figure('postgres_start_time_seconds');
  const version = figure('postgres_server_version_number');
  const used = sum(latest.data?.items, 'postgres_connections', now);
  const limit = figure('postgres_connections_limit');

  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <Group
        icon="hosts"
        title={
          <Link href="/hosts" className="hover:underline">
            Hosts
          </Link>
        }
        note={live?.map((host) => host.hostname).join(', ')}
        at={hosts.dataUpdatedAt}
      >
        <Fact label="Live" pending={hosts.isPending} value={live && hostCount(live, hosts.data?.items ?? [])} />
        <Fact label="Agents held" pending={hosts.isPending} value={live && formatCount(total(live, (host) => host.agents) ?? 0)} />
        <Fact
          label="CPU"
          pending={hosts.isPending}
          value={
            live &&
            formatValue(
              total(live, (host) => host.load.cpu_cores),
              'ratio',
            )
          }
          hint="Of the processes that run agents; 100 % is one core"
        />
        <Fact
          label="Memory"
          pending={hosts.isPending}
          value={
            live &&
            formatValue(
              total(live, (host) => host.load.rss_bytes),
              'bytes',
            )
          }
        />
        <Fact
          label="Event loop, p99"
          pending={hosts.isPending}
          value={
            live &&
            formatValue(
              most(live, (host) => host.load.event_loop_lag_seconds),
              'seconds',
            )
          }
        />
      </Group>
      <Group icon="database" title={`PostgreSQL${version === undefined ? '' : ` ${serverVersion(version)}`}`} at={latest.dataUpdatedAt}>
        <Fact label="Answers in" pending={health.isPending} value={health.data && formatSeconds(health.data.database.latency_ms / 1_000)} />
        <Fact
          label="Connections"
          pending={latest.isPending}
          value={used === undefined ? undefined : `${formatCount(used)}${limit === undefined ? '' : ` of ${formatCount(limit)}`}`}
        />
        <Fact label="Size" pending={latest.isPending} value={mapped(figure('postgres_database_size_bytes'), formatBytes)} />
        <Fact label="Up" pending={latest.isPending} value={startedAt === undefined ? undefined : formatDuration(now - startedAt * 1_000)} />
        <Fact
          label="Wraparound"
          pending={latest.isPending}
          value={mapped(figure('postgres_wraparound_usage_ratio'), (ratio) => formatValue(ratio, 'ratio'))}
          hint="Share of the transaction ids used before a freeze is forced"
        />
      </Group>
    </div>
  );
}

function Group({
  icon,
  title,
  note,
  at,
  children,
}: {
  readonly icon: IconName;
  readonly title: ReactNode;
  readonly note?: string | undefined;
  readonly at: number;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <section className="card flex min-w-0 flex-col gap-2 px-4 py-3">
      <h2 className="flex items-center gap-2 text-sm">
        <Icon name={icon} className="text-ink-3" />
        {title}
        {note !== undefined && <span className="min-w-0 truncate font-normal text-ink-3">{note}</span>}
        <span className="ml-auto font-normal">
          <AsOf at={at} staleAfterMs={30_000} />
        </span>
      </h2>
      <dl className="grid grid-cols-2 gap-x-4 gap-y-2 sm:grid-cols-5">{children}</dl>
    </section>
  );
}

function Fact({
  label,
  value,
  pending,
  hint,
}: {
  readonly label: string;
  readonly value: string | undefined;
  readonly pending: boolean;
  readonly hint?: string;
}): ReactNode {
  return (
    <div className="flex min-w-0 flex-col" title={hint}>
      <dt className="truncate text-xs text-ink-3">{label}</dt>
      <dd className="min-h-5 truncate font-medium">
        {pending ? <Skeleton className="mt-1 h-3.5 w-14" /> : (value ?? <span className="font-normal text-ink-3">unknown</span>)}
      </dd>
    </div>
  );
}

function hostCount(live: readonly Host[], all: readonly Host[]): string {
  const lost = all.filter((host) => host.status === 'lost').length;
  return `${formatCount(live.length)}${lost > 0 ? `, ${formatCount(lost)} lost` : ''}`;
}

function total(hosts: readonly Host[], of: (host: Host) => number | null): number | undefined {
  const known = hosts.map(of).filter((value) => value !== null);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}

function most(hosts: readonly Host[], of: (host: Host) => number | null): number | undefined {
  const known = hosts.map(of).filter((value) => value !== null);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** Of the fleet's own database: others that are monitored have a label. */
function fresh(values: readonly LatestValue[] | undefined, name: string, now: number): readonly LatestValue[] {
  return (values ?? []).filter(
    (value) => value.metric_name === name && !('database' in value.labels) && now - Date.parse(value.timestamp) < oldMs,
  );
}

function recent(values: readonly LatestValue[] | undefined, name: string, now: number): number | undefined {
  return fresh(values, name, now)[0]?.value;
}

function sum(values: readonly LatestValue[] | undefined, name: string, now: number): number | undefined {
  const found = fresh(values, name, now);
  return found.length === 0 ? undefined : found.reduce((all, each) => all + each.value, 0);
}

function mapped(value: number | undefined, format: (value: number) => string): string | undefined {
  return value === undefined ? undefined : format(value);
}

/** 180004 → 18.4 */
function serverVersion(number: number): string {
  return `${Math.floor(number / 10_000)}.${number % 10_000}`;
}
