export const groupings = ['project', 'model', 'prompt', 'user', 'tag', 'name', 'run_type'] as const;
export type Grouping = (typeof groupings)[number];

export const orders = ['runs', 'errors', 'total_cost', 'total_tokens'] as const;
export type Order = (typeof orders)[number];

/** What some runs add up to. Costs are decimal texts; seconds are null where no run says them. */
export interface Figures {
  readonly runs: number;
  readonly traces: number;
  readonly calls: number;
  readonly errors: number;
  readonly error_rate: number | null;
  readonly latency_p50_seconds: number | null;
  readonly latency_p95_seconds: number | null;
  readonly latency_p99_seconds: number | null;
  readonly first_token_p50_seconds: number | null;
  readonly first_token_p95_seconds: number | null;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly cached_tokens: number;
  readonly reasoning_tokens: number;
  readonly audio_tokens: number;
  readonly prompt_cost: string;
  readonly completion_cost: string;
  readonly total_cost: string;
  readonly cost_per_hour: string;
  readonly unpriced_runs: number;
}

export interface GroupFigures extends Figures {
  /** null: the values for which there was no room. */
  readonly group: string | null;
}

export interface Provenance {
  readonly source: 'rollups' | 'runs';
  readonly counted_up_to: string | null;
  readonly lag_seconds: number;
  readonly percentile_error: number;
  readonly is_estimate: boolean;
  readonly is_truncated: boolean;
}

export interface Stats {
  readonly from: string;
  readonly to: string;
  readonly total: Figures;
  readonly items: readonly GroupFigures[];
  readonly groups: number;
  readonly provenance: Provenance;
}

export interface FigureSeries {
  readonly group: string | null;
  readonly metric: string;
  readonly points: readonly (readonly [number, number | null])[];
  /** With from and to of a step, the list of runs shows what is behind a point. */
  readonly runs_query: string | null;
}

export interface SeriesAnswer {
  readonly step_ms: number;
  readonly from: string;
  readonly to: string;
  readonly items: readonly FigureSeries[];
  readonly provenance: Provenance;
}
