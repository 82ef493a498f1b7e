import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useMay } from '../../../api/use-may.ts';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { PagedList } from '../../../ui/paged-list.tsx';
import { Ago, Button, Empty } from '../../../ui/primitives.tsx';
import { useQuestion } from '../../../ui/use-question.tsx';
import { runAddress } from '../address.ts';
import { nameOf } from '../looks.ts';
import { markItem, queueQueries, type WholeQueue } from './queries.ts';

/** What was looked at, by whom and when; any of it can be looked at again. */
export function DoneTable({ queue }: { readonly queue: WholeQueue }): ReactNode {
  const listed = useInfiniteQuery(queueQueries.done(queue.queue_id));
  const may = useMay('traces:write');
  const { ask, dialog } = useQuestion();
  return (
    <div className="card min-w-0">
      {dialog}
      <PagedList list={listed} empty={<Empty title="Nothing is done yet" icon="check" />}>
        {(items) => (
          <DataTable
            label="Runs that were looked at"
            minWidth="min-w-[36rem]"
            columns={[{ title: 'Run' }, { title: 'By' }, { title: 'Done', right: true }, { title: 'Actions', hidden: true }]}
          >
            {items.map((item) => (
              <tr key={item.item_id} className={dataRow}>
                <th scope="row">
                  <Link href={runAddress(item)} className="font-medium [overflow-wrap:anywhere] hover:underline">
                    {nameOf(item)}
                  </Link>
                  <span className="block text-xs text-ink-3 [overflow-wrap:anywhere]">{item.project}</span>
                </th>
                <td className="[overflow-wrap:anywhere]">{item.completed_by}</td>
                <td className="text-right">
                  <Ago at={item.completed_at} />
                </td>
                <td className="text-right">
                  {may && (
                    <Button
                      kind="ghost"
                      onClick={() =>
                        ask({
                          title: 'Look at it again?',
                          text: 'It waits in the queue again, at its old place. What was said of it stays.',
                          verb: 'Look again',
                          act: () => markItem(queue.queue_id, item.item_id, 'open'),
                          concerns: ['queues'],
                        })
                      }
                    >
                      Look again
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </DataTable>
        )}
      </PagedList>
    </div>
  );
}
