import { queryOptions, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { call } from '../../api/client.ts';
import { problemOf } from '../../api/problem.ts';
import type { Page } from '../../api/types.ts';
import { useMay } from '../../api/use-may.ts';
import { Answered } from '../../ui/answered.tsx';
import { Card, Fact, Facts } from '../../ui/card.tsx';
import { DataTable, dataRow } from '../../ui/data-table.tsx';
import { formatClock, grouped, words } from '../../ui/format.ts';
import { Mark } from '../../ui/look.tsx';
import { Ago, Button, Empty, PageHeader, ProblemNote, Skeleton } from '../../ui/primitives.tsx';
import { useQuestion } from '../../ui/use-question.tsx';
import { alertAddress } from '../alerts/looks.ts';
import { Trouble } from './channels.tsx';
import { TestButton } from './test-button.tsx';
import { type Channel, channelLook, type Notification, notificationLooks } from './types.ts';

const channelOf = (name: string) =>
  queryOptions({
    queryKey: ['channel', name],
    queryFn: ({ signal }) => call<Channel>(`/channels/${encodeURIComponent(name)}`, { signal }),
    refetchInterval: 5_000,
  });
const messagesOf = (channel: string) =>
  queryOptions({
    queryKey: ['notifications', channel],
    queryFn: ({ signal }) => call<Page<Notification>>('/notifications', { query: { channel, limit: 50 }, signal }),
    refetchInterval: 5_000,
  });

/** One channel: whether it works, what waits for it, what was tried and how that went. */
export function ChannelPage({ name }: { readonly name: string }): ReactNode {
  const { data: channel, error, isPending, refetch } = useQuery(channelOf(name));
  const messages = useQuery(messagesOf(name));
  const may = { manage: useMay('channels:manage'), test: useMay('channels:write') };
  const { ask, dialog } = useQuestion();
  const [, navigate] = useLocation();
  if (!channel)
    return (
      <>
        <PageHeader title={name} />
        {isPending ? (
          <Skeleton className="h-40" />
        ) : (
          <div className="card">
            <ProblemNote problem={problemOf(error)} retry={() => void refetch()} />
          </div>
        )}
      </>
    );
  const path = `/channels/${encodeURIComponent(name)}`;
  const turn = (): void =>
    ask({
      title: channel.enabled ? `Switch ${name} off?` : `Switch ${name} on?`,
      text: channel.enabled
        ? 'Nobody is told by it. What waits for it waits on, for a day at most.'
        : 'What waits for it is tried at once.',
      verb: channel.enabled ? 'Switch off' : 'Switch on',
      act: () => call(path, { method: 'PATCH', body: { enabled: !channel.enabled } }),
      concerns: ['channels', 'channel'],
    });
  const remove = (): void =>
    ask({
      title: `Remove ${name}?`,
      text: 'What waits for it is cancelled. Rules that name it tell nobody by it any more.',
      verb: 'Remove',
      isGrave: true,
      act: () => call(path, { method: 'DELETE' }),
      concerns: ['channels'],
      after: () => navigate('/channels'),
    });
  return (
    <>
      {dialog}
      <PageHeader title={name}>
        {may.manage && (
          <>
            <Button icon={channel.enabled ? 'pause' : 'start'} onClick={turn}>
              {channel.enabled ? 'Switch off' : 'Switch on'}
            </Button>
            <Button icon="close" onClick={remove}>
              Remove
            </Button>
          </>
        )}
      </PageHeader>
      <Card title="How it fares" aside={may.test && <TestButton name={name} />}>
        <Facts>
          <Fact name="State">
            <Mark look={channelLook(channel)} />
            {channel.health.state === 'failing' && <Trouble channel={channel} />}
          </Fact>
          <Fact name="Kind">{channel.type}</Fact>
          <Fact name="Leads to">{channel.target ?? 'unknown: its settings cannot be opened with the key of this server'}</Fact>
          <Fact name="Waiting">{grouped(channel.waiting)}</Fact>
          <Fact name="Last delivered">
            <Ago at={channel.health.last_success_at} />
          </Fact>
          {channel.health.last_error !== null && (
            <Fact name="Last error">
              {channel.health.last_error}, <Ago at={channel.health.last_error_at} />
            </Fact>
          )}
          {ownSettings(channel).map(([key, value]) => (
            <Fact key={key} name={words(key)}>
              {typeof value === 'string' ? value : JSON.stringify(value)}
            </Fact>
          ))}
          {channel.sealed && <Fact name="Secrets">sealed, never shown</Fact>}
          <Fact name="Made">
            <Ago at={channel.created_at} /> by {channel.created_by}
          </Fact>
        </Facts>
      </Card>
      <Card title="Messages" flush>
        <Answered query={messages}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="Nothing was sent by it yet" icon="info">
                A test goes the way of every message: queued, attempted, written down.
              </Empty>
            ) : (
              <MessageTable messages={items} />
            )
          }
        </Answered>
      </Card>
    </>
  );
}

/** What its target does not say already. */
const ownSettings = ({ settings, target }: Channel): readonly (readonly [string, unknown])[] =>
  Object.entries(settings).filter(([, value]) => value !== target);

function MessageTable({ messages }: { readonly messages: readonly Notification[] }): ReactNode {
  return (
    <DataTable
      label="Messages, newest first"
      columns={[{ title: 'State' }, { title: 'Message' }, { title: 'Attempts' }, { title: 'Made', right: true }]}
    >
      {messages.map((message) => (
        <tr key={message.notification_id} className={dataRow}>
          <td>
            <Mark look={notificationLooks[message.state]} />
          </td>
          <th scope="row">
            {message.alert_id === null ? (
              <span className="font-medium">{message.document?.title ?? words(message.kind)}</span>
            ) : (
              <Link href={alertAddress(message.alert_id)} className="font-medium hover:underline">
                {message.document?.title ?? words(message.kind)}
              </Link>
            )}
            <span className="block text-xs text-ink-2">{words(message.kind)}</span>
          </th>
          <td>
            <Attempts message={message} />
          </td>
          <td className="text-right">
            <Ago at={message.created_at} />
          </td>
        </tr>
      ))}
    </DataTable>
  );
}

function Attempts({ message: { attempts, ledger, next_attempt_at: next, state } }: { readonly message: Notification }): ReactNode {
  if (attempts === 0) return state === 'pending' ? 'none yet' : '–';
  return (
    <ol className="flex flex-col gap-0.5 text-xs">
      {ledger.slice(-3).map((attempt) => (
        <li key={attempt.attempt} className="[overflow-wrap:anywhere]">
          <time dateTime={attempt.started_at} className="text-ink-3">
            {formatClock(Date.parse(attempt.started_at))}
          </time>{' '}
          {attempt.outcome ?? 'under way, or cut off'}
          {attempt.status !== null && `, ${attempt.status}`}
          {attempt.duration_ms !== null && `, ${attempt.duration_ms} ms`}
          {attempt.error !== null && <span className="text-ink-2"> {attempt.error}</span>}
        </li>
      ))}
      {state === 'pending' && next !== null && <li className="text-ink-3">next {formatClock(Date.parse(next))}</li>}
    </ol>
  );
}
