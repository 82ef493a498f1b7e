import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, type ReactNode, useMemo, useState } from 'react';
import { Link } from 'wouter';
import { problemOf } from '../../api/problem.ts';
import { queries } from '../../api/queries.ts';
import type { Alert, AlertLevel } from '../../api/types.ts';
import { grouped } from '../../ui/format.ts';
import { Mark } from '../../ui/look.tsx';
import { Ago, AsOf, Button, Empty, Kbd, PageHeader, ProblemNote, Skeleton } from '../../ui/primitives.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { Select } from '../../ui/select.tsx';
import { alertAddress, byUrgency, fits, levelLooks, levels, standingOf } from './looks.ts';
import { type AlertAction, useAlertActions } from './use-alert-actions.tsx';

const drawn = 500;
const states = [
  { value: 'firing', label: 'Firing' },
  { value: 'resolved', label: 'Resolved' },
  { value: '', label: 'All' },
] as const;
type State = (typeof states)[number]['value'];

/** What is wrong now, the worst that nobody has first. */
export function AlertsPage(): ReactNode {
  const [state, setState] = useState<State>('firing');
  const [level, setLevel] = useState<AlertLevel | ''>('');
  const [text, setText] = useState('');
  const { data, dataUpdatedAt, error, isPending, refetch } = useQuery(queries.alerts(state));
  const { allowed, ask, dialog } = useAlertActions();
  const chosen = useMemo(
    () => (data?.items ?? []).filter((alert) => (level === '' || alert.level === level) && fits(alert, text)).toSorted(byUrgency),
    [data, level, text],
  );
  return (
    <>
      {dialog}
      <PageHeader title="Alerts" note={<AsOf at={dataUpdatedAt} staleAfterMs={15_000} />}>
        {data && (
          <ul aria-label="Alerts by level" className="flex flex-wrap items-center gap-3 text-xs">
            {levels.map((each) => (
              <li key={each}>
                <Mark look={levelLooks[each]} />{' '}
                <span className="text-ink-2">{grouped(data.items.filter((alert) => alert.level === each).length)}</span>
              </li>
            ))}
          </ul>
        )}
      </PageHeader>
      <search className="flex flex-wrap items-center gap-2">
        <SearchField label="Filter by text" className="w-full sm:w-80" value={text} onChange={setText} />
        <Segmented<State> legend="State" options={states} value={state} onChange={setState} />
        <Select label="Level" value={level} onChange={(event) => setLevel(event.target.value as AlertLevel | '')}>
          <option value="">Any level</option>
          {levels.map((each) => (
            <option key={each} value={each}>
              {levelLooks[each].label}
            </option>
          ))}
        </Select>
        {allowed && (
          <span className="hidden items-center gap-1.5 text-xs text-ink-3 sm:inline-flex">
            On an alert <Kbd>a</Kbd> takes it on, <Kbd>s</Kbd> silences it
          </span>
        )}
      </search>
      <div className="card min-w-0 overflow-x-auto" role="region" aria-label="List of alerts" tabIndex={0}>
        {isPending ? (
          <div className="flex flex-col gap-4 p-4">
            <Skeleton className="h-6" />
            <Skeleton className="h-6" />
          </div>
        ) : !data ? (
          <ProblemNote problem={problemOf(error)} retry={() => void refetch()} />
        ) : data.items.length === 0 ? (
          <Empty title={state === 'firing' ? 'No alert fires' : 'No alerts'} icon="check">
            What rules find, agents that crash and hosts that are lost appear here by themselves.
          </Empty>
        ) : chosen.length === 0 ? (
          <Empty title="No alert fits" icon="search">
            <Button
              className="mt-2"
              onClick={() => {
                setLevel('');
                setText('');
              }}
            >
              Show all
            </Button>
          </Empty>
        ) : (
          <AlertTable alerts={chosen.slice(0, drawn)} ask={allowed ? ask : undefined} />
        )}
      </div>
    </>
  );
}

function AlertTable({
  alerts,
  ask,
}: {
  readonly alerts: readonly Alert[];
  readonly ask: ((alert: Alert, action: AlertAction) => void) | undefined;
}): ReactNode {
  return (
    <table className="w-full min-w-[56rem] border-collapse text-left">
      <caption className="sr-only">Alerts, the worst that nobody has first</caption>
      <thead className="text-xs text-ink-2">
        <tr className="h-9 border-b border-line [&>th]:px-2 [&>th]:font-medium [&>th]:whitespace-nowrap [&>th:first-child]:pl-4 [&>th:last-child]:pr-4">
          <th scope="col">Level</th>
          <th scope="col">Alert</th>
          <th scope="col">State</th>
          <th scope="col" className="text-right">
            Since
          </th>
          <th scope="col" className="relative">
            <span className="sr-only">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {alerts.map((alert) => (
          <AlertRow key={alert.alert_id} alert={alert} ask={ask} />
        ))}
      </tbody>
    </table>
  );
}

function AlertRow({
  alert,
  ask,
}: {
  readonly alert: Alert;
  readonly ask: ((alert: Alert, action: AlertAction) => void) | undefined;
}): ReactNode {
  const takes = alert.acknowledged_by === null ? 'acknowledge' : 'unacknowledge';
  const pressed = (event: KeyboardEvent): void => {
    if (ask === undefined || alert.state !== 'firing' || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'a') ask(alert, takes);
    else if (event.key === 's') ask(alert, 'silence');
    else return;
    event.preventDefault();
  };
  return (
    <tr
      className="h-12 border-b border-line last:border-0 [&>td]:px-2 [&>td]:py-2 [&>td:first-child]:pl-4 [&>td:last-child]:pr-4"
      onKeyDown={pressed}
    >
      <td>
        <Mark look={levelLooks[alert.level]} />
      </td>
      <td>
        <Link href={alertAddress(alert.alert_id)} className="font-medium [overflow-wrap:anywhere] hover:underline">
          {alert.summary}
        </Link>
        <span className="block text-xs text-ink-2 [overflow-wrap:anywhere]">{alert.explanation}</span>
      </td>
      <td title={alert.suppression?.reason}>
        <Mark look={standingOf(alert)} />
      </td>
      <td className="text-right">
        <Ago at={alert.started_at} />
      </td>
      <td className="text-right whitespace-nowrap">
        {ask && alert.state === 'firing' && (
          <>
            <Button
              kind="ghost"
              icon={takes === 'acknowledge' ? 'check' : 'close'}
              onClick={() => ask(alert, takes)}
              aria-label={`${takes === 'acknowledge' ? 'Take on' : 'Give back'} ${alert.summary}`}
            >
              {takes === 'acknowledge' ? 'Take on' : 'Give back'}
            </Button>
            <Button kind="ghost" icon="silence" onClick={() => ask(alert, 'silence')} aria-label={`Silence ${alert.summary}`}>
              Silence
            </Button>
          </>
        )}
      </td>
    </tr>
  );
}
