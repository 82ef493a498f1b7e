import type { RecoveryAction } from '../action.ts';
import { moveAgent, restartAgent } from './agents.ts';
import { cancelBlockingBackend, cancelRunawayQuery, endIdleInTransaction, resetPool, terminateBlockingBackend } from './sessions.ts';
import { clearStuckSlot, dropOldHistory, extendPartitions } from './storage.ts';
import { analyzeTable, vacuumTable } from './tables.ts';

/** What comes with Muster. Failover, and dropping indexes that are valid, are not among them and never will be. */
export const SHIPPED_ACTIONS: readonly RecoveryAction[] = [
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
