import { queryOptions, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { address, call } from '../../api/client.ts';
import { problemOf } from '../../api/problem.ts';
import { Card, Fact, Facts } from '../../ui/card.tsx';
import { DataTable, dataRow } from '../../ui/data-table.tsx';
import { formatDuration, formatMoment, formatValue } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Mark } from '../../ui/look.tsx';
import { Ago, PageHeader, ProblemNote, Skeleton } from '../../ui/primitives.tsx';
import { useNow } from '../../live/now.ts';
import { alertAddress, levelLooks, standingOf } from '../alerts/looks.ts';
import { incidentLooks } from './incidents.tsx';
import { momentsOf } from './timeline.ts';
import type { IncidentDetail } from './types.ts';

const incidentOf = (id: string) =>
  queryOptions({
    queryKey: ['incident', id],
    queryFn: ({ signal }) => call<IncidentDetail>(`/incidents/${encodeURIComponent(id)}`, { signal }),
    refetchInterval: 5_000,
  });

/** One incident: what it is about, which alerts it holds, and all that happened, in one order. */
export function IncidentPage({ id }: { readonly id: string }): ReactNode {
  const { data: incident, error, isPending, refetch } = useQuery(incidentOf(id));
  if (!incident)
    return (
      <>
        <PageHeader title="Incident" />
        {isPending ? (
          <Skeleton className="h-40" />
        ) : (
          <div className="card">
            <ProblemNote problem={problemOf(error)} retry={() => void refetch()} />
          </div>
        )}
      </>
    );
  return (
    <>
      <PageHeader title={incident.title}>
        <a
          href={address(`/incidents/${incident.incident_id}/post-mortem`)}
          download
          className="inline-flex h-8 items-center gap-1.5 rounded-md border border-line-strong bg-surface px-3 text-sm font-medium hover:bg-raised"
        >
          <Icon name="table" />
          Export the post-mortem
        </a>
      </PageHeader>
      <p className="flex flex-wrap items-center gap-4">
        <Mark look={levelLooks[incident.level]} />
        <Mark look={incidentLooks[incident.state]} />
      </p>
      <div className="grid gap-4 lg:grid-cols-2">
        <What incident={incident} />
        <Timeline incident={incident} />
      </div>
      <Card title={incident.alert_count === 1 ? 'Its alert' : `Its ${incident.alert_count} alerts`} flush>
        <AlertTable incident={incident} />
      </Card>
    </>
  );
}

function What({ incident }: { readonly incident: IncidentDetail }): ReactNode {
  const now = useNow();
  const startedAt = Date.parse(incident.started_at);
  const detectedAt = Date.parse(incident.detected_at);
  const owners = [...new Set(incident.alerts.flatMap(({ acknowledged_by: owner }) => (owner === null ? [] : [owner])))];
  return (
    <Card title="What it is about">
      <Facts>
        <Fact name="Cause">{incident.cause}</Fact>
        <Fact name="Began">
          <Ago at={incident.started_at} />
        </Fact>
        <Fact name="Noticed">{formatDuration(Math.max(0, detectedAt - startedAt))} later</Fact>
        {incident.resolved_at === null ? (
          <Fact name="Has lasted">{formatDuration(now - startedAt)}</Fact>
        ) : (
          <>
            <Fact name="Over">
              <Ago at={incident.resolved_at} />
            </Fact>
            <Fact name="Lasted">{formatDuration(Date.parse(incident.resolved_at) - startedAt)}</Fact>
          </>
        )}
        <Fact name="Has it">{owners.length === 0 ? 'nobody' : owners.join(', ')}</Fact>
        <Fact name="Told">
          {incident.notifications.length === 0 ? 'nobody' : [...new Set(incident.notifications.map(({ channel }) => channel))].join(', ')}
        </Fact>
      </Facts>
    </Card>
  );
}

function Timeline({ incident }: { readonly incident: IncidentDetail }): ReactNode {
  const now = useNow();
  return (
    <Card title="Timeline">
      <ol className="flex flex-col gap-1.5">
        {momentsOf(incident).map(({ about, at, isBad, key, kind, note, what }) => (
          <li key={key} className="flex gap-3">
            <time dateTime={new Date(at).toISOString()} className="shrink-0 text-ink-3">
              {formatMoment(at, now)}
            </time>
            <span className={`mt-0.5 ${isBad ? 'text-bad' : 'text-ink-3'}`}>
              <Icon name={isBad ? 'critical' : kind === 'alert' ? 'alerts' : 'right'} className="size-3.5" />
            </span>
            <span className="min-w-0 [overflow-wrap:anywhere]">
              <span className="font-medium">{what}</span>
              {about !== undefined && <span> {about}</span>}
              {note !== undefined && <span className="text-ink-2"> {note}</span>}
            </span>
          </li>
        ))}
      </ol>
    </Card>
  );
}

function AlertTable({ incident }: { readonly incident: IncidentDetail }): ReactNode {
  return (
    <DataTable
      label="Alerts of this incident"
      columns={[
        { title: 'Level' },
        { title: 'Alert' },
        { title: 'State' },
        { title: 'Value', right: true },
        { title: 'Since', right: true },
      ]}
    >
      {incident.alerts.map((alert) => (
        <tr key={alert.alert_id} className={dataRow}>
          <td>
            <Mark look={levelLooks[alert.level]} />
          </td>
          <th scope="row">
            <Link href={alertAddress(alert.alert_id)} className="font-medium [overflow-wrap:anywhere] hover:underline">
              {alert.summary}
            </Link>
            <span className="block text-xs text-ink-2 [overflow-wrap:anywhere]">{alert.explanation}</span>
          </th>
          <td title={alert.suppression?.reason}>
            <Mark look={standingOf(alert)} />
          </td>
          <td className="text-right whitespace-nowrap">{formatValue(alert.value, alert.unit)}</td>
          <td className="text-right">
            <Ago at={alert.started_at} />
          </td>
        </tr>
      ))}
    </DataTable>
  );
}
