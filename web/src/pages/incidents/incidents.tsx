import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { call } from '../../api/client.ts';
import type { Page } from '../../api/types.ts';
import { Answered } from '../../ui/answered.tsx';
import { DataTable, dataRow } from '../../ui/data-table.tsx';
import { formatDuration, formatMoment, grouped } from '../../ui/format.ts';
import { Mark, type Look } from '../../ui/look.tsx';
import { Ago, AsOf, Empty, PageHeader } from '../../ui/primitives.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { useNow } from '../../live/now.ts';
import { levelLooks } from '../alerts/looks.ts';
import { type Incident, incidentAddress } from './types.ts';

const states = [
  { value: 'open', label: 'Open' },
  { value: 'resolved', label: 'Resolved' },
  { value: '', label: 'All' },
] as const;
type State = (typeof states)[number]['value'];

const incidentsOf = (state: State) =>
  queryOptions({
    queryKey: ['incidents', state],
    queryFn: ({ signal }) => call<Page<Incident>>('/incidents', { query: { state, limit: 200 }, signal }),
    refetchInterval: 5_000,
    placeholderData: keepPreviousData,
  });

export const incidentLooks: Readonly<Record<Incident['state'], Look>> = {
  open: { icon: 'alerts', colour: 'text-bad', label: 'Open' },
  resolved: { icon: 'check', colour: 'text-ok', label: 'Resolved' },
};

/** What happened together, as one thing: alerts of one cause. */
export function IncidentsPage(): ReactNode {
  const [path, navigate] = useLocation();
  const asked = new URLSearchParams(useSearch()).get('state');
  const state: State = asked === 'resolved' ? 'resolved' : asked === 'all' ? '' : 'open';
  const incidents = useQuery(incidentsOf(state));
  return (
    <>
      <PageHeader title="Incidents" note={<AsOf at={incidents.dataUpdatedAt} staleAfterMs={20_000} />}>
        <Segmented<State>
          legend="State"
          options={states}
          value={state}
          onChange={(next) => navigate(next === 'open' ? path : `${path}?state=${next === '' ? 'all' : next}`, { replace: true })}
        />
      </PageHeader>
      <div className="card min-w-0">
        <Answered query={incidents}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title={state === 'open' ? 'No incident is open' : 'No incidents'} icon="check">
                The first alert of a cause opens one; what follows from the same cause joins it, and is told together with it.
              </Empty>
            ) : (
              <IncidentTable incidents={items} />
            )
          }
        </Answered>
      </div>
    </>
  );
}

function IncidentTable({ incidents }: { readonly incidents: readonly Incident[] }): ReactNode {
  const now = useNow();
  return (
    <DataTable
      label="Incidents, newest first"
      columns={[
        { title: 'Level' },
        { title: 'Incident' },
        { title: 'State' },
        { title: 'Alerts', right: true },
        { title: 'Began', right: true },
        { title: 'Lasted', right: true },
      ]}
    >
      {incidents.map((incident) => (
        <tr key={incident.incident_id} className={dataRow}>
          <td>
            <Mark look={levelLooks[incident.level]} />
          </td>
          <th scope="row">
            <Link href={incidentAddress(incident.incident_id)} className="font-medium [overflow-wrap:anywhere] hover:underline">
              {incident.title}
            </Link>
            <span className="block font-mono text-2xs text-ink-3 [overflow-wrap:anywhere]">{incident.cause}</span>
          </th>
          <td>
            <Mark look={incidentLooks[incident.state]} />
          </td>
          <td className="text-right">{grouped(incident.alerts)}</td>
          <td className="text-right whitespace-nowrap">
            {incident.state === 'open' ? (
              <Ago at={incident.started_at} />
            ) : (
              <time dateTime={incident.started_at}>{formatMoment(Date.parse(incident.started_at), now)}</time>
            )}
          </td>
          <td className="text-right whitespace-nowrap">
            {formatDuration((incident.resolved_at === null ? now : Date.parse(incident.resolved_at)) - Date.parse(incident.started_at))}
          </td>
        </tr>
      ))}
    </DataTable>
  );
}
