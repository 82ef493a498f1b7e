import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useCallback, useMemo, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { address } from '../../../api/client.ts';
import { problemOf } from '../../../api/problem.ts';
import { serverNow } from '../../../api/server-clock.ts';
import { useMay } from '../../../api/use-may.ts';
import { CopyButton } from '../../../ui/copy-button.tsx';
import { grouped } from '../../../ui/format.ts';
import { Menu } from '../../../ui/menu.tsx';
import { AsOf, Button, Empty, Kbd, PageHeader, ProblemNote, Skeleton } from '../../../ui/primitives.tsx';
import { compareAddress, emptyView, exportQueryOf, isNarrowed, queryOf, searchOf, type View, viewOf } from '../address.ts';
import { AddRunsForm } from '../datasets/add-runs.tsx';
import { AddToQueueForm } from '../queues/add-to-queue.tsx';
import { traceQueries } from '../queries.ts';
import type { RunSummary } from '../types.ts';
import { FilterBar } from './filter-bar.tsx';
import { FirstTrace } from './first-trace.tsx';
import { merge } from './merge.ts';
import { RunTable } from './run-table.tsx';
import { SavedFilters } from './saved-filters.tsx';

/** So many become examples at once. */
const mostChosen = 1_000;

/** Runs of all projects or of one, newest first. What comes while one looks is counted, and shown when it is asked for. */
export function TracesPage(): ReactNode {
  const search = useSearch();
  const [, navigate] = useLocation();
  const view = useMemo(() => viewOf(search), [search]);
  const setView = useCallback(
    (next: View) => {
      const text = searchOf(next);
      navigate(text === '' ? '/traces' : `/traces?${text}`, { replace: true });
    },
    [navigate],
  );
  // Fixed while one looks at the same: a beginning that moved would ask for another list every minute.
  const query = useMemo(() => queryOf(view, serverNow()), [view]);
  const listed = useInfiniteQuery(traceQueries.runs(query));
  const newest = useQuery({ ...traceQueries.newest(query), enabled: listed.data !== undefined });
  const client = useQueryClient();
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const { fresh, runs } = useMemo(
    () => merge(listed.data?.pages.flatMap((page) => page.items) ?? [], newest.isPlaceholderData ? [] : (newest.data?.items ?? [])),
    [listed.data, newest.data, newest.isPlaceholderData],
  );
  const { fetchNextPage, hasNextPage, isFetchingNextPage, isFetchNextPageError } = listed;
  const more = useCallback(() => {
    if (!isFetchingNextPage && !isFetchNextPageError) void fetchNextPage();
  }, [fetchNextPage, isFetchingNextPage, isFetchNextPageError]);
  const showNew = (): void => {
    void client.resetQueries({ queryKey: traceQueries.runs(query).queryKey });
    scrollTo({ top: 0 });
  };
  const choose = useCallback((run: RunSummary) => {
    setChosen((before) =>
      before.includes(run.run_id) ? before.filter((id) => id !== run.run_id) : [...before, run.run_id].slice(-mostChosen),
    );
  }, []);
  const narrow = useCallback((change: Partial<View>) => setView({ ...view, ...change }), [setView, view]);
  const [a, b] = chosen;
  const mayWrite = useMay('traces:write');
  const [adding, setAdding] = useState<'dataset' | 'queue'>();
  const added = useCallback(() => setAdding(undefined), []);
  const narrowed = isNarrowed(view);
  const rootsOnly = view.q !== '' && query['is_root'] === 'true';
  return (
    <>
      {adding === 'dataset' && <AddRunsForm runIds={chosen} onClose={added} />}
      {adding === 'queue' && <AddToQueueForm runIds={chosen} onClose={added} />}
      <PageHeader title="Traces" note={<AsOf at={newest.dataUpdatedAt} staleAfterMs={15_000} />}>
        {a !== undefined && (
          <>
            {chosen.length <= 2 && (
              <Button icon="compare" disabled={b === undefined} onClick={() => b !== undefined && navigate(compareAddress(a, b))}>
                {b === undefined ? 'Mark one more' : 'Compare'}
              </Button>
            )}
            {mayWrite && (
              <>
                <Button icon="book" onClick={() => setAdding('dataset')}>
                  Add to a dataset
                </Button>
                <Button icon="user" onClick={() => setAdding('queue')}>
                  Add to a queue
                </Button>
              </>
            )}
            <Button kind="ghost" icon="close" onClick={() => setChosen([])}>
              {grouped(chosen.length)} marked
              <span className="sr-only">, unmark</span>
            </Button>
          </>
        )}
        <span className="hidden items-center gap-1.5 text-xs text-ink-3 xl:inline-flex">
          <Kbd>↑</Kbd> <Kbd>↓</Kbd> move, <Kbd>x</Kbd> marks
        </span>
        <ExportMenu view={view} />
        <CopyButton label="Copy a link to this list" text={() => location.href}>
          Link
        </CopyButton>
      </PageHeader>
      <FilterBar view={view} onChange={setView}>
        <SavedFilters view={view} />
      </FilterBar>
      <div className="card min-w-0">
        {listed.isPending ? (
          <div className="flex flex-col gap-4 p-4">
            {Array.from({ length: 8 }, (_, index) => (
              <Skeleton key={index} className="h-8" />
            ))}
          </div>
        ) : listed.data === undefined ? (
          <ProblemNote problem={problemOf(listed.error)} retry={() => void listed.refetch()} />
        ) : (
          <>
            {rootsOnly && runs.length > 0 && (
              <p className="flex flex-wrap items-center justify-center gap-x-2 border-b border-line p-1.5 text-xs text-ink-2">
                {onlyRoots}
                <Button kind="ghost" onClick={() => narrow({ all: true })}>
                  Search every run
                </Button>
              </p>
            )}
            {fresh.length > 0 && (
              <p aria-live="polite" className="border-b border-line p-1.5 text-center">
                <Button kind="ghost" icon="up" onClick={showNew}>
                  {newest.data?.next_cursor !== null && fresh.length >= 50 ? 'More than 50' : grouped(fresh.length)} new
                </Button>
              </p>
            )}
            {runs.length === 0 ? (
              <NothingHere
                view={view}
                narrowed={narrowed}
                onShowAll={() => setView({ ...emptyView, range: '' })}
                onLookInside={rootsOnly ? () => narrow({ all: true }) : undefined}
              />
            ) : (
              <RunTable
                runs={runs}
                label="Runs, newest first"
                hasMore={hasNextPage}
                onMore={more}
                onNarrow={narrow}
                chosen={chosen}
                onChoose={choose}
                withProject={view.project === ''}
                sought={view.q}
              />
            )}
            {isFetchNextPageError && <ProblemNote problem={problemOf(listed.error)} retry={() => void fetchNextPage()} />}
            {isFetchingNextPage && (
              <div className="p-3">
                <Skeleton className="h-6" />
              </div>
            )}
          </>
        )}
      </div>
    </>
  );
}

/** The runs of the list in a file, however many there are: the browser takes it as it comes. */
function ExportMenu({ view }: { readonly view: View }): ReactNode {
  const may = useMay('traces:manage');
  const query = exportQueryOf(view, serverNow());
  if (!may || query === undefined) return null;
  const download = (format: 'ndjson' | 'csv') => (): void => {
    // What is refused is a download that failed, and this page stays.
    const link = document.createElement('a');
    link.href = address('/traces/export', { ...query, format });
    link.download = `runs.${format}`;
    link.click();
  };
  return (
    <Menu
      label="Export these runs"
      icon="download"
      items={[
        { id: 'csv', label: 'CSV, for a spreadsheet', icon: 'table', onSelect: download('csv') },
        { id: 'ndjson', label: 'JSON Lines, with all they hold', icon: 'download', onSelect: download('ndjson') },
      ]}
    />
  );
}

const onlyRoots = 'What traces begin and end with was searched, not the steps between.';

function NothingHere({
  view,
  narrowed,
  onShowAll,
  onLookInside,
}: {
  readonly view: View;
  readonly narrowed: boolean;
  readonly onShowAll: () => void;
  /** Given where only the first run of each trace was looked at. */
  readonly onLookInside: (() => void) | undefined;
}): ReactNode {
  const projects = useQuery(traceQueries.projects());
  const none = projects.data !== undefined && projects.data.items.length === 0;
  if (none && !narrowed) return <FirstTrace />;
  return (
    <Empty title={narrowed ? 'No run fits' : 'No run in this time'} icon="search">
      {onLookInside
        ? onlyRoots
        : view.q !== '' && 'Words are found where they were said: in inputs, outputs, errors, names, tags and metadata.'}
      {onLookInside && (
        <Button kind="primary" className="mt-2" onClick={onLookInside}>
          Search every run
        </Button>
      )}
      <Button className="mt-2" onClick={onShowAll}>
        Show all
      </Button>
    </Empty>
  );
}
