import type { Module } from '../module.ts';
import { heartbeatHealthAgent } from './agent.ts';
import { addHealthScoreRoutes } from './routes.ts';

/** Turns what is known into findings and scores. */
export const healthModule: Module = {
  name: 'health',
  migrations: new URL('./migrations/', import.meta.url),
  agentTypes: [heartbeatHealthAgent],
  defaultAgents: [{ agentId: 'heartbeat_health_agent', name: 'Heartbeat and health', type: 'heartbeat_health_agent' }],
  routes: (app, services) => addHealthScoreRoutes(app, services),
};

export { HEALTH_KEY } from './health-key.ts';
export { diffOf, type ScoreDiff } from './diff.ts';
export { faded, judgedLast } from './judged.ts';
export { diffView, scoreView } from './views.ts';
export { Scores, type ScoreRecord } from './scores.ts';
export { DEFAULT_THRESHOLDS } from './thresholds.ts';
export { LEVELS, type Level } from './finding.ts';
export type { HealthReport } from './report.ts';
