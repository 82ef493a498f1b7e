import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { call } from '../../api/client.ts';
import { useMay } from '../../api/use-may.ts';
import { Answered } from '../../ui/answered.tsx';
import { DataTable, dataRow } from '../../ui/data-table.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { formatBytes, words } from '../../ui/format.ts';
import { PagedList } from '../../ui/paged-list.tsx';
import { Ago, Button, Empty, PageHeader } from '../../ui/primitives.tsx';
import { useQuestion } from '../../ui/use-question.tsx';
import { traceQueries } from './queries.ts';
import type { Quarantined } from './types.ts';

/** What was sent and could not be kept as what it claims to be: so that nobody wonders where it is. */
export function QuarantinePage(): ReactNode {
  const listed = useInfiniteQuery(traceQueries.quarantine());
  const [open, setOpen] = useState<Quarantined>();
  const { ask, dialog } = useQuestion();
  const may = useMay('traces:manage');
  return (
    <>
      {dialog}
      {open && <Held item={open} onClose={() => setOpen(undefined)} />}
      <PageHeader title="Quarantine" />
      <div className="card min-w-0">
        <PagedList
          list={listed}
          empty={
            <Empty title="Nothing was refused" icon="check">
              A run that is broken, or meant for a project its key may not write to, comes here. The runs sent with it are kept all the
              same.
            </Empty>
          }
        >
          {(items) => (
            <DataTable
              label="What was refused, newest first"
              columns={[
                { title: 'Received' },
                { title: 'Reason' },
                { title: 'From' },
                { title: 'Size', right: true },
                { title: 'Actions', hidden: true },
              ]}
            >
              {items.map((item) => (
                <tr key={item.no} className={dataRow}>
                  <td>
                    <Ago at={item.received_at} />
                  </td>
                  <th scope="row">
                    <span className="font-medium">{words(item.reason)}</span>
                    <span className="block text-xs text-ink-2 [overflow-wrap:anywhere]">{item.message}</span>
                  </th>
                  <td>
                    {item.source}
                    <span className="block text-xs text-ink-3 [overflow-wrap:anywhere]">
                      {[item.project, item.run_id].filter((part) => part !== null).join(' · ')}
                    </span>
                  </td>
                  <td className="text-right whitespace-nowrap">{formatBytes(item.size)}</td>
                  <td className="text-right whitespace-nowrap">
                    <Button kind="ghost" onClick={() => setOpen(item)} aria-label={`Show what came, ${item.no}`}>
                      Show
                    </Button>
                    {may && (
                      <Button
                        kind="ghost"
                        icon="close"
                        aria-label={`Forget ${item.no}`}
                        onClick={() =>
                          ask({
                            title: 'Forget this?',
                            text: 'What was sent goes for good.',
                            verb: 'Forget',
                            isGrave: true,
                            act: () => call(`/traces/quarantine/${item.no}`, { method: 'DELETE' }),
                            concerns: ['traces'],
                          })
                        }
                      />
                    )}
                  </td>
                </tr>
              ))}
            </DataTable>
          )}
        </PagedList>
      </div>
    </>
  );
}

function Held({ item, onClose }: { readonly item: Quarantined; readonly onClose: () => void }): ReactNode {
  const query = useQuery({
    queryKey: ['traces', 'quarantined', item.no],
    queryFn: ({ signal }) => call<Quarantined & { readonly body: string | null }>(`/traces/quarantine/${item.no}`, { signal }),
  });
  return (
    <Dialog title={words(item.reason)} onClose={onClose}>
      <p className="text-ink-2 [overflow-wrap:anywhere]">{item.message}</p>
      <Answered query={query}>
        {({ body }) =>
          body === null ? (
            <p className="text-ink-3">Its body was not kept.</p>
          ) : (
            <pre
              className="max-h-[50dvh] overflow-auto rounded-md border border-line bg-raised px-3 py-2 text-xs whitespace-pre-wrap [overflow-wrap:anywhere]"
              tabIndex={0}
              role="region"
              aria-label="What came, as far as it is kept"
            >
              {body}
            </pre>
          )
        }
      </Answered>
      <Button className="self-end" onClick={onClose}>
        Close
      </Button>
    </Dialog>
  );
}
