export interface AgentNames {
  /** The agent_type: unpaid_invoices. */
  readonly type: string;
  /** Of its files: unpaid-invoices. */
  readonly base: string;
}

const titleOf = ({ base }: AgentNames): string => `${base.charAt(0).toUpperCase()}${base.slice(1).replaceAll('-', ' ')}`;
const classOf = ({ base }: AgentNames): string => base.replaceAll(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const CONFIG = `// What stands in \`config\` of the agent's row is parsed by this: in code it is \`ctx.config\`, typed and with its defaults.
const config = z.strictObject({
  /** More waiting sessions than this are worth an event. */
  limit: z.number().int().nonnegative().default(10),
});
`;

const QUERY = `sql\`select count(*)::int as waiting from pg_stat_activity where wait_event_type = 'Lock'\``;

/** What \`muster agents new\` writes. A test bundles it, runs it and runs its test. */
export const agentTemplate = (names: AgentNames): string => `import { defineAgent, sql } from 'muster-agents';
import { z } from 'zod';

${CONFIG}
export default defineAgent({
  // Names the kind of agent everywhere: lower case, digits and underscores.
  type: '${names.type}',
  name: '${titleOf(names)}',
  description: 'Counts sessions of the database that wait for a lock.',
  capabilities: { locks: 'Tells when many sessions wait' },
  config,
  // Or { cron: '0 4 * * *', timezone: 'Europe/Berlin' }; without a schedule it runs when it is told to.
  schedule: { every: '30s' },
  // A run that takes longer is aborted: pass ctx.signal to whatever can be cancelled.
  timeout: '10s',

  async run(ctx) {
    // Reads are free. Writes (ctx.sql.write, ctx.state.set) are refused once another host runs this agent.
    const { rows } = await ctx.sql.read<{ waiting: number }>(${QUERY});
    const waiting = rows[0]?.waiting ?? 0;
    ctx.metric('${names.type}_waiting', waiting);
    if (waiting > ctx.config.limit) ctx.emit('locks:piled_up', { waiting, limit: ctx.config.limit });
    // What a run returns is the answer to \`muster agents run\`.
    return { waiting };
  },
});
`;

export const classTemplate = (names: AgentNames): string => `import { BaseAgent, sql } from 'muster-agents';
import { z } from 'zod';

${CONFIG}
/** One object lives from startup to shutdown: what it remembers, its fields hold. */
class ${classOf(names)} extends BaseAgent<z.output<typeof config>> {
  static override readonly capabilities = { locks: 'Tells when many sessions wait' };

  #most = 0;

  override async run() {
    // Reads are free. Writes (this.sql.write, this.state.set) are refused once another host runs this agent.
    const { rows } = await this.sql.read<{ waiting: number }>(${QUERY});
    const waiting = rows[0]?.waiting ?? 0;
    this.#most = Math.max(this.#most, waiting);
    this.metric('${names.type}_waiting', waiting);
    if (waiting > this.config.limit) this.emit('locks:piled_up', { waiting, limit: this.config.limit });
    // What a run returns is the answer to \`muster agents run\`.
    return { waiting, most: this.#most };
  }
}

export default ${classOf(names)}.define({
  // Names the kind of agent everywhere: lower case, digits and underscores.
  type: '${names.type}',
  name: '${titleOf(names)}',
  description: 'Counts sessions of the database that wait for a lock.',
  config,
  // Or { cron: '0 4 * * *', timezone: 'Europe/Berlin' }; without a schedule it runs when it is told to.
  schedule: { every: '30s' },
  // A run that takes longer is aborted: pass this.signal to whatever can be cancelled.
  timeout: '10s',
});
`;

export const testTemplate = (names: AgentNames): string => `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAgent } from 'muster-agents/testing';
import agent from './${names.base}.ts';

// \`muster agents test ${names.base}.test.ts\` runs this, without a database or a server: time moves when the test says so.
test('it measures every half minute', async () => {
  const running = await runAgent(agent, { sql: () => [{ waiting: 3 }] });
  await running.advance('1m');
  assert.equal(running.metric('${names.type}_waiting'), 3);
  assert.ok(running.metrics.length >= 2);
  await running.stop();
});

test('more than the limit is an event', async () => {
  const running = await runAgent(agent, { config: { limit: 2 }, sql: () => [{ waiting: 3 }] });
  await running.tick();
  assert.deepEqual(running.events[0]?.data, { waiting: 3, limit: 2 });
  await running.stop();
});
`;
