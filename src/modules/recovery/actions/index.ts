import type { RecoveryAction } from '../action.ts';
import { moveAgent, restartAgent } from './agents.ts';
import { cancelBlockingBackend, cancelRunawayQuery, endIdleInTransaction, resetPool, terminateBlockingBackend } from './sessions.ts';
import { clearStuckSlot, dropOldHistory, extendPartitions } from './storage.ts';
import { analyzeTable, vacuumTable } from './tables.ts';

/** What comes with Muster. Failover, and dropping indexes that are valid, are not among them and never will be. */
const ACTIONS: readonly RecoveryAction[] = [
  restartAgent,
  moveAgent,
  cancelBlockingBackend,
  terminateBlockingBackend,
  cancelRunawayQuery,
  endIdleInTransaction,
  resetPool,
  analyzeTable,
  vacuumTable,
  extendPartitions,
  clearStuckSlot,
  dropOldHistory,
];

/** Each is also for alerts whose rule carries the label `heal` with its name. */
export const SHIPPED_ACTIONS: readonly RecoveryAction[] = ACTIONS.map((action) => ({
  ...action,
  on: [...action.on, { labels: { heal: action.name } }],
}));
