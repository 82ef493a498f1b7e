import type { Module } from '../module.ts';
import { heartbeatHealthAgent } from './agent.ts';

/** Turns what is known into findings and scores. */
export const healthModule: Module = {
  name: 'health',
  agentTypes: [heartbeatHealthAgent],
  defaultAgents: [{ agentId: 'heartbeat_health_agent', name: 'Heartbeat and health', type: 'heartbeat_health_agent' }],
};

export { HEALTH_KEY } from './agent.ts';
export { DEFAULT_THRESHOLDS, type Threshold } from './thresholds.ts';
export { LEVELS, type Finding, type Level, type Subject } from './finding.ts';
export type { HealthReport, ReportedFinding, ReportedSubject } from './report.ts';
export type { Band } from './score.ts';
