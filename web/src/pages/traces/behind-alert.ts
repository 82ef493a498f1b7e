import { listAddress } from './address.ts';

export interface BehindAlert {
  readonly label: string;
  readonly href: string;
}

interface Alert {
  readonly metric_name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly started_at: string;
  readonly resolved_at: string | null;
}

/** Shares and costs are reckoned over the hour before. */
const hourMs = 3_600_000;

/** Where that can be seen which an alert about conversations is about, and not only its figure; undefined for alerts about anything else. */
export function behindAlert({ labels, metric_name: metric, resolved_at: resolved, started_at: started }: Alert): BehindAlert | undefined {
  const { key, project } = labels;
  if (metric === 'trace_quarantined_total') return { label: 'What is in quarantine', href: '/traces/quarantine' };
  if (metric === 'trace_gateway_lost_total' || metric === 'trace_provider_failing_seconds')
    return { label: 'The gateway', href: '/traces/gateway' };
  if (project === undefined || !/^(trace|llm)_/.test(metric)) return undefined;
  const time = { project, from: new Date(Date.parse(started) - hourMs).toISOString(), to: resolved ?? '' };
  if (metric.startsWith('llm_score') && key !== undefined)
    return {
      label: `Runs that failed ${key.replaceAll('_', ' ')}`,
      href: listAddress({ ...time, all: true, filter: `and(eq(feedback_key, ${JSON.stringify(key)}), lt(feedback_score, 0.5))` }),
    };
  if (/error/.test(metric)) return { label: 'Runs that failed', href: listAddress({ ...time, all: true, status: 'error' }) };
  if (/budget|cost/.test(metric))
    return {
      label: 'What it costs, by model',
      href: `/traces/figures?${new URLSearchParams({ project, by: 'model', order: 'total_cost' }).toString()}`,
    };
  return { label: 'Its runs', href: listAddress(time) };
}
