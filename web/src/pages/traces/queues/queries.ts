import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { call } from '../../../api/client.ts';
import type { RunType } from '../types.ts';

export interface Queue {
  readonly queue_id: string;
  readonly name: string;
  readonly description: string | null;
  readonly instructions: string | null;
  readonly runs: number;
  readonly waiting: number;
  readonly created_at: string;
}

/** A key of feedback that is asked for. */
export interface RubricItem {
  readonly key: string;
  readonly description: string | null;
  readonly is_required: boolean;
  /** null: nobody has said. */
  readonly meaning: {
    readonly type: 'continuous' | 'categorical' | 'freeform';
    readonly min: number | null;
    readonly max: number | null;
    readonly categories: readonly { readonly value: number; readonly label: string }[];
  } | null;
}

export interface WholeQueue extends Queue {
  readonly rubric: readonly RubricItem[];
}

export interface QueueItem {
  readonly item_id: string;
  readonly run_id: string;
  readonly trace_id: string;
  readonly project: string;
  readonly name: string | null;
  readonly run_type: RunType;
  readonly added_at: string;
  readonly completed_at: string | null;
  readonly completed_by: string | null;
}

export interface QueueFields {
  readonly name: string;
  readonly description: string | null;
  readonly instructions: string | null;
  readonly rubric: readonly { readonly key: string; readonly description?: string }[];
}

interface Listed<Item> {
  readonly items: readonly Item[];
}

const atOnce = 50;
/** Of those that wait: the one that is looked at, and the next, which is read meanwhile. */
const ahead = 2;

const of = (queue: string): string => `/traces/queues/${encodeURIComponent(queue)}`;

export const queueQueries = {
  list: (search: string) =>
    infiniteQueryOptions({
      queryKey: ['queues', 'list', search],
      queryFn: ({ pageParam, signal }) =>
        call<Listed<Queue>>('/traces/queues', { query: { name_contains: search, limit: atOnce, offset: pageParam }, signal }),
      initialPageParam: 0,
      getNextPageParam: ({ items }, _, offset) => (items.length < atOnce ? undefined : offset + atOnce),
      refetchInterval: 15_000,
    }),

  one: (queue: string) =>
    queryOptions({
      queryKey: ['queues', 'one', queue],
      queryFn: ({ signal }) => call<WholeQueue>(of(queue), { signal }),
      refetchInterval: 15_000,
    }),

  next: (queue: string) =>
    queryOptions({
      queryKey: ['queues', 'next', queue],
      queryFn: ({ signal }) => call<Listed<QueueItem>>(`${of(queue)}/runs`, { query: { state: 'open', limit: ahead }, signal }),
      // What is being looked at does not change under the eyes: it is asked for again when it was done, or when there was none.
      refetchInterval: ({ state }) => (state.data?.items.length === 0 ? 5_000 : false),
      refetchOnWindowFocus: false,
    }),

  done: (queue: string) =>
    infiniteQueryOptions({
      queryKey: ['queues', 'done', queue],
      queryFn: ({ pageParam, signal }) =>
        call<Listed<QueueItem>>(`${of(queue)}/runs`, { query: { state: 'completed', limit: atOnce, offset: pageParam }, signal }),
      initialPageParam: 0,
      getNextPageParam: ({ items }, _, offset) => (items.length < atOnce ? undefined : offset + atOnce),
    }),
};

export const makeQueue = (given: QueueFields): Promise<WholeQueue> => call<WholeQueue>('/traces/queues', { method: 'POST', body: given });
export const changeQueue = (queue: string, given: QueueFields): Promise<WholeQueue> =>
  call<WholeQueue>(of(queue), { method: 'PATCH', body: given });
export const dropQueue = (queue: string): Promise<void> => call<undefined>(of(queue), { method: 'DELETE' });
export const addToQueue = (queue: string, runIds: readonly string[]): Promise<unknown> =>
  call(`${of(queue)}/runs`, { method: 'POST', body: { run_ids: runIds } });
export const markItem = (queue: string, item: string, state: 'completed' | 'skipped' | 'open'): Promise<void> =>
  call<undefined>(`${of(queue)}/runs/${encodeURIComponent(item)}`, { method: 'PATCH', body: { state } });

export const queueAddress = (queue: string): string => `/traces/queues/${encodeURIComponent(queue)}`;
