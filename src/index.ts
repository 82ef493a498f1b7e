/**
 * What `import { … } from 'muster-agents'` gives: everything to write agents and modules with, and nothing else.
 * Tests of agents: `muster-agents/testing`.
 */
export { BaseAgent, type BaseAgentSpec } from './agent/base-agent.ts';
export { defineAgent, type AgentSpec } from './agent/define-agent.ts';
export type { AgentDefinition, CommandHandler, NoConfig } from './agent/definition.ts';
export type { AgentContext, AgentSql, AgentState, MetricOptions } from './agent/context.ts';
export type { HealthReport, RunRecord } from './agent/health.ts';
export type { Schedule } from './agent/schedule.ts';
export type { Clock } from './base/clock.ts';
export type { DurationInput } from './base/duration.ts';
export { MusterError, isMusterError, type ErrorCode, type MusterErrorOptions } from './base/errors.ts';
export type { AgentId, Epoch, HostId } from './base/ids.ts';
export type { Logger } from './base/logger.ts';
export type { Queryable, Result, Transaction } from './db/database.ts';
export { sql, type Sql } from './db/sql.ts';
export type { DefaultAgent, Module, ModuleServices } from './modules/module.ts';
