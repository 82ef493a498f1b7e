/** What `import { … } from 'muster-agents/testing'` gives: agents at work under a test's eyes, without a server. */
export { runAgent, type AgentTestOptions, type AgentUnderTest, type TestedEvent, type TestedLog } from './agent/test-kit.ts';
export { VirtualClock } from './agent/virtual-clock.ts';
