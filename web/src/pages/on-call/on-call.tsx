import { queryOptions, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { call } from '../../api/client.ts';
import type { Page } from '../../api/types.ts';
import { useMay } from '../../api/use-may.ts';
import { Answered } from '../../ui/answered.tsx';
import { Card, Fact, Facts } from '../../ui/card.tsx';
import { DataTable, dataRow } from '../../ui/data-table.tsx';
import { formatDuration, formatMoment } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Mark } from '../../ui/look.tsx';
import { AsOf, Button, Empty, PageHeader } from '../../ui/primitives.tsx';
import { useQuestion } from '../../ui/use-question.tsx';
import { useNow } from '../../live/now.ts';
import { levelLooks } from '../alerts/looks.ts';
import { incidentAddress } from '../incidents/types.ts';
import { OverrideForm } from './override-form.tsx';
import { Rota } from './rota.tsx';
import type { Escalation, OnCall, Override, Shift } from './types.ts';

const everyMs = 15_000;
const onCallNow = () =>
  queryOptions({
    queryKey: ['on-call'],
    queryFn: ({ signal }) => call<{ readonly items: readonly OnCall[] }>('/on-call', { signal }),
    refetchInterval: everyMs,
  });
const escalationsWaiting = () =>
  queryOptions({
    queryKey: ['escalations'],
    queryFn: ({ signal }) => call<{ readonly items: readonly Escalation[] }>('/escalations', { query: { state: 'waiting' }, signal }),
    refetchInterval: everyMs,
  });
const overridesOf = (schedule: string) =>
  queryOptions({
    queryKey: ['on-call', schedule, 'overrides'],
    queryFn: ({ signal }) => call<Page<Override>>(`/on-call/schedules/${encodeURIComponent(schedule)}/overrides`, { signal }),
    refetchInterval: everyMs,
  });

/** Who is on call now and next, the coming two weeks, and whom escalations reach next. */
export function OnCallPage(): ReactNode {
  const schedules = useQuery(onCallNow());
  return (
    <>
      <PageHeader title="On call" note={<AsOf at={schedules.dataUpdatedAt} staleAfterMs={45_000} />} />
      <Answered query={schedules}>
        {({ items }) =>
          items.length === 0 ? (
            <div className="card">
              <Empty title="Nobody is on call yet" icon="clock">
                A schedule says whose turn it is; an escalation policy whom to tell next where nobody takes an incident on.{' '}
                <code>muster oncall apply oncall.yml</code> puts people, schedules and policies of a file in force.
              </Empty>
            </div>
          ) : (
            items.map((each) => <Schedule key={each.schedule} schedule={each} />)
          )
        }
      </Answered>
      <Escalations />
    </>
  );
}

function Schedule({ schedule }: { readonly schedule: OnCall }): ReactNode {
  const now = useNow();
  const mayWrite = useMay('on-call:write');
  const [stepping, setStepping] = useState(false);
  const { calendar, gap_seconds: gap, now: present, next, schedule: name, time_zone: zone } = schedule;
  return (
    <Card
      title={name}
      aside={
        mayWrite && (
          <Button icon="agents" onClick={() => setStepping(true)} aria-label={`Step in on ${name}`}>
            Step in
          </Button>
        )
      }
    >
      {stepping && <OverrideForm schedule={name} onClose={() => setStepping(false)} />}
      <div className="flex flex-col gap-4">
        <Facts>
          <Fact name="Now">
            {present === null ? (
              <span className="inline-flex items-center gap-1.5 font-medium text-bad">
                <Icon name="critical" className="size-3.5" />
                nobody
              </span>
            ) : (
              <>
                <span className="font-medium">{present.people.join(', ')}</span>
                <span className="text-ink-2"> {until(present, now)}</span>
              </>
            )}
          </Fact>
          <Fact name="Next">
            {next === null ? (
              'nobody within two months'
            ) : (
              <>
                {next.people.join(', ')}
                <span className="text-ink-2"> from {formatMoment(Date.parse(next.from), now)}</span>
              </>
            )}
          </Fact>
          <Fact name="Clock">{zone}</Fact>
          {gap > 0 && (
            <Fact name="Gaps">
              <span className="font-medium text-warn">{formatDuration(gap * 1_000)}</span> of the next two weeks has nobody
            </Fact>
          )}
          {calendar !== null && (
            <Fact name="Calendar">
              {calendar.error === null ? (
                `${calendar.events} events`
              ) : (
                <span className="text-bad">{calendar.error}; what was read last holds</span>
              )}
              {calendar.unknown.length > 0 && <span className="text-warn">, nobody here is called {calendar.unknown.join(', ')}</span>}
            </Fact>
          )}
        </Facts>
        <Rota schedule={name} />
        <Overrides schedule={name} mayWrite={mayWrite} />
      </div>
    </Card>
  );
}

const until = ({ to }: Shift, now: number): string => `for ${formatDuration(Date.parse(to) - now)} more`;

function Overrides({ schedule, mayWrite }: { readonly schedule: string; readonly mayWrite: boolean }): ReactNode {
  const { data } = useQuery(overridesOf(schedule));
  const { ask, dialog } = useQuestion();
  const now = useNow();
  const items = (data?.items ?? []).filter(({ ends_at: end }) => Date.parse(end) > now);
  if (items.length === 0) return null;
  return (
    <>
      {dialog}
      <DataTable
        label={`Who steps in on ${schedule}`}
        minWidth="min-w-[36rem]"
        columns={[{ title: 'Steps in' }, { title: 'From' }, { title: 'To' }, { title: 'Why' }, { title: 'Actions', hidden: true }]}
      >
        {items.map((each) => (
          <tr key={each.override_id} className={dataRow}>
            <th scope="row" className="font-medium">
              {each.person}
            </th>
            <td className="whitespace-nowrap">{formatMoment(Date.parse(each.starts_at), now)}</td>
            <td className="whitespace-nowrap">{formatMoment(Date.parse(each.ends_at), now)}</td>
            <td className="[overflow-wrap:anywhere]">{each.reason === '' ? '–' : each.reason}</td>
            <td className="text-right align-middle">
              {mayWrite && (
                <Button
                  kind="ghost"
                  icon="close"
                  aria-label={`Take back that ${each.person} steps in`}
                  onClick={() =>
                    ask({
                      title: `${each.person} does not step in?`,
                      text: 'Whoever has the turn by the schedule is on call again.',
                      verb: 'Take it back',
                      act: () => call(`/on-call/overrides/${each.override_id}`, { method: 'DELETE' }),
                      concerns: ['on-call'],
                    })
                  }
                >
                  Take back
                </Button>
              )}
            </td>
          </tr>
        ))}
      </DataTable>
    </>
  );
}

function Escalations(): ReactNode {
  const escalations = useQuery(escalationsWaiting());
  const now = useNow();
  return (
    <Card title="Escalations that wait" flush>
      <Answered query={escalations}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nobody is waited for" icon="check">
              Where an incident has a policy and nobody takes it on, the next step stands here with its time.
            </Empty>
          ) : (
            <DataTable
              label="Escalations, the next step first"
              columns={[
                { title: 'Level' },
                { title: 'Incident' },
                { title: 'Policy' },
                { title: 'Next step', right: true },
                { title: 'Due', right: true },
              ]}
            >
              {items.map((each) => (
                <tr key={each.escalation_id} className={dataRow}>
                  <td>
                    <Mark look={levelLooks[each.level]} />
                  </td>
                  <th scope="row">
                    <Link href={incidentAddress(each.incident_id)} className="font-medium [overflow-wrap:anywhere] hover:underline">
                      {each.incident}
                    </Link>
                  </th>
                  <td>{each.policy}</td>
                  <td className="text-right">
                    {each.next_step ?? '–'}
                    {each.round > 1 && <span className="text-ink-3"> of round {each.round}</span>}
                  </td>
                  <td className="text-right whitespace-nowrap">
                    {each.due_at === null ? '–' : `in ${formatDuration(Math.max(0, Date.parse(each.due_at) - now))}`}
                  </td>
                </tr>
              ))}
            </DataTable>
          )
        }
      </Answered>
    </Card>
  );
}
