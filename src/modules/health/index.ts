import type { Module } from '../module.ts';
import { heartbeatHealthAgent } from './agent.ts';

/** Turns what is known into findings and scores. */
export const healthModule: Module = {
  name: 'health',
  agentTypes: [heartbeatHealthAgent],
  defaultAgents: [{ agentId: 'heartbeat_health_agent', name: 'Heartbeat and health', type: 'heartbeat_health_agent' }],
};

export { HEALTH_KEY } from './agent.ts';
export { DEFAULT_THRESHOLDS } from './thresholds.ts';
export { LEVELS, type Level } from './finding.ts';
export type { HealthReport } from './report.ts';
