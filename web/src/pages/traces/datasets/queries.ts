import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { address, call } from '../../../api/client.ts';
import type { Page } from '../../../api/types.ts';
import type { RunSummary } from '../types.ts';

export interface Dataset {
  readonly dataset_id: string;
  readonly name: string;
  readonly description: string | null;
  readonly examples: number;
  readonly experiments: number;
  readonly created_at: string;
  readonly modified_at: string;
}

export interface Example {
  readonly example_id: string;
  readonly inputs: unknown;
  readonly outputs: unknown;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly splits: readonly string[];
  readonly source_run_id: string | null;
  readonly modified_at: string;
}

/** A project whose runs refer to the examples of a dataset. */
export interface Experiment {
  readonly project_id: string;
  readonly name: string;
  readonly created_at: string;
  readonly ended_at: string | null;
  readonly examples: number;
  readonly errors: number;
  readonly scores: readonly { readonly key: string; readonly n: number; readonly mean: number }[];
}

export type Verdict = 'better' | 'worse' | 'unclear' | 'same';

export interface Difference {
  /** Examples that both have. */
  readonly n: number;
  readonly baseline: number;
  readonly candidate: number;
  readonly difference: number;
  /** In which it lies with 95 % confidence. */
  readonly interval: readonly [number, number] | null;
}

export interface KeyComparison extends Difference {
  readonly key: string;
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
  readonly verdict: Verdict;
}

export interface Comparison {
  readonly keys: readonly KeyComparison[];
  /** Seconds an example. */
  readonly latency: Difference | null;
  /** US dollars an example. */
  readonly cost: Difference | null;
  readonly failures: { readonly baseline: number; readonly candidate: number };
}

/** An example may be large: so many are read at a time. */
const examplesAtOnce = 100;
const runsAtOnce = 100;
/** More runs of one experiment than this are not laid side by side. */
export const mostRuns = 1_000;

const of = (dataset: string): string => `/traces/datasets/${encodeURIComponent(dataset)}`;

export const datasetQueries = {
  list: (search: string) =>
    queryOptions({
      queryKey: ['datasets', 'list', search],
      queryFn: ({ signal }) =>
        call<{ readonly items: readonly Dataset[] }>('/traces/datasets', { query: { name_contains: search, limit: 200 }, signal }),
      refetchInterval: 15_000,
    }),

  one: (dataset: string) =>
    queryOptions({ queryKey: ['datasets', 'one', dataset], queryFn: ({ signal }) => call<Dataset>(of(dataset), { signal }) }),

  examples: (dataset: string, split: string) =>
    infiniteQueryOptions({
      queryKey: ['datasets', 'examples', dataset, split],
      queryFn: ({ pageParam, signal }) =>
        call<{ readonly items: readonly Example[] }>(`${of(dataset)}/examples`, {
          query: { split, limit: examplesAtOnce, offset: pageParam },
          signal,
        }),
      initialPageParam: 0,
      getNextPageParam: ({ items }, _, offset) => (items.length < examplesAtOnce ? undefined : offset + examplesAtOnce),
      refetchOnWindowFocus: false,
    }),

  experiments: (dataset: string) =>
    queryOptions({
      queryKey: ['datasets', 'experiments', dataset],
      queryFn: ({ signal }) =>
        call<{ readonly items: readonly Experiment[] }>(`${of(dataset)}/experiments`, { query: { limit: 100 }, signal }),
      refetchInterval: 15_000,
    }),

  comparison: (baseline: string, candidate: string) =>
    queryOptions({
      queryKey: ['datasets', 'comparison', baseline, candidate],
      queryFn: ({ signal }) => call<Comparison>('/traces/experiments/compare', { query: { baseline, candidate }, signal }),
      staleTime: 15_000,
    }),

  /** What an experiment answered to each example, with its scores. */
  trials: (experiment: string) =>
    queryOptions({
      queryKey: ['datasets', 'trials', experiment],
      queryFn: async ({ signal }) => {
        const found: RunSummary[] = [];
        let cursor: string | undefined;
        do {
          const query = { project: experiment, is_root: 'true', order: 'asc', limit: runsAtOnce, cursor };
          const page: Page<RunSummary> = await call('/traces/runs', { query, signal });
          found.push(...page.items);
          cursor = page.next_cursor ?? undefined;
        } while (cursor !== undefined && found.length < mostRuns);
        return found;
      },
      staleTime: 15_000,
      refetchOnWindowFocus: false,
    }),
};

export const makeDataset = (given: { readonly name: string; readonly description?: string }): Promise<Dataset> =>
  call<Dataset>('/traces/datasets', { method: 'POST', body: given });
export const dropDataset = (dataset: string): Promise<void> => call<undefined>(of(dataset), { method: 'DELETE' });
export const dropExample = (dataset: string, example: string): Promise<void> =>
  call<undefined>(`${of(dataset)}/examples/${encodeURIComponent(example)}`, { method: 'DELETE' });

export interface Added {
  readonly examples: number;
}

export const addRuns = (
  dataset: string,
  given: { readonly run_ids: readonly string[]; readonly split?: string; readonly with_outputs: boolean },
): Promise<Added> => call<Added>(`${of(dataset)}/from-runs`, { method: 'POST', body: given });

export type FileFormat = 'jsonl' | 'csv';

export const importFile = (
  dataset: string,
  given: { readonly format: FileFormat; readonly text: string; readonly inputs: string; readonly outputs: string },
): Promise<Added> =>
  call<Added>(`${of(dataset)}/import`, {
    method: 'POST',
    query: { format: given.format, inputs: given.inputs, outputs: given.outputs },
    file: { text: given.text, type: given.format === 'csv' ? 'text/csv' : 'application/x-ndjson' },
  });

export const exportAddress = (dataset: string, format: FileFormat): string => address(`${of(dataset)}/export`, { format });

export const datasetAddress = (dataset: string): string => `/traces/datasets/${encodeURIComponent(dataset)}`;
/** The first is what the others are held against. */
export const comparisonAddress = (dataset: string, experiments: readonly string[]): string =>
  `${datasetAddress(dataset)}/compare?${new URLSearchParams(experiments.map((name) => ['of', name])).toString()}`;
