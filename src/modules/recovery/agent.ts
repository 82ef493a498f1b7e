import { defineAgent, type AgentContext } from '../../agent/index.ts';
import { messageOf, MusterError } from '../../base/errors.ts';
import { dailyTables } from '../../db/partitions.ts';
import { sql } from '../../db/sql.ts';
import { missingDays } from './actions/storage.ts';
import { TRANSITIONS_TOPIC } from '../alerting/index.ts';
import { storedAlerts } from './alert-source.ts';
import { declare, type Declared } from './catalogue.ts';
import { healingConfig, type HealingConfig } from './config.ts';
import { Healer, type Round } from './healer.ts';
import { pruneRuns } from './housekeeping.ts';
import { RECOVERY_METRICS } from './metrics.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { RECOVERY_TOPIC } from './runs.ts';

/** What changes seldom is measured seldom. */
const ROUNDS_A_SAMPLE = 5;
const ROUNDS_A_LOOK_AT_PARTITIONS = 30;
const ROUNDS_A_PRUNING = 300;
const MOST_ACTIONS = 200;

/** What lives from startup to shutdown. */
interface Life {
  readonly healer: Healer;
  readonly rounds: OneAtATime<Round>;
  /** Actions that were stopped and are not measured yet. */
  readonly stops: { count: number };
  readonly deaf: readonly (() => void)[];
}

const lives = new WeakMap<object, Life>();

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
      const stops = { count: 0 };
      const healer = new Healer({
        hands: { database, commands, outbound: ctx.outbound },
        actions: declared.map(({ action }) => action),
        alerts: storedAlerts({ query: (statement) => ctx.sql.read(statement) }),
        agentId: ctx.agentId,
        epoch: ctx.epoch,
        log: ctx.log,
        emit(type, data) {
          ctx.emit(type, data);
          // A rule fires on it: people are told at once.
          if (type === 'recovery:stopped') stops.count += 1;
        },
      });
      const rounds = new OneAtATime(() => healer.round());
      const look = (): void =>
        void rounds
          .run()
          .catch((error: unknown) => ctx.log.warn({ error: messageOf(error) }, 'a round of healing failed; it is tried again'));
      // An alert that began, or a person who decided: neither waits for the next round.
      lives.set(ctx.life, { healer, rounds, stops, deaf: [TRANSITIONS_TOPIC, RECOVERY_TOPIC].map((topic) => ctx.wake.on(topic, look)) });
    },
    async run(ctx) {
      const life = lives.get(ctx.life);
      if (life === undefined) throw new MusterError('INTERNAL', 'self_healing_agent runs without its startup');
      const round = await life.rounds.run();
      if (ctx.runNumber % ROUNDS_A_SAMPLE === 1 || life.stops.count > 0) {
        life.stops.count = 0;
        await measure(ctx);
      }
      if (ctx.runNumber % ROUNDS_A_LOOK_AT_PARTITIONS === 1) await measurePartitions(ctx);
      if (ctx.runNumber % ROUNDS_A_PRUNING === 1) await pruneRuns(ctx.sql, ctx.config.keep_days);
      return round;
    },
    async shutdown(ctx) {
      const life = lives.get(ctx.life);
      lives.delete(ctx.life);
      for (const end of life?.deaf ?? []) end();
      await life?.healer.stop();
      await life?.rounds.settled();
    },
  });

async function measure(ctx: AgentContext<HealingConfig>): Promise<void> {
  const metric = (name: keyof typeof RECOVERY_METRICS, value: number, labels: Readonly<Record<string, string>> = {}): void =>
    ctx.metric(name, value, { unit: RECOVERY_METRICS[name].unit, labels });
  const { rows } = await ctx.sql.read<{ action: string; stopped: boolean; waiting: number }>(sql`
    select name as action, stopped_at is not null as stopped,
      (select count(*)::int from muster.recovery_runs where state = 'proposed') as waiting
    from muster.recovery_actions where retired_at is null order by name limit ${MOST_ACTIONS}`);
  for (const { action, stopped } of rows) metric('recovery_actions_stopped', stopped ? 1 : 0, { action });
  metric('recovery_runs_waiting', rows[0]?.waiting ?? 0);
}

async function measurePartitions(ctx: AgentContext<HealingConfig>): Promise<void> {
  for (const table of dailyTables) ctx.metric('partitions_missing', (await missingDays(ctx.fleet, table, 1)).length, { labels: { table } });
}
