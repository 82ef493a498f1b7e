import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { address, call } from '../../api/client.ts';
import { problemOf } from '../../api/problem.ts';
import { useMay } from '../../api/use-may.ts';
import { Answered } from '../../ui/answered.tsx';
import { Card, Fact, Facts } from '../../ui/card.tsx';
import { DataTable, dataRow } from '../../ui/data-table.tsx';
import { AreaField } from '../../ui/field.tsx';
import { formatDuration, formatMoment, formatValue, words } from '../../ui/format.ts';
import { Icon, type IconName } from '../../ui/icons.tsx';
import { Mark } from '../../ui/look.tsx';
import { Ago, Button, PageHeader, ProblemNote, Skeleton } from '../../ui/primitives.tsx';
import { useQuestion } from '../../ui/use-question.tsx';
import { useNow } from '../../live/now.ts';
import { alertAddress, levelLooks, standingOf } from '../alerts/looks.ts';
import { incidentLooks } from './incidents.tsx';
import type { IncidentDetail, Moment } from './types.ts';

const incidentOf = (id: string) =>
  queryOptions({
    queryKey: ['incident', id],
    queryFn: ({ signal }) => call<IncidentDetail>(`/incidents/${encodeURIComponent(id)}`, { signal }),
    refetchInterval: 5_000,
  });

const timelineOf = (id: string) =>
  queryOptions({
    queryKey: ['incident', id, 'timeline'],
    queryFn: ({ signal }) => call<{ readonly items: readonly Moment[] }>(`/incidents/${encodeURIComponent(id)}/timeline`, { signal }),
    refetchInterval: 5_000,
  });

/** One incident: what it is about, which alerts it holds, and all that happened, in one order. */
export function IncidentPage({ id }: { readonly id: string }): ReactNode {
  const { data: incident, error, isPending, refetch } = useQuery(incidentOf(id));
  const { ask, dialog } = useQuestion();
  const mayTake = useMay('alerts:write');
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
  const free = incident.alerts.filter(({ acknowledged_by: owner, state }) => owner === null && state === 'firing');
  return (
    <>
      {dialog}
      <PageHeader title={incident.title}>
        {mayTake && free.length > 0 && (
          <Button
            icon="check"
            onClick={() =>
              ask({
                title: `Take on ${free.length === 1 ? 'its alert' : `its ${free.length} alerts that nobody has`}?`,
                text: 'Nobody is told of them again until they are over or their level changes.',
                verb: 'Take on',
                act: () => call(`/incidents/${encodeURIComponent(id)}/acknowledge`, { method: 'POST', body: {} }),
                concerns: ['incident', 'incidents', 'alerts', 'alert', 'escalations'],
              })
            }
          >
            Take on
          </Button>
        )}
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
        <Timeline id={incident.incident_id} />
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

const glyphs: Readonly<Record<Moment['kind'], IconName>> = {
  alert: 'alerts',
  escalation: 'up',
  notification: 'right',
  healing: 'heal',
  note: 'info',
};

/** Alerts, messages, escalations, healing and notes in one order, and room for one more note. */
function Timeline({ id }: { readonly id: string }): ReactNode {
  const now = useNow();
  const moments = useQuery(timelineOf(id));
  const mayNote = useMay('incidents:write');
  return (
    <Card title="Timeline" flush>
      <Answered query={moments}>
        {({ items }) => (
          <ol className="flex flex-col gap-1.5 p-4">
            {items.map(({ actor, at, kind, text, what }, index) => (
              <li key={index} className="flex gap-3">
                <time dateTime={at} className="shrink-0 text-ink-3">
                  {formatMoment(Date.parse(at), now)}
                </time>
                <span className={`mt-0.5 ${what === 'failed' ? 'text-bad' : 'text-ink-3'}`}>
                  <Icon name={what === 'failed' ? 'critical' : glyphs[kind]} className="size-3.5" />
                </span>
                <span className="min-w-0 [overflow-wrap:anywhere]">
                  {(kind !== 'notification' || actor !== null) && (
                    <span className="font-medium">
                      {words(what)}
                      {actor !== null && ` by ${actor}`}{' '}
                    </span>
                  )}
                  <span className={kind === 'note' ? 'whitespace-pre-wrap' : 'text-ink-2'}>{text}</span>
                </span>
              </li>
            ))}
          </ol>
        )}
      </Answered>
      {mayNote && <NoteForm id={id} />}
    </Card>
  );
}

function NoteForm({ id }: { readonly id: string }): ReactNode {
  const client = useQueryClient();
  const [text, setText] = useState('');
  const send = useMutation({
    mutationFn: () => call(`/incidents/${encodeURIComponent(id)}/notes`, { method: 'POST', body: { text } }),
    onSuccess: () => setText(''),
    onSettled: () => client.invalidateQueries({ queryKey: ['incident'] }),
  });
  const problem = send.isError ? problemOf(send.error) : undefined;
  return (
    <form
      className="flex flex-col gap-2 border-t border-line p-4"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        send.mutate();
      }}
    >
      <AreaField
        label="Note"
        value={text}
        maxLength={10_000}
        rows={2}
        error={problem?.message}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit" className="self-end" disabled={send.isPending || text.trim() === ''}>
        Add the note
      </Button>
    </form>
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
