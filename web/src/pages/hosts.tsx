import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { problemOf } from '../api/problem.ts';
import { queries } from '../api/queries.ts';
import type { Host } from '../api/types.ts';
import { useNow } from '../live/now.ts';
import { formatCount, formatDuration, formatValue, grouped } from '../ui/format.ts';
import { Icon, type IconName } from '../ui/icons.tsx';
import { Ago, AsOf, Empty, PageHeader, ProblemNote, Skeleton } from '../ui/primitives.tsx';

const looks: Readonly<Record<Host['status'], { readonly icon: IconName; readonly colour: string; readonly label: string }>> = {
  live: { icon: 'check', colour: 'text-ok', label: 'Live' },
  lost: { icon: 'critical', colour: 'text-bad', label: 'Lost' },
  stopped: { icon: 'stop', colour: 'text-idle', label: 'Stopped' },
};
const order = ['lost', 'live', 'stopped'];

export function HostsPage(): ReactNode {
  const { data, dataUpdatedAt, isPending, error, refetch } = useQuery(queries.hosts());
  const hosts = (data?.items ?? []).toSorted(
    (a, b) => order.indexOf(a.status) - order.indexOf(b.status) || b.started_at.localeCompare(a.started_at),
  );
  return (
    <>
      <PageHeader title="Hosts" note={<AsOf at={dataUpdatedAt} staleAfterMs={15_000} />}>
        <span className="text-xs text-ink-3">
          {data && `${grouped(hosts.filter((host) => host.status === 'live').length)} live of ${grouped(hosts.length)}`}
        </span>
      </PageHeader>
      <div className="card min-w-0 overflow-x-auto" role="region" aria-label="Hosts" tabIndex={0}>
        {isPending ? (
          <div className="flex flex-col gap-4 p-4">
            <Skeleton className="h-6" />
            <Skeleton className="h-6" />
          </div>
        ) : !data ? (
          <ProblemNote problem={problemOf(error)} retry={() => void refetch()} />
        ) : hosts.length === 0 ? (
          <Empty title="No host has joined yet" icon="hosts">
            Each process started with <code>muster up</code> or <code>muster launch</code> against this database becomes a host and appears
            here.
          </Empty>
        ) : (
          <HostTable hosts={hosts} />
        )}
      </div>
    </>
  );
}

function HostTable({ hosts }: { readonly hosts: readonly Host[] }): ReactNode {
  const now = useNow();
  return (
    <table className="w-full min-w-[56rem] border-collapse text-left">
      <caption className="sr-only">Hosts: the processes that run agents</caption>
      <thead className="text-xs text-ink-2">
        <tr className="h-9 border-b border-line [&>th]:px-2 [&>th]:font-medium [&>th:first-child]:pl-4 [&>th:last-child]:pr-4">
          <th scope="col">Host</th>
          <th scope="col">Status</th>
          <th scope="col" className="text-right">
            Last beat
          </th>
          <th scope="col" className="text-right">
            Agents
          </th>
          <th scope="col" className="text-right" title="100 % is one core">
            CPU
          </th>
          <th scope="col" className="text-right">
            Memory
          </th>
          <th scope="col" className="text-right">
            Event loop p99
          </th>
          <th scope="col" className="text-right">
            Up
          </th>
          <th scope="col">Version</th>
        </tr>
      </thead>
      <tbody>
        {hosts.map((host) => (
          <HostRow key={host.host_id} host={host} now={now} />
        ))}
      </tbody>
    </table>
  );
}

function HostRow({ host, now }: { readonly host: Host; readonly now: number }): ReactNode {
  const { icon, colour, label } = looks[host.status];
  const live = host.status === 'live';
  const late = live && now > Date.parse(host.expires_at);
  const figure = (value: number | null, unit: string): ReactNode =>
    live ? formatValue(value, unit) : <span className="text-ink-3">–</span>;
  const labels = Object.entries(host.labels);
  return (
    <tr
      className={`h-12 border-b border-line last:border-0 [&>td]:px-2 [&>td:first-child]:pl-4 [&>td:last-child]:pr-4 ${live ? '' : 'text-ink-3'}`}
    >
      <td>
        <span className="block font-medium">{host.hostname}</span>
        <span className="block font-mono text-2xs text-ink-3">
          {host.host_id.slice(0, 8)}, pid {host.pid}
          {labels.length > 0 && `, ${labels.map(([name, value]) => `${name}=${value}`).join(' ')}`}
        </span>
      </td>
      <td>
        <span className={`inline-flex items-center gap-2 align-middle ${late ? 'text-warn' : live ? '' : colour}`}>
          <Icon name={late ? 'clock' : icon} className={`size-3.5 ${late ? 'text-warn' : colour}`} />
          {late ? 'Late' : label}
        </span>
      </td>
      <td className="text-right">
        <Ago at={host.last_beat_at} />
      </td>
      <td className="text-right">
        {live ? (
          <>
            {formatCount(host.agents)} <span className="text-ink-3">of {formatCount(host.capacity)}</span>
          </>
        ) : (
          '–'
        )}
      </td>
      <td className="text-right">{figure(host.load.cpu_cores, 'ratio')}</td>
      <td className="text-right">{figure(host.load.rss_bytes, 'bytes')}</td>
      <td className="text-right">{figure(host.load.event_loop_lag_seconds, 'seconds')}</td>
      <td className="text-right">{live ? formatDuration(now - Date.parse(host.started_at)) : '–'}</td>
      <td>{host.version}</td>
    </tr>
  );
}
