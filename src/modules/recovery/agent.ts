import { defineAgent, type AgentContext } from '../../agent/index.ts';
import { MusterError } from '../../base/errors.ts';
import { sql } from '../../db/sql.ts';
import { storedAlerts } from './alert-source.ts';
import { declare, type Declared } from './catalogue.ts';
import { healingConfig, type HealingConfig } from './config.ts';
import { Healer } from './healer.ts';

/** What changes seldom is measured seldom. */
const ROUNDS_A_SAMPLE = 5;

const healers = new WeakMap<object, Healer>();

/** The healing agent with these actions. */
export const healingAgent = (declared: readonly Declared[]) =>
  defineAgent({
    type: 'self_healing_agent',
    name: 'Self-healing',
    description: 'Carries out what cures an alert, as far as each action may go by itself, and measures whether the symptom went away.',
    capabilities: {
      healing: 'Actions bound to alerts, from suggestion to automatic',
      verification: 'An action counts as effective when its symptom stayed away',
    },
    config: healingConfig,
    schedule: ({ every }) => ({ every }),
    timeout: '55s',
    async startup(ctx) {
      await ctx.sql.transaction((tx) => declare(tx, declared));
      const { commands, database } = ctx.fleet;
      healers.set(
        ctx.life,
        new Healer({
          hands: { database, commands, outbound: ctx.outbound },
          actions: declared.map(({ action }) => action),
          alerts: storedAlerts({ query: (statement) => ctx.sql.read(statement) }),
          agentId: ctx.agentId,
          epoch: ctx.epoch,
          log: ctx.log,
          wake: ctx.wake,
          emit: (type, data) => ctx.emit(type, data),
        }),
      );
    },
    async run(ctx) {
      const healer = healers.get(ctx.life);
      if (healer === undefined) throw new MusterError('INTERNAL', 'self_healing_agent runs without its startup');
      const round = await healer.round();
      if (ctx.runNumber % ROUNDS_A_SAMPLE === 1) await measure(ctx);
      return round;
    },
    async shutdown(ctx) {
      const healer = healers.get(ctx.life);
      healers.delete(ctx.life);
      await healer?.stop();
    },
  });

async function measure(ctx: AgentContext<HealingConfig>): Promise<void> {
  const { rows } = await ctx.sql.read<{ stopped: number; waiting: number }>(sql`
    select (select count(*)::int from muster.recovery_actions where stopped_at is not null and retired_at is null) as stopped,
      (select count(*)::int from muster.recovery_runs where state = 'proposed') as waiting`);
  ctx.metric('recovery_actions_stopped', rows[0]?.stopped ?? 0);
  ctx.metric('recovery_runs_waiting', rows[0]?.waiting ?? 0);
}
