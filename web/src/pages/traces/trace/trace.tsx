import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type ReactNode, useCallback, useMemo, useRef, useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { problemOf } from '../../../api/problem.ts';
import { useNow } from '../../../live/now.ts';
import { CopyButton } from '../../../ui/copy-button.tsx';
import { formatCount, formatFull, formatSeconds, grouped } from '../../../ui/format.ts';
import { Mark } from '../../../ui/look.tsx';
import { Button, Empty, PageHeader, ProblemNote, Skeleton } from '../../../ui/primitives.tsx';
import { SearchField } from '../../../ui/search-field.tsx';
import { nameOf, statusLooks } from '../looks.ts';
import { formatCost } from '../money.ts';
import { traceQueries } from '../queries.ts';
import { searchInTrace } from '../address.ts';
import { useFound as useMarks } from '../use-found.ts';
import { RunPane } from './run-pane.tsx';
import { ShareButton } from './share-button.tsx';
import { matching, sumsOf, type Tree, treeOf, unfolded } from './tree.ts';
import { Waterfall } from './waterfall.tsx';

/** Traces larger than this open with their first level only. */
const openRuns = 2_000;

/** One trace: its runs as a tree on the left, the one that is selected on the right. The address says which. */
export function TracePage({ traceId }: { readonly traceId: string }): ReactNode {
  const { data, error, isPending, refetch } = useQuery(traceQueries.tree(traceId));
  if (isPending)
    return (
      <>
        <PageHeader title="Trace" />
        <div className="grid gap-4 lg:grid-cols-[minmax(0,11fr)_minmax(0,10fr)]">
          <Skeleton className="h-72" />
          <Skeleton className="h-72" />
        </div>
      </>
    );
  if (!data || data.items.length === 0)
    return (
      <>
        <PageHeader title="Trace" />
        <div className="card">
          {data ? (
            <Empty title="There is no such trace" icon="search">
              It may be older than its project keeps runs.{' '}
              <Link href="/traces" className="underline">
                All traces
              </Link>
            </Empty>
          ) : (
            <ProblemNote problem={problemOf(error)} retry={() => void refetch()} />
          )}
        </div>
      </>
    );
  return <Trace key={traceId} traceId={traceId} runs={data.items} isTruncated={data.is_truncated} />;
}

type Runs = Parameters<typeof treeOf>[0];

function Trace({
  traceId,
  runs,
  isTruncated,
}: {
  readonly traceId: string;
  readonly runs: Runs;
  readonly isTruncated: boolean;
}): ReactNode {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const ticking = useNow();
  // The clock matters only while something runs: else ten thousand rows would be reckoned anew every second.
  const running = runs.some(({ status }) => status === 'pending');
  const now = running ? ticking : 0;
  const tree = useMemo(() => treeOf(runs, now), [runs, now]);
  const given = new URLSearchParams(search);
  const asked = given.get('run');
  const sought = given.get('q') ?? '';
  const top = tree.nodes[0]?.run.run_id ?? traceId;
  const selected = asked !== null && tree.placeOf.has(asked) ? asked : top;
  const [folded, setFolded] = useState<ReadonlySet<string>>(() => foldedAtFirst(tree, selected));
  const rows = useMemo(() => unfolded(tree.nodes, folded), [tree, folded]);
  const pane = useRef<HTMLDivElement>(null);
  const pages = useRef<HTMLDivElement>(null);
  useMarks(pages, sought);
  const show = useCallback(
    (run: string, text: string) => navigate(`${path}${searchInTrace(run === top ? '' : run, text)}`, { replace: true }),
    [navigate, path, top],
  );
  const select = useCallback(
    (runId: string) => {
      show(runId, sought);
      // Below the tree where there is no room beside it.
      if (!matchMedia('(min-width: 64rem)').matches) pane.current?.scrollIntoView({ block: 'start' });
    },
    [show, sought],
  );
  const fold = useCallback((runId: string, shut: boolean) => {
    setFolded((before) => {
      const after = new Set(before);
      if (shut) after.add(runId);
      else after.delete(runId);
      return after;
    });
  }, []);
  const found = useFound(traceId, tree, sought, (text) => show(selected, text));
  const root = tree.nodes[0]?.run;
  return (
    <>
      <PageHeader title={root ? nameOf(root) : 'Trace'}>
        <span className="hidden lg:inline">
          <Totals tree={tree} />
        </span>
        <ShareButton runId={selected} />
        <CopyButton label="Copy a link to what is shown" text={() => location.href}>
          Link
        </CopyButton>
      </PageHeader>
      {isTruncated && (
        <p className="text-warn">This trace has more runs than are drawn: these are the first {grouped(tree.nodes.length)} of them.</p>
      )}
      <div ref={pages} className="grid min-h-0 gap-4 lg:h-[calc(100dvh-9rem)] lg:grid-cols-[minmax(0,11fr)_minmax(0,10fr)]">
        <section aria-label="Tree" className="card flex max-h-[70dvh] min-h-0 min-w-0 flex-col overflow-hidden lg:max-h-none">
          <TreeHead search={found} tree={tree} folded={folded} onFold={setFolded} onSelect={select} selected={selected} />
          <Waterfall
            tree={tree}
            rows={rows}
            selected={selected}
            onSelect={select}
            folded={folded}
            onFold={fold}
            found={found.ids}
            now={now}
          />
        </section>
        <div ref={pane} className="flex min-h-0 min-w-0 flex-col">
          <RunPane runId={selected} tree={tree} onSelect={select} />
        </div>
      </div>
    </>
  );
}

/** A large trace opens with its first level, and the way to the run that was asked for. */
function foldedAtFirst(tree: Tree, selected: string): ReadonlySet<string> {
  if (tree.nodes.length <= openRuns) return new Set();
  const shut = new Set(tree.nodes.filter(({ below, depth }) => depth > 0 && below > 0).map(({ run }) => run.run_id));
  reveal(tree, selected, shut);
  return shut;
}

/** Unfolds what is above a run. */
function reveal(tree: Tree, runId: string, folded: Set<string>): void {
  let depth = Infinity;
  for (let at = tree.placeOf.get(runId) ?? -1; at >= 0 && depth > 0; at--) {
    const node = tree.nodes[at];
    if (node === undefined || node.depth >= depth) continue;
    if (depth !== Infinity) folded.delete(node.run.run_id);
    depth = node.depth;
  }
}

function Totals({ tree }: { readonly tree: Tree }): ReactNode {
  const root = tree.nodes[0]?.run;
  const { cost, errors, tokens, unpriced } = useMemo(() => sumsOf(tree, root?.run_id ?? ''), [tree, root?.run_id]);
  return (
    <ul aria-label="Of the whole trace" className="flex flex-wrap items-center gap-x-4 gap-y-1 text-xs text-ink-2">
      {root && (
        <li>
          <Mark look={statusLooks[root.status]} />
        </li>
      )}
      {root && <li title="When it began">{formatFull(Date.parse(root.start_time))}</li>}
      <li>
        {grouped(tree.nodes.length)} {tree.nodes.length === 1 ? 'run' : 'runs'}
      </li>
      <li>{formatSeconds((tree.to - tree.from) / 1_000)}</li>
      {errors > 0 && (
        <li className="text-bad">
          {grouped(errors)} {errors === 1 ? 'error' : 'errors'}
        </li>
      )}
      {tokens > 0 && <li>{formatCount(tokens)} tokens</li>}
      {tokens > 0 && (
        <li>
          {formatCost(cost)}
          {unpriced > 0 && <span className="text-warn"> and {grouped(unpriced)} without a price</span>}
        </li>
      )}
    </ul>
  );
}

interface Found {
  readonly text: string;
  readonly setText: (text: string) => void;
  readonly ids: ReadonlySet<string>;
}

/** Search within the trace: names at once, contents by the server. In the order of the tree. What is sought stands in the address. */
function useFound(traceId: string, tree: Tree, text: string, setText: (text: string) => void): Found {
  const sought = text.trim();
  const within = useQuery({ ...traceQueries.within(traceId, sought), enabled: sought.length > 1, placeholderData: keepPreviousData });
  const ids = useMemo(() => {
    if (sought === '') return new Set<string>();
    const all = new Set([...matching(tree, sought), ...(within.data?.items.map((run) => run.run_id) ?? [])]);
    return new Set(tree.nodes.filter(({ run }) => all.has(run.run_id)).map(({ run }) => run.run_id));
  }, [tree, sought, within.data]);
  return { text, setText, ids };
}

interface TreeHeadProps {
  readonly search: Found;
  readonly tree: Tree;
  readonly folded: ReadonlySet<string>;
  readonly onFold: (folded: ReadonlySet<string>) => void;
  readonly onSelect: (runId: string) => void;
  readonly selected: string;
}

/** What leads through the tree: to what was found, to what failed. Enter goes to the next that was found. */
function TreeHead({ search, tree, folded, onFold, onSelect, selected }: TreeHeadProps): ReactNode {
  const failed = useMemo(() => tree.nodes.filter(({ run }) => run.status === 'error').map(({ run }) => run.run_id), [tree]);
  const goTo = (ids: readonly string[], step: 1 | -1): void => {
    const here = tree.placeOf.get(selected) ?? -1;
    const places = ids.map((id) => tree.placeOf.get(id) ?? 0);
    const next = step === 1 ? places.find((place) => place > here) : places.findLast((place) => place < here);
    const place = next ?? (step === 1 ? places[0] : places.at(-1));
    const node = place === undefined ? undefined : tree.nodes[place];
    if (!node) return;
    const open = new Set(folded);
    reveal(tree, node.run.run_id, open);
    if (open.size !== folded.size) onFold(open);
    onSelect(node.run.run_id);
  };
  const hits = [...search.ids];
  return (
    <form
      role="search"
      className="flex flex-wrap items-center gap-2 border-b border-line p-2"
      onSubmit={(event) => {
        event.preventDefault();
        goTo(hits, 1);
      }}
    >
      <SearchField label="Search in this trace" className="min-w-40 flex-1" value={search.text} onChange={search.setText} />
      {search.text.trim() !== '' && (
        <>
          <span aria-live="polite" className="text-xs text-ink-2">
            {grouped(hits.length)} {hits.length === 1 ? 'run' : 'runs'}
          </span>
          <Button kind="ghost" icon="up" aria-label="The one before" disabled={hits.length === 0} onClick={() => goTo(hits, -1)} />
          <Button kind="ghost" icon="down" aria-label="The next one" disabled={hits.length === 0} onClick={() => goTo(hits, 1)} />
        </>
      )}
      {failed.length > 0 && (
        <Button kind="ghost" icon="critical" onClick={() => goTo(failed, 1)}>
          Next error
        </Button>
      )}
      {tree.nodes.length > 1 && (
        <Button
          kind="ghost"
          onClick={() =>
            onFold(
              folded.size > 0
                ? new Set()
                : new Set(tree.nodes.filter(({ below, depth }) => below > 0 && depth > 0).map(({ run }) => run.run_id)),
            )
          }
        >
          {folded.size > 0 ? 'Unfold all' : 'Fold'}
        </Button>
      )}
    </form>
  );
}
