/** What `import { … } from 'muster-agents/testing'` gives: agents at work under a test's eyes, without a server. */
export { runAgent, VirtualClock, type AgentTestOptions, type AgentUnderTest } from './agent/index.ts';
export type { DeliveredEvent, TestedEvent, TestedLog } from './agent/test-kit.ts';
