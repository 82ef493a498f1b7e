import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { problemOf } from '../api/problem.ts';
import { queries } from '../api/queries.ts';
import type { OutsideWatcher, PushMonitor } from '../api/types.ts';
import { formatDuration, formatFull } from '../ui/format.ts';
import { Icon, type IconName } from '../ui/icons.tsx';
import { Ago, AsOf, Empty, PageHeader, ProblemNote, Skeleton } from '../ui/primitives.tsx';

interface Look {
  readonly icon: IconName;
  readonly colour: string;
  readonly label: string;
}

const looks: Readonly<Record<PushMonitor['state'], Look>> = {
  down: { icon: 'critical', colour: 'text-bad', label: 'Down' },
  late: { icon: 'clock', colour: 'text-warn', label: 'Late' },
  new: { icon: 'unknown', colour: 'text-ink-3', label: 'Never called' },
  running: { icon: 'run_now', colour: 'text-accent', label: 'Running' },
  up: { icon: 'check', colour: 'text-ok', label: 'Up' },
  paused: { icon: 'pause', colour: 'text-idle', label: 'Paused' },
};
const order = Object.keys(looks);

const watcherLooks: Readonly<Record<OutsideWatcher['state'], Look>> = {
  unreachable: { icon: 'critical', colour: 'text-bad', label: 'Not reached' },
  new: { icon: 'unknown', colour: 'text-ink-3', label: 'Not called yet' },
  reached: { icon: 'check', colour: 'text-ok', label: 'Reached' },
};

/** Dead man's switches, both ways. */
export function MonitorsPage(): ReactNode {
  const monitors = useQuery(queries.monitors());
  const watchers = useQuery(queries.watchers());
  return (
    <>
      <PageHeader title="Monitors" note={<AsOf at={monitors.dataUpdatedAt} staleAfterMs={30_000} />} />
      <section className="flex min-w-0 flex-col gap-2.5">
        <h2 id="jobs-title" className="text-md">
          Jobs that must call
        </h2>
        <div className="card min-w-0 overflow-x-auto" role="region" aria-labelledby="jobs-title" tabIndex={0}>
          {monitors.isPending ? (
            <Waiting />
          ) : !monitors.data ? (
            <ProblemNote problem={problemOf(monitors.error)} retry={() => void monitors.refetch()} />
          ) : monitors.data.items.length === 0 ? (
            <Empty title="No job is watched" icon="clock">
              A backup that no longer runs sends no error. <code>muster monitors add backup --every 1d</code> makes a monitor and prints the
              line its job must run.
            </Empty>
          ) : (
            <MonitorTable
              monitors={monitors.data.items.toSorted(
                (a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.name.localeCompare(b.name),
              )}
            />
          )}
        </div>
      </section>
      <section className="flex min-w-0 flex-col gap-2.5">
        <h2 id="watchers-title" className="text-md">
          Watchers that Muster calls
        </h2>
        <div className="card min-w-0 overflow-x-auto" role="region" aria-labelledby="watchers-title" tabIndex={0}>
          {watchers.isPending ? (
            <Waiting />
          ) : !watchers.data ? (
            <ProblemNote problem={problemOf(watchers.error)} retry={() => void watchers.refetch()} />
          ) : watchers.data.items.length === 0 ? (
            <Empty title="Nobody outside waits for Muster" icon="info">
              Should all of it stop, it cannot tell you. <code>muster watchers add deadman https://…</code> lets it call somebody who can.
            </Empty>
          ) : (
            <WatcherTable watchers={watchers.data.items} />
          )}
        </div>
      </section>
    </>
  );
}

function Waiting(): ReactNode {
  return (
    <div className="p-4">
      <Skeleton className="h-6" />
    </div>
  );
}

const headRow =
  'h-9 border-b border-line [&>th]:px-2 [&>th]:font-medium [&>th]:whitespace-nowrap [&>th:first-child]:pl-4 [&>th:last-child]:pr-4';
const bodyRow = 'border-b border-line last:border-0 [&>*]:px-2 [&>*]:py-2.5 [&>*:first-child]:pl-4 [&>*:last-child]:pr-4 align-top';

function MonitorTable({ monitors }: { readonly monitors: readonly PushMonitor[] }): ReactNode {
  return (
    <table className="w-full min-w-[56rem] border-collapse text-left">
      <caption className="sr-only">Jobs elsewhere that must call, those in trouble first</caption>
      <thead className="text-xs text-ink-2">
        <tr className={headRow}>
          <th scope="col">Job</th>
          <th scope="col">State</th>
          <th scope="col">Expected</th>
          <th scope="col">Next call</th>
          <th scope="col">Last success</th>
          <th scope="col">Took</th>
        </tr>
      </thead>
      <tbody>
        {monitors.map((monitor) => (
          <tr key={monitor.name} className={bodyRow}>
            <th scope="row" className="font-medium">
              {monitor.name}
              {monitor.curl !== null && (
                <details className="text-xs font-normal text-ink-2">
                  <summary className="cursor-pointer">What it runs</summary>
                  <code className="block max-w-[36rem] py-1 [overflow-wrap:anywhere] select-all">{monitor.curl}</code>
                </details>
              )}
            </th>
            <td>
              <Standing look={looks[monitor.state]} />
              {monitor.because !== null && <span className="block text-xs text-ink-3">{monitor.because}</span>}
            </td>
            <td>
              {monitor.every === null ? (
                <>
                  <code>{monitor.cron}</code> <span className="text-ink-3">{monitor.time_zone}</span>
                </>
              ) : (
                `every ${monitor.every}`
              )}
              <span className="block text-xs text-ink-3">{monitor.grace} late at most</span>
            </td>
            <td>{monitor.due_at === null ? '–' : <time dateTime={monitor.due_at}>{formatFull(Date.parse(monitor.due_at))}</time>}</td>
            <td>
              <Ago at={monitor.last_success_at} />
            </td>
            <td>{monitor.last_duration_ms === null ? '–' : formatDuration(monitor.last_duration_ms)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function WatcherTable({ watchers }: { readonly watchers: readonly OutsideWatcher[] }): ReactNode {
  return (
    <table className="w-full min-w-[40rem] border-collapse text-left">
      <caption className="sr-only">Watchers elsewhere that expect to hear from Muster</caption>
      <thead className="text-xs text-ink-2">
        <tr className={headRow}>
          <th scope="col">Watcher</th>
          <th scope="col">State</th>
          <th scope="col">Where</th>
          <th scope="col">Every</th>
          <th scope="col">Last reached</th>
        </tr>
      </thead>
      <tbody>
        {watchers.map((watcher) => (
          <tr key={watcher.name} className={bodyRow}>
            <th scope="row" className="font-medium">
              {watcher.name}
            </th>
            <td>
              <Standing look={watcherLooks[watcher.state]} />
              {watcher.last_error !== null && <span className="block text-xs text-ink-3">{watcher.last_error}</span>}
            </td>
            <td className="[overflow-wrap:anywhere]">{watcher.origin}</td>
            <td>{watcher.every}</td>
            <td>
              <Ago at={watcher.last_success_at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Standing({ look: { icon, colour, label } }: { readonly look: Look }): ReactNode {
  return (
    <span className={`inline-flex items-center gap-2 align-middle ${colour}`}>
      <Icon name={icon} className="size-3.5" />
      {label}
    </span>
  );
}
