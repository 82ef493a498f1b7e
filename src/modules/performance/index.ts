import type { Module } from '../module.ts';
import { performanceMonitor } from './agent.ts';

/** Measures the machine, the process, PostgreSQL and the fleet. */
export const performanceModule: Module = {
  name: 'performance',
  agentTypes: [performanceMonitor],
  defaultAgents: [{ agentId: 'performance_monitor', name: 'Performance monitor', type: 'performance_monitor' }],
};

export { METRICS, type MetricName } from './catalogue.ts';
export { adviceKey, monitorKey } from './agent.ts';
export type { Labels } from './reading.ts';
