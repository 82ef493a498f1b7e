import { counter, gauge, type Catalogue } from '../../metric.ts';

export const TRACE_METRICS = {
  trace_reader_backlog: gauge.run(
    '',
    'muster.trace_feed',
    'Transactions of the intake that wait for a reader: figures, search and others; 10,000 or more: so many at least',
    ['reader'],
  ),
  trace_reader_lag_seconds: gauge.run(
    'seconds',
    'muster.trace_feed',
    'Age of the oldest transaction that waits for a reader: so late runs show in what it makes',
    ['reader'],
  ),
  trace_reader_stuck_seconds: gauge.run(
    'seconds',
    'muster.trace_cursors',
    'How long a reader that has work has not moved; 0 where it moves',
    ['reader'],
  ),
  trace_quarantined_total: counter.run('', 'muster.trace_quarantine', 'What was sent and could not be kept as a run'),
  trace_orphans: gauge.run('', 'muster.trace_orphans', 'What was said of runs that nobody has begun; 10,000 or more: so many at least'),
  trace_redactions_total: counter.run('', 'muster.trace_tally', 'What was redacted, by kind', ['kind']),
  trace_sampled_out_total: counter.run('', 'muster.trace_tally', 'Operations on runs that sampling left out'),
  trace_rows_expired_total: counter.run(
    '',
    'muster.trace_tally',
    'Rows deleted one by one because nobody keeps them longer; whole days go without being counted',
  ),
  trace_gateway_lost_total: counter.run(
    '',
    'muster.trace_tally',
    'Requests to the gateway that were answered and could not be logged (run), or not accounted for (account), because too many waited for the database or it never took them',
    ['what'],
  ),
  trace_provider_failures_total: counter.run(
    '',
    'muster.gateway_provider_health',
    'Requests to a provider of the gateway that came to nothing, a fallback may have answered: key_refused (401, 403), over_limit (429), failed (5xx, broken off, not reached)',
    ['provider', 'reason'],
  ),
  trace_provider_failing_seconds: gauge.run(
    'seconds',
    'muster.gateway_provider_health',
    'For how long nothing but failures came of a provider, by the reason of the last: from the first failure since it last answered to the last; to now where it refuses its key. 0: it answers',
    ['provider', 'reason'],
  ),
  trace_cost_usd_per_hour: gauge.run(
    '',
    'muster.trace_runs',
    'Cost of the runs that began within the last hour, of projects that have a budget',
    ['project'],
  ),
  trace_budget_usage_ratio: gauge.run('ratio', 'muster.trace_runs', 'The same by the budget', ['project']),
} as const satisfies Catalogue;
