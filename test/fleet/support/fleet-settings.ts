import type { AgentContext } from '../../../src/agent/context.ts';
import { defineAgent } from '../../../src/agent/define-agent.ts';
import type { AnyAgentDefinition } from '../../../src/agent/definition.ts';
import { sql } from '../../../src/db/sql.ts';
import type { LoadMeter } from '../../../src/fleet/process-load.ts';

/** Leases short enough to wait for. */
export const BEAT_MS = 150;
export const LEASE_MS = 900;

/** A host at ease, whatever the machine that tests it has to do: shares of agents are even then. */
export const atEase = (): LoadMeter => ({ start: () => undefined, stop: () => undefined, read: () => ({}) });

/** An agent that counts its runs and does what the test tells it to. */
export function worker(run: (ctx: AgentContext) => unknown = () => undefined): AnyAgentDefinition {
  return defineAgent({
    type: 'worker',
    name: 'Worker',
    description: 'An agent for a test.',
    schedule: { every: '100ms' },
    timeout: '2s',
    run: async (ctx) => run(ctx as AgentContext),
  });
}

/** Writes as fast as it can, in its own name, into public.effects. */
export const scribe: AnyAgentDefinition = defineAgent({
  type: 'scribe',
  name: 'Scribe',
  description: 'Writes in a tight loop.',
  schedule: { every: '10ms' },
  timeout: '60s',
  run: async (ctx) => {
    while (!ctx.signal.aborted) {
      await ctx.sql.write(sql`insert into public.effects (agent_id, host_id, epoch) values (${ctx.agentId}, ${ctx.hostId}, ${ctx.epoch})`);
    }
  },
});
