import { queryOptions, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { call } from '../../api/client.ts';
import type { Page } from '../../api/types.ts';
import { useMay } from '../../api/use-may.ts';
import { Answered } from '../../ui/answered.tsx';
import { DataTable, dataRow } from '../../ui/data-table.tsx';
import { formatDuration, grouped } from '../../ui/format.ts';
import { Mark } from '../../ui/look.tsx';
import { Ago, AsOf, Button, Empty, PageHeader } from '../../ui/primitives.tsx';
import { useNow } from '../../live/now.ts';
import { ChannelForm } from './channel-form.tsx';
import { TestButton } from './test-button.tsx';
import { type Channel, channelAddress, channelLook } from './types.ts';

export const channelsOf = () =>
  queryOptions({
    queryKey: ['channels'],
    queryFn: ({ signal }) => call<Page<Channel>>('/channels', { query: { limit: 200 }, signal }),
    refetchInterval: 5_000,
  });

/** The ways by which people are told. */
export function ChannelsPage(): ReactNode {
  const channels = useQuery(channelsOf());
  const mayMake = useMay('channels:manage');
  const [making, setMaking] = useState(false);
  return (
    <>
      {making && <ChannelForm onClose={() => setMaking(false)} />}
      <PageHeader title="Channels" note={<AsOf at={channels.dataUpdatedAt} staleAfterMs={20_000} />}>
        {mayMake && (
          <Button kind="primary" onClick={() => setMaking(true)}>
            New channel
          </Button>
        )}
      </PageHeader>
      <div className="card min-w-0">
        <Answered query={channels}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="Nobody is told of alerts yet" icon="alerts">
                Make a channel, to a webhook, mail, Slack, Discord, Telegram, Teams, ntfy, PagerDuty or a command, then name it in rules.{' '}
                <code>muster channels add</code> does the same.
              </Empty>
            ) : (
              <ChannelTable channels={items} />
            )
          }
        </Answered>
      </div>
    </>
  );
}

function ChannelTable({ channels }: { readonly channels: readonly Channel[] }): ReactNode {
  const mayTest = useMay('channels:write');
  return (
    <DataTable
      label="Channels, in order of their names"
      columns={[
        { title: 'Channel' },
        { title: 'State' },
        { title: 'Waiting', right: true },
        { title: 'Last delivered', right: true },
        { title: 'Actions', hidden: true },
      ]}
    >
      {channels.map((channel) => (
        <tr key={channel.name} className={dataRow}>
          <th scope="row">
            <Link href={channelAddress(channel.name)} className="font-medium [overflow-wrap:anywhere] hover:underline">
              {channel.name}
            </Link>
            <span className="block text-xs text-ink-2 [overflow-wrap:anywhere]">
              {channel.type}, {channel.target ?? 'its settings cannot be opened here'}
            </span>
          </th>
          <td>
            <Mark look={channelLook(channel)} />
            {channel.health.state === 'failing' && <Trouble channel={channel} />}
          </td>
          <td className="text-right">{grouped(channel.waiting)}</td>
          <td className="text-right">
            <Ago at={channel.health.last_success_at} />
          </td>
          <td className="text-right align-middle">{mayTest && <TestButton name={channel.name} />}</td>
        </tr>
      ))}
    </DataTable>
  );
}

/** Why nothing gets through, and when it is tried next. */
export function Trouble({ channel: { health } }: { readonly channel: Channel }): ReactNode {
  const now = useNow();
  const next = health.next_attempt_at === null ? undefined : Date.parse(health.next_attempt_at) - now;
  return (
    <span className="block text-xs text-ink-2 [overflow-wrap:anywhere]">
      {health.last_error} <span className="text-ink-3">({health.failures} in a row)</span>
      {next !== undefined && (
        <span className="block text-ink-3">{next > 0 ? `tried again in ${formatDuration(next)}` : 'being tried again'}</span>
      )}
    </span>
  );
}
