import { queryOptions } from '@tanstack/react-query';
import { call } from '../../../api/client.ts';

export interface Forward {
  readonly name: string;
  readonly kind: 'langsmith' | 'otlp';
  readonly endpoint: string;
  readonly has_key: boolean;
  /** null: all. */
  readonly project: string | null;
  readonly target_project: string | null;
  readonly encoding: 'protobuf' | 'json' | null;
  readonly workspace_id: string | null;
  readonly patience_seconds: number;
  readonly state: 'running' | 'behind' | 'failing' | 'paused';
  readonly backlog: { readonly transactions: number; readonly lag_seconds: number; readonly waiting_runs: number };
  readonly sent_runs: number;
  readonly sent_feedback: number;
  readonly refused: number;
  readonly last_refusal: string | null;
  readonly failures: number;
  readonly failing_since: string | null;
  readonly last_error: string | null;
  readonly next_attempt_at: string | null;
  readonly last_success_at: string | null;
}

export const forwardQueries = {
  list: () =>
    queryOptions({
      queryKey: ['forwards'],
      queryFn: ({ signal }) => call<{ readonly items: readonly Forward[] }>('/traces/forwards', { signal }),
      refetchInterval: 5_000,
    }),
};

const of = (name: string): string => `/traces/forwards/${encodeURIComponent(name)}`;

export const addForward = (given: unknown): Promise<Forward> => call<Forward>('/traces/forwards', { method: 'POST', body: given });
export const changeForward = (name: string, given: unknown): Promise<Forward> => call<Forward>(of(name), { method: 'PATCH', body: given });
export const dropForward = (name: string): Promise<void> => call<undefined>(of(name), { method: 'DELETE' });
export const turnForward = (name: string, verb: 'pause' | 'resume'): Promise<Forward> =>
  call<Forward>(`${of(name)}/${verb}`, { method: 'POST' });
