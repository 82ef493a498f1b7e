import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo } from 'react';
import { useLocation, useSearch } from 'wouter';
import { problemOf } from '../../api/problem.ts';
import { queries } from '../../api/queries.ts';
import type { Host, Point } from '../../api/types.ts';
import { useGiven } from '../../live/commands.ts';
import { useNow } from '../../live/now.ts';
import { grouped } from '../../ui/format.ts';
import { AsOf, Button, Empty, PageHeader, ProblemNote, Skeleton } from '../../ui/primitives.tsx';
import { Filters } from './filters.tsx';
import { rowsOf, searchOf, type SortKey, type View, viewOf } from './list.ts';
import { AgentTable } from './table.tsx';
import { useActions } from './use-actions.tsx';

/** Standings change with silence too, not only with answers; every few seconds is soon enough to sort anew. */
const resortMs = 3_000;

export function AgentsPage(): ReactNode {
  const agents = useQuery(queries.agents());
  const hosts = useQuery(queries.hosts());
  const runs = useRuns();
  const [path, navigate] = useLocation();
  const search = useSearch();
  const view = useMemo(() => viewOf(search), [search]);
  const now = Math.floor(useNow() / resortMs) * resortMs;
  const rows = useMemo(() => rowsOf(agents.data?.items ?? [], view, now), [agents.data, view, now]);
  const byId = useMemo(() => new Map((hosts.data?.items ?? []).map((host): [string, Host] => [host.host_id, host])), [hosts.data]);
  const given = useGiven();
  const { allowed, act, dialog } = useActions();
  const total = agents.data?.items.length ?? 0;

  const show = (change: Partial<View>): void => {
    const text = searchOf({ ...view, ...change });
    navigate(text === '' ? path : `${path}?${text}`, { replace: true });
  };
  const sort = (key: SortKey): void => show({ sort: key, descending: view.sort === key && !view.descending });

  return (
    <>
      <PageHeader title="Agents" note={<AsOf at={agents.dataUpdatedAt} staleAfterMs={15_000} />}>
        <span role="status" className="text-xs text-ink-3">
          {agents.data && (rows.length === total ? `${grouped(total)} agents` : `${grouped(rows.length)} of ${grouped(total)} agents`)}
          {agents.data && !agents.data.complete && ', the first of more: narrow the search'}
        </span>
      </PageHeader>
      <Filters agents={agents.data?.items ?? []} view={view} onChange={show} />
      <div className="card min-w-0">
        {agents.isPending ? (
          <div className="flex flex-col gap-4 p-4">
            {Array.from({ length: 15 }, (_, index) => (
              <Skeleton key={index} className="h-6" />
            ))}
          </div>
        ) : !agents.data ? (
          <ProblemNote problem={problemOf(agents.error)} retry={() => void agents.refetch()} />
        ) : total === 0 ? (
          <Empty title="No agents yet" icon="agents">
            <code>muster up</code> starts the default ones; <code>POST /api/v1/agents</code> creates your own.
          </Empty>
        ) : rows.length === 0 ? (
          <Empty title="No agent fits" icon="search">
            <Button className="mt-2" onClick={() => show({ search: '', standing: 'all', type: '' })}>
              Show all {grouped(total)}
            </Button>
          </Empty>
        ) : (
          <AgentTable rows={rows} view={view} onSort={sort} hosts={byId} runs={runs} given={given} allowed={allowed} onAct={act} />
        )}
      </div>
      {dialog}
    </>
  );
}

/** Runs a minute of each agent over half an hour: one question for all of them. */
function useRuns(): ReadonlyMap<string, readonly Point[]> {
  const { data } = useQuery(
    queries.range({ name: 'agent_runs_total', aggregate: 'rate', seconds: 1_800, points: 30, everyMs: 30_000, limit: 200 }),
  );
  return useMemo(() => {
    const byAgent = new Map<string, readonly Point[]>();
    for (const { labels, points } of data?.items ?? []) {
      if (labels['agent'] !== undefined)
        byAgent.set(
          labels['agent'],
          points.map(([at, value]): Point => [at, value === null ? null : value * 60]),
        );
    }
    return byAgent;
  }, [data]);
}
