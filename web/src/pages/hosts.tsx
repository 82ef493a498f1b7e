import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { problemOf } from '../api/problem.ts';
import { queries } from '../api/queries.ts';
import type { Host } from '../api/types.ts';
import { useNow } from '../live/now.ts';
import { formatCount, formatDuration, formatValue, grouped } from '../ui/format.ts';
import { Icon, type IconName } from '../ui/icons.tsx';
import { Ago, AsOf, Button, Empty, PageHeader, ProblemNote, Skeleton } from '../ui/primitives.tsx';
import { HealthFigure } from './agents/health-figure.tsx';
import { type HostCommand, useHostCommands } from './hosts/use-host-commands.tsx';
import { ScoreCard } from './why-score.tsx';

const looks: Readonly<Record<Host['status'], { readonly icon: IconName; readonly colour: string; readonly label: string }>> = {
  live: { icon: 'check', colour: 'text-ok', label: 'Live' },
  lost: { icon: 'critical', colour: 'text-bad', label: 'Lost' },
  stopped: { icon: 'stop', colour: 'text-idle', label: 'Stopped' },
};
const order = ['lost', 'live', 'stopped'];
/** Machines whose scores are told with their reasons below the table. */
const explained = 20;

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
      <WhyScores />
    </>
  );
}

/** Below the table, because a figure in a row says nothing about why; the lowest first. */
function WhyScores(): ReactNode {
  const { data } = useQuery(queries.hostScores());
  const scores = (data?.items ?? []).toSorted((a, b) => (a.score ?? -1) - (b.score ?? -1)).slice(0, explained);
  return scores.map((score) => (
    <ScoreCard key={score.subject} score={score} title={score.subject.slice('host:'.length)} judgedAt={data?.evaluated_at ?? null} />
  ));
}

function HostTable({ hosts }: { readonly hosts: readonly Host[] }): ReactNode {
  const now = useNow();
  const { allowed, ask, dialog } = useHostCommands();
  const { data: scored } = useQuery(queries.hostScores());
  const scores = new Map(scored?.items.map(({ subject, score }) => [subject, score]));
  const live = hosts.filter((host) => host.status === 'live');
  const newest = live
    .map((host) => host.version)
    .toSorted(byVersion)
    .at(-1);
  const roomBeside = (host: Host): number =>
    live
      .filter((other) => other !== host && other.desired === 'run')
      .reduce((room, other) => room + Math.max(0, other.capacity - other.agents), 0);
  const askAbout = (host: Host, command: HostCommand): void =>
    ask({ host, command, homeless: Math.max(0, host.agents - roomBeside(host)) });
  return (
    <>
      {dialog}
      <table className="w-full min-w-[72rem] border-collapse text-left">
        <caption className="sr-only">Hosts: the processes that run agents</caption>
        <thead className="text-xs text-ink-2">
          <tr className="h-9 border-b border-line [&>th]:px-2 [&>th]:font-medium [&>th]:whitespace-nowrap [&>th:first-child]:pl-4 [&>th:last-child]:pr-4">
            <th scope="col">Host</th>
            <th scope="col">Status</th>
            <th scope="col" className="text-right">
              Health
            </th>
            <th scope="col" className="text-right">
              Last beat
            </th>
            <th scope="col" className="text-right">
              Agents
            </th>
            <th scope="col" className="text-right" title="The process: 100 % is one core. The bar: its machine">
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
            {/* What is out of the flow needs a place inside what scrolls, or it makes the page as wide as the table. */}
            <th scope="col" className="relative">
              <span className="sr-only">Commands</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {hosts.map((host) => (
            <HostRow
              key={host.host_id}
              host={host}
              now={now}
              newest={newest}
              score={scores.get(`host:${host.hostname}`) ?? null}
              ask={allowed ? askAbout : undefined}
            />
          ))}
        </tbody>
      </table>
    </>
  );
}

/** Numbers in versions by their size: 0.10 is newer than 0.9. */
const byVersion = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

/** What an operator wants of a host, or what it measures itself, as it is shown instead of "live". */
function standingOf(
  host: Host,
  late: boolean,
): { readonly icon: IconName; readonly colour: string; readonly label: string; readonly why?: string } {
  const wanted = { why: `Told to by ${host.desired_by ?? 'somebody'}` };
  if (host.status !== 'live') return looks[host.status];
  if (late) return { icon: 'clock', colour: 'text-warn', label: 'Late' };
  if (host.desired === 'drain')
    return { icon: 'pause', colour: 'text-ink-2', label: host.agents === 0 ? 'Drained' : 'Draining', ...wanted };
  if (host.desired === 'stop') return { icon: 'stop', colour: 'text-ink-2', label: 'Stopping', ...wanted };
  if (host.desired === 'restart') return { icon: 'restart', colour: 'text-ink-2', label: 'Restarting', ...wanted };
  if (host.load.weight !== null && host.load.weight < 1)
    return {
      icon: 'warning',
      colour: 'text-warn',
      label: 'Overloaded',
      why: `Carries ${Math.round(host.load.weight * 100)} % of an even share`,
    };
  return looks.live;
}

/** A figure with a bar of how full it is, where that is known. */
function Filled({ part, children }: { readonly part: number | null; readonly children: ReactNode }): ReactNode {
  const width = part === null ? 0 : Math.min(1, Math.max(0, part));
  return (
    <span className="inline-flex w-28 flex-col items-stretch gap-1">
      <span>{children}</span>
      <span aria-hidden="true" className="h-1 overflow-hidden rounded-full bg-raised">
        <span className={`block h-full rounded-full ${width >= 0.9 ? 'bg-warn' : 'bg-accent'}`} style={{ width: `${width * 100}%` }} />
      </span>
    </span>
  );
}

function HostRow({
  host,
  now,
  newest,
  score,
  ask,
}: {
  readonly host: Host;
  readonly now: number;
  readonly newest: string | undefined;
  readonly score: number | null;
  readonly ask: ((host: Host, command: HostCommand) => void) | undefined;
}): ReactNode {
  const live = host.status === 'live';
  const late = live && now > Date.parse(host.expires_at);
  const { icon, colour, label, why } = standingOf(host, late);
  const { load } = host;
  const behind = live && newest !== undefined && host.version !== newest;
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
        <span className={`inline-flex items-center gap-2 align-middle ${label === 'Live' ? '' : colour}`} title={why}>
          <Icon name={icon} className={`size-3.5 ${colour}`} />
          {label}
        </span>
      </td>
      <td className="text-right">{live ? <HealthFigure score={score} /> : '–'}</td>
      <td className="text-right">
        <Ago at={host.last_beat_at} />
      </td>
      <td className="text-right">
        {live ? (
          <Filled part={host.capacity === 0 ? null : host.agents / host.capacity}>
            {formatCount(host.agents)} <span className="text-ink-3">of {formatCount(host.capacity)}</span>
          </Filled>
        ) : (
          '–'
        )}
      </td>
      <td className="text-right" title={machineCpu(host)}>
        {live ? <Filled part={cpuUsed(host)}>{figure(load.cpu_cores, 'ratio')}</Filled> : figure(null, 'ratio')}
      </td>
      <td className="text-right" title={machineMemory(host)}>
        {live ? <Filled part={memoryUsed(host)}>{figure(load.rss_bytes, 'bytes')}</Filled> : figure(null, 'bytes')}
      </td>
      <td className="text-right">{figure(host.load.event_loop_lag_seconds, 'seconds')}</td>
      <td className="text-right whitespace-nowrap">{live ? formatDuration(now - Date.parse(host.started_at)) : '–'}</td>
      <td>
        {behind ? (
          <span
            className="inline-flex items-center gap-1.5 align-middle text-warn"
            title={`Others run ${newest}: versions run side by side during an upgrade`}
          >
            <Icon name="warning" className="size-3.5" />
            {host.version}
          </span>
        ) : (
          host.version
        )}
      </td>
      <td className="text-right">
        {live && ask && host.desired === 'run' && (
          <Button kind="ghost" icon="pause" onClick={() => ask(host, 'drain')} aria-label={`Drain ${host.hostname}, pid ${host.pid}`}>
            Drain
          </Button>
        )}
        {live && ask && host.desired === 'drain' && (
          <Button kind="ghost" icon="resume" onClick={() => ask(host, 'resume')} aria-label={`Resume ${host.hostname}, pid ${host.pid}`}>
            Resume
          </Button>
        )}
      </td>
    </tr>
  );
}

/** What the process uses of its machine. */
const cpuUsed = ({ load }: Host): number | null =>
  load.cpu_cores === null || load.machine_cores === null || load.machine_cores === 0 ? null : load.cpu_cores / load.machine_cores;
const memoryUsed = ({ load }: Host): number | null =>
  load.rss_bytes === null || load.machine_memory_bytes === null || load.machine_memory_bytes === 0
    ? null
    : load.rss_bytes / load.machine_memory_bytes;

const machineCpu = ({ load }: Host): string | undefined =>
  load.machine_cpu_ratio === null
    ? undefined
    : `The process in cores; the machine (${load.machine_cores ?? '?'} cores) is ${formatValue(load.machine_cpu_ratio, 'ratio')} busy`;

function machineMemory({ load }: Host): string | undefined {
  if (load.machine_memory_bytes === null || load.machine_memory_free_bytes === null || load.machine_memory_bytes === 0) return undefined;
  const used = 1 - load.machine_memory_free_bytes / load.machine_memory_bytes;
  return `The process; of the machine's ${formatValue(load.machine_memory_bytes, 'bytes')} ${formatValue(used, 'ratio')} are used`;
}
