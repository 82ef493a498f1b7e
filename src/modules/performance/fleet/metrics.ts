import { counter, gauge, type Catalogue } from '../../metric.ts';

/** What the fleet knows of its own agents and hosts. */
export const FLEET_METRICS = {
  fleet_agents: gauge.slow('', 'muster.agents, muster.agent_leases', 'Agents by desired state and observed status', ['state', 'status']),
  fleet_hosts: gauge.slow('', 'muster.hosts', 'Hosts of the last 24 hours by status', ['status']),
  muster_series_ratio: gauge.rare('ratio', 'muster.series', 'Series there are, of the 1,000,000 there may be'),
  muster_metric_series_ratio: gauge.rare(
    'ratio',
    'muster.series',
    'Series of a metric, of the 10,000 it may have (the 20 metrics with the most)',
    ['metric'],
  ),
  agent_runs_total: counter.slow(
    '',
    'muster.agent_leases',
    'Runs of an agent since it was added, across hosts (the first 200 running agents by id)',
    ['agent'],
  ),
  agent_errors_total: counter.slow('', 'muster.agent_leases', 'Those of them that failed', ['agent']),
} as const satisfies Catalogue;
