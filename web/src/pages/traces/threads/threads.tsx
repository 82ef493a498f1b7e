import { useInfiniteQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { serverNow } from '../../../api/server-clock.ts';
import { DataTable, dataRow } from '../../../ui/data-table.tsx';
import { formatCount, grouped } from '../../../ui/format.ts';
import { PagedList } from '../../../ui/paged-list.tsx';
import { Ago, Empty, PageHeader } from '../../../ui/primitives.tsx';
import { Segmented } from '../../../ui/segmented.tsx';
import { queryOf, type Range, searchOf, threadAddress, type View, viewOf } from '../address.ts';
import { ProjectSelect, rangeOptions } from '../list/filter-bar.tsx';
import { formatCost } from '../money.ts';
import { traceQueries } from '../queries.ts';
import type { Thread } from '../types.ts';

/** Conversations of several turns: what one person and one application said, over many traces. */
export function ThreadsPage(): ReactNode {
  const search = useSearch();
  const [, navigate] = useLocation();
  const view = useMemo(() => viewOf(search), [search]);
  const set = (change: Partial<View>): void => {
    const text = searchOf({ ...view, ...change });
    navigate(text === '' ? '/traces/threads' : `/traces/threads?${text}`, { replace: true });
  };
  const query = useMemo(() => {
    const { from, project } = queryOf(view, serverNow());
    // Without a beginning the server looks back a week.
    return { from: from ?? '1970-01-01T00:00:00.000Z', project };
  }, [view]);
  const listed = useInfiniteQuery(traceQueries.threads(query));
  return (
    <>
      <PageHeader title="Threads" />
      <search className="flex flex-wrap items-center gap-2">
        <ProjectSelect value={view.project} onChange={(project) => set({ project })} />
        <Segmented<Range> legend="How far back" options={rangeOptions} value={view.range} onChange={(range) => set({ range })} />
      </search>
      <div className="card min-w-0">
        <PagedList
          list={listed}
          empty={
            <Empty title="No thread here" icon="user">
              Traces that carry <code>thread_id</code>, <code>session_id</code> or <code>conversation_id</code> in their metadata stand
              together as a thread.
            </Empty>
          }
          more="More threads"
        >
          {(threads) => <ThreadTable threads={threads} />}
        </PagedList>
      </div>
    </>
  );
}

function ThreadTable({ threads }: { readonly threads: readonly Thread[] }): ReactNode {
  return (
    <DataTable
      label="Threads, the last active first"
      columns={[
        { title: 'Thread' },
        { title: 'First asked, last answered' },
        { title: 'Turns', right: true },
        { title: 'Tokens', right: true },
        { title: 'Cost', right: true },
        { title: 'Last turn', right: true },
      ]}
    >
      {threads.map((thread) => (
        <tr key={`${thread.project} ${thread.thread_id}`} className={dataRow}>
          <th scope="row" className="max-w-64">
            <Link href={threadAddress(thread.project, thread.thread_id)} className="block truncate font-medium hover:underline">
              {thread.thread_id}
            </Link>
            <span className="block truncate text-xs text-ink-3">
              {thread.project}
              {thread.user_id !== null && ` · ${thread.user_id}`}
            </span>
          </th>
          <td className="max-w-96">
            <span dir="auto" className="block truncate text-left">
              {thread.inputs_preview ?? '–'}
            </span>
            <span dir="auto" className="block truncate text-left text-xs text-ink-2">
              {thread.outputs_preview ?? '–'}
            </span>
          </td>
          <td className="text-right">
            {grouped(thread.turns)}
            {thread.errors > 0 && <span className="block text-xs text-bad">{grouped(thread.errors)} failed</span>}
          </td>
          <td className="text-right">{thread.total_tokens === null ? '–' : formatCount(thread.total_tokens)}</td>
          <td className="text-right">{formatCost(thread.total_cost)}</td>
          <td className="text-right">
            <Ago at={thread.last_time} />
          </td>
        </tr>
      ))}
    </DataTable>
  );
}
