/**
 * What `import { … } from 'muster-agents'` gives: everything to write agents and modules with, and nothing else.
 * Tests of agents: `muster-agents/testing`.
 */
export {
  BaseAgent,
  defineAgent,
  type AgentContext,
  type AgentDefinition,
  type AgentSpec,
  type AgentSql,
  type AgentState,
  type BaseAgentSpec,
  type CommandHandler,
  type HealthReport,
  type Isolation,
  type MetricOptions,
  type MissedPolicy,
  type NoConfig,
  type RunRecord,
  type Schedule,
  type RunTrigger,
} from './agent/index.ts';
export type { Clock } from './base/clock.ts';
export type { DurationInput } from './base/duration.ts';
export { MusterError, isMusterError, type ErrorCode, type MusterErrorOptions } from './base/errors.ts';
export type { AgentId, Epoch, HostId } from './base/ids.ts';
export type { Logger } from './base/logger.ts';
export type { Queryable, Result, Transaction } from './db/database.ts';
export { sql, type Sql } from './db/sql.ts';
export type { DefaultAgent, Module, ModuleServices } from './modules/module.ts';
export {
  defineAction,
  type RecoveryAction,
  type Step as RecoveryStep,
  type Symptom,
  type Target as RecoveryTarget,
} from './modules/recovery/action.ts';
