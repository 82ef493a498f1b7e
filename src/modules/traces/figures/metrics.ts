import { counter, gauge, type Catalogue } from '../../metric.ts';

const LABELS = ['project', 'model'];

export const LLM_METRICS = {
  llm_runs_total: counter.run('', 'muster.trace_figures', 'Calls of models since midnight UTC; a client that samples is scaled up', LABELS),
  llm_errors_total: counter.run('', 'muster.trace_figures', 'Of them, failed', LABELS),
  llm_tokens_total: counter.run('', 'muster.trace_figures', 'Tokens of prompts and answers since midnight UTC', LABELS),
  llm_cost_usd_total: counter.run(
    '',
    'muster.trace_figures',
    'What they cost since midnight UTC, in USD, where the price is known',
    LABELS,
  ),
  llm_unpriced_runs_total: counter.run('', 'muster.trace_figures', 'Calls since midnight UTC whose cost nobody knows', LABELS),
  llm_cost_usd_per_hour: gauge.run('', 'muster.trace_figures', 'What the calls of the last 60 minutes cost, in USD', ['project']),
  llm_error_ratio: gauge.run(
    'ratio',
    'muster.trace_figures',
    'Failed calls of the last 15 minutes, of all calls; absent where there were none',
    ['project'],
  ),
  llm_latency_seconds: gauge.run(
    'seconds',
    'muster.trace_figures',
    'How long the calls of the last 15 minutes took: quantile 0.5, 0.95, 0.99; within 1 %; absent where there were none',
    [...LABELS, 'quantile'],
  ),
  llm_first_token_seconds: gauge.run(
    'seconds',
    'muster.trace_figures',
    'When the first token came, in the last 15 minutes: quantile 0.5, 0.95; absent where nothing streamed',
    [...LABELS, 'quantile'],
  ),
  llm_figures_lag_seconds: gauge.run('seconds', 'muster.trace_feed', 'How long the oldest run waits that is not in the figures yet'),
} as const satisfies Catalogue;
