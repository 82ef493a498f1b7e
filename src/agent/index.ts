export { BaseAgent, type BaseAgentSpec } from './base-agent.ts';
export { parseConfig, type ConfigFault } from './config.ts';
export type { AgentContext, AgentSql, AgentState, MetricOptions } from './context.ts';
export { checkDefinition, defineAgent, type AgentSpec } from './define-agent.ts';
export { BUILT_IN_COMMANDS, type AgentDefinition, type AnyAgentDefinition, type CommandHandler, type NoConfig } from './definition.ts';
export type { HealthReport, RunRecord } from './health.ts';
export { describeSchedule, type Schedule } from './schedule.ts';
export { runAgent, type AgentTestOptions, type AgentUnderTest } from './test-kit.ts';
export { VirtualClock } from './virtual-clock.ts';
