import { counter, gauge, type Catalogue } from '../../metric.ts';

/** What the fleet knows of its own agents and hosts. */
export const FLEET_METRICS = {
  fleet_agents: gauge.slow('', 'muster.agents, muster.agent_leases', 'Agents by desired state and observed status', ['state', 'status']),
  fleet_hosts: gauge.slow('', 'muster.hosts', 'Hosts of the last 24 hours by status', ['status']),
  agent_runs_total: counter.slow('', 'muster.agent_leases', 'Runs of an agent under its present lease (the first 200 agents by id)', [
    'agent',
  ]),
  agent_errors_total: counter.slow('', 'muster.agent_leases', 'Failed runs of an agent under its present lease', ['agent']),
} as const satisfies Catalogue;
