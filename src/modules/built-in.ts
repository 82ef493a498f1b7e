import { agentCoordinator } from '../fleet/index.ts';
import { alertingModule } from './alerting/index.ts';
import { diagnosticsModule } from './diagnostics/index.ts';
import { healthModule } from './health/index.ts';
import type { Module } from './module.ts';
import { performanceModule } from './performance/index.ts';
import { recoveryModule } from './recovery/index.ts';
import { statusModule } from './status/index.ts';
import { tracesModule } from './traces/index.ts';
import { watchModule } from './watch/index.ts';

/** Leads the fleet: an agent like any other, under a lease like any other. */
const coordinationModule: Module = {
  name: 'coordination',
  agentTypes: [agentCoordinator],
  defaultAgents: [{ agentId: 'agent_coordinator', name: 'Agent coordinator', type: 'agent_coordinator' }],
};

/** The modules that come with Muster. They use the same contract as a user's own, and have the same rights. */
export const builtInModules: readonly Module[] = [
  coordinationModule,
  performanceModule,
  healthModule,
  watchModule,
  statusModule,
  alertingModule,
  recoveryModule,
  diagnosticsModule,
  tracesModule,
];
