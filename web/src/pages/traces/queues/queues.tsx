import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { type ReactNode, useCallback, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useMay } from '../../../api/use-may.ts';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { grouped } from '../../../ui/format.ts';
import { PagedList } from '../../../ui/paged-list.tsx';
import { Ago, AsOf, Button, Empty, PageHeader } from '../../../ui/primitives.tsx';
import { SearchField } from '../../../ui/search-field.tsx';
import { makeQueue, queueAddress, queueQueries, type Queue } from './queries.ts';
import { QueueForm } from './queue-form.tsx';

/** Runs that people are to look at, in queues. */
export function QueuesPage(): ReactNode {
  const [search, setSearch] = useState('');
  const listed = useInfiniteQuery({ ...queueQueries.list(search), placeholderData: keepPreviousData });
  const may = useMay('traces:write');
  const [making, setMaking] = useState(false);
  const [, navigate] = useLocation();
  const close = useCallback(() => setMaking(false), []);
  return (
    <>
      {making && (
        <QueueForm
          title="New queue"
          verb="Make it"
          onClose={close}
          send={async (given) => navigate(queueAddress((await makeQueue(given)).queue_id))}
        />
      )}
      <PageHeader title="Queues" note={<AsOf at={listed.dataUpdatedAt} staleAfterMs={60_000} />}>
        <SearchField label="Find by name" className="w-full sm:w-56" value={search} onChange={setSearch} />
        {may && (
          <Button kind="primary" onClick={() => setMaking(true)}>
            New queue
          </Button>
        )}
      </PageHeader>
      <div className="card min-w-0">
        <PagedList
          list={listed}
          empty={
            <Empty title={search === '' ? 'No queue yet' : 'No queue is called so'} icon="book">
              A queue holds runs that people are to look at, one after the other, and says what it wants to know of each. Make one, then
              mark runs in the{' '}
              <Link href="/traces" className="underline">
                list of traces
              </Link>{' '}
              and add them; LangSmith's SDKs fill queues too.
            </Empty>
          }
        >
          {(items) => <QueueTable queues={items} />}
        </PagedList>
      </div>
    </>
  );
}

function QueueTable({ queues }: { readonly queues: readonly Queue[] }): ReactNode {
  return (
    <DataTable
      label="Queues, the newest first"
      minWidth="min-w-[32rem]"
      columns={[{ title: 'Queue' }, { title: 'Waiting', right: true }, { title: 'Done', right: true }, { title: 'Made', right: true }]}
    >
      {queues.map((queue) => (
        <tr key={queue.queue_id} className={dataRow}>
          <th scope="row">
            <Link href={queueAddress(queue.queue_id)} className="font-medium [overflow-wrap:anywhere] hover:underline">
              {queue.name}
            </Link>
            {queue.description !== null && queue.description !== '' && (
              <span className="line-clamp-2 text-xs text-ink-2 [overflow-wrap:anywhere]">{queue.description}</span>
            )}
          </th>
          <td className="text-right">{queue.waiting === 0 ? <span className="text-ink-3">none</span> : grouped(queue.waiting)}</td>
          <td className="text-right">{grouped(queue.runs - queue.waiting)}</td>
          <td className="text-right">
            <Ago at={queue.created_at} />
          </td>
        </tr>
      ))}
    </DataTable>
  );
}
