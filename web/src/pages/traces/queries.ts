import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { call } from '../../api/client.ts';
import type { Page } from '../../api/types.ts';
import type { RunQuery } from './address.ts';
import type { Feedback, Project, Quarantined, RunDetail, RunSummary, SavedFilter, Thread, TraceTree } from './types.ts';

const often = 3_000;
const seldom = 15_000;
const pageSize = 100;
/** Each turn is read in full. */
const turnsAtOnce = 20;

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

  turns: (project: string, thread: string) =>
    infiniteQueryOptions({
      queryKey: ['traces', 'turns', project, thread],
      queryFn: ({ pageParam, signal }) => runsOf({ project, thread, is_root: 'true', order: 'asc' }, turnsAtOnce, pageParam, signal),
      initialPageParam: undefined as string | undefined,
      getNextPageParam: ({ next_cursor: next }) => next ?? undefined,
      refetchInterval: seldom,
    }),

  threads: (query: RunQuery) =>
    infiniteQueryOptions({
      queryKey: ['traces', 'threads', query],
      queryFn: ({ pageParam, signal }) =>
        call<Page<Thread>>('/traces/threads', { query: { ...query, limit: pageSize, cursor: pageParam }, signal }),
      initialPageParam: undefined as string | undefined,
      getNextPageParam: ({ next_cursor: next }) => next ?? undefined,
      refetchOnWindowFocus: false,
    }),

  projects: () =>
    queryOptions({
      queryKey: ['traces', 'projects'],
      queryFn: ({ signal }) => call<Page<Project>>('/traces/projects', { query: { limit: 1_000 }, signal }),
      refetchInterval: seldom,
    }),

  savedFilters: () =>
    queryOptions({
      queryKey: ['traces', 'saved-filters'],
      queryFn: ({ signal }) => call<{ readonly items: readonly SavedFilter[] }>('/traces/saved-filters', { signal }),
      staleTime: 60_000,
    }),

  quarantine: () =>
    infiniteQueryOptions({
      queryKey: ['traces', 'quarantine'],
      queryFn: ({ pageParam, signal }) =>
        call<Page<Quarantined>>('/traces/quarantine', { query: { limit: pageSize, cursor: pageParam }, signal }),
      initialPageParam: undefined as string | undefined,
      getNextPageParam: ({ next_cursor: next }) => next ?? undefined,
    }),
};

export const addFeedback = (given: {
  readonly run_id: string;
  readonly key: string;
  readonly score?: number;
  readonly value?: string;
  readonly comment?: string;
}): Promise<Feedback> => call<Feedback>('/traces/feedback', { method: 'POST', body: given });

export const saveFilter = (given: { readonly name: string; readonly query: string; readonly is_shared: boolean }): Promise<SavedFilter> =>
  call<SavedFilter>('/traces/saved-filters', { method: 'POST', body: given });
export const dropFilter = (id: string): Promise<void> =>
  call<undefined>(`/traces/saved-filters/${encodeURIComponent(id)}`, { method: 'DELETE' });
