import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { call } from '../../api/client.ts';
import type { Page } from '../../api/types.ts';
import type { RunQuery } from './address.ts';
import type { Project, RunDetail, RunSummary, TraceTree } from './types.ts';

const often = 3_000;
const seldom = 15_000;
const pageSize = 100;

const runsOf = (query: RunQuery, limit: number, cursor: string | undefined, signal: AbortSignal): Promise<Page<RunSummary>> =>
  call<Page<RunSummary>>('/traces/runs', { query: { ...query, limit, cursor }, signal });

export const traceQueries = {
  /** Newest first, a page at a time. What comes later is asked for by `newest`, so that nothing moves under the eyes. */
  runs: (query: RunQuery) =>
    infiniteQueryOptions({
      queryKey: ['traces', 'runs', query],
      queryFn: ({ pageParam, signal }) => runsOf(query, pageSize, pageParam, signal),
      initialPageParam: undefined as string | undefined,
      getNextPageParam: ({ next_cursor: next }) => next ?? undefined,
      // Renewed on demand: asking for all its pages again would be dear.
      staleTime: Infinity,
      refetchOnWindowFocus: false,
    }),

  newest: (query: RunQuery) =>
    queryOptions({
      queryKey: ['traces', 'newest', query],
      queryFn: ({ signal }) => runsOf(query, 50, undefined, signal),
      refetchInterval: often,
      placeholderData: keepPreviousData,
    }),

  run: (id: string) =>
    queryOptions({
      queryKey: ['traces', 'run', id],
      queryFn: ({ signal }) => call<RunDetail>(`/traces/runs/${encodeURIComponent(id)}`, { signal }),
      // What has ended does not change by itself, feedback aside.
      refetchInterval: ({ state }) => (state.data?.status === 'pending' ? often : seldom),
    }),

  tree: (traceId: string) =>
    queryOptions({
      queryKey: ['traces', 'tree', traceId],
      queryFn: ({ signal }) => call<TraceTree>(`/traces/trees/${encodeURIComponent(traceId)}`, { query: { limit: 10_000 }, signal }),
      refetchInterval: ({ state }) => (state.data?.items.some(({ status }) => status === 'pending') === true ? often : false),
      staleTime: 10_000,
    }),

  /** Which runs of a trace hold a text. */
  within: (traceId: string, q: string) =>
    queryOptions({
      queryKey: ['traces', 'within', traceId, q],
      queryFn: ({ signal }) =>
        call<Page<RunSummary>>('/traces/runs', { query: { trace_id: traceId, q, limit: 500, previews: 'false' }, signal }),
      staleTime: seldom,
    }),

  projects: () =>
    queryOptions({
      queryKey: ['traces', 'projects'],
      queryFn: ({ signal }) => call<Page<Project>>('/traces/projects', { query: { limit: 1_000 }, signal }),
      refetchInterval: seldom,
    }),
};
