import { defineAgent, type AgentContext } from '../../../src/agent/index.ts';
import { sql } from '../../../src/db/sql.ts';

/** How many effects each life has had. */
const written = new WeakMap<object, number>();

/** Fenced, as whatever an agent does to the database is. */
async function leaveEffect(ctx: AgentContext): Promise<void> {
  const seq = (written.get(ctx.life) ?? 0) + 1;
  await ctx.sql.write(
    sql`insert into public.effects (agent_id, host_id, epoch, seq) values (${ctx.agentId}, ${ctx.hostId}, ${ctx.epoch}, ${seq})`,
  );
  written.set(ctx.life, seq);
}

/** Leaves an effect as soon as it lives, and another every second. */
export default {
  name: 'pulse',
  agentTypes: [
    defineAgent({
      type: 'pulse',
      name: 'Pulse',
      description: 'Leaves an effect in the database as soon as it lives, and another every second.',
      schedule: { every: '1s' },
      startup: (ctx) => leaveEffect(ctx as AgentContext),
      run: (ctx) => leaveEffect(ctx as AgentContext),
    }),
  ],
};
