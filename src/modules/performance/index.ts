import type { Module } from '../module.ts';
import { performanceMonitor } from './agent.ts';
import { endpointMonitor } from './endpoints/agent.ts';
import { addRemoteWriteRoute } from './remote-write/routes.ts';

/** Measures the machine, the process, PostgreSQL, the fleet, and what else is to be watched. */
export const performanceModule: Module = {
  name: 'performance',
  agentTypes: [performanceMonitor, endpointMonitor],
  defaultAgents: [
    { agentId: 'performance_monitor', name: 'Performance monitor', type: 'performance_monitor' },
    { agentId: 'endpoint_monitor', name: 'Endpoint monitor', type: 'endpoint_monitor' },
  ],
  routes: addRemoteWriteRoute,
};

export { METRICS, type MetricName } from './catalogue.ts';
export { monitorKey } from './agent.ts';
export type { Labels } from './reading.ts';
