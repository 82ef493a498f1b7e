import type { Module } from '../module.ts';
import { diagnosticTestAgent } from './diagnostic-agent.ts';
import { testLauncherEnvAgent } from './launcher-agent.ts';
import { testAgent } from './test-agent.ts';

/** Agents that prove, try out and demonstrate. What is synthetic says so in its description and its labels. */
export const diagnosticsModule: Module = {
  name: 'diagnostics',
  agentTypes: [diagnosticTestAgent, testAgent, testLauncherEnvAgent],
  defaultAgents: [
    { agentId: 'diagnostic_test_agent', name: 'Diagnostic test', type: 'diagnostic_test_agent' },
    { agentId: 'test_agent_1', name: 'Test agent 1 (synthetic)', type: 'test_agent', demoConfig: { demo: true } },
    { agentId: 'test_agent_2', name: 'Test agent 2 (synthetic)', type: 'test_agent', demoConfig: { demo: true, fail_ratio: 0.1 } },
    { agentId: 'test_launcher_env_agent', name: 'Launcher environment', type: 'test_launcher_env_agent' },
  ],
};
