import { z } from 'zod';
import { defineAgent, type AgentContext } from '../../../agent/index.ts';
import { durationMs } from '../../../base/duration.ts';
import { MusterError } from '../../../base/errors.ts';
import { refreshCalendars } from '../oncall/calendar-store.ts';
import { durationSetting } from '../../duration-setting.ts';
import { LEVELS } from '../delivery/notification.ts';
import type { BusinessRates } from './impact.ts';
import { ALERT_METRICS } from './metrics.ts';
import type { VerdictSource } from './verdict.ts';
import { MOST_AT_ONCE, pruneOver } from './housekeeping.ts';
import { AlertWatch } from './watch.ts';

const cost = z.number().min(0).optional();

export const alertingConfig = z.strictObject({
  /** How long an info or a warning may wait for others of its incident. Critical ones never wait. */
  group_wait: durationSetting(0, '1s'),
  /** Within this time after the first, more alerts of an incident join it without a message of their own. */
  join_for: durationSetting(0, '5m'),
  /** After the alert that explained others is over, these have so long to get well before they are told. */
  settle: durationSetting(0, '15s'),
  /** An agent that no host runs for so long is told of. */
  agent_lost_after: durationSetting(0, '15s'),
  /** A lost host is told of for so long. */
  host_lost_for: durationSetting(1_000, '10m'),
  /** Who hears of the fleet's own faults, and of rules that name no channel. Default: every channel that is enabled. */
  channels: z.array(z.string()).max(100).optional(),
  /** What is over is kept for so many days: alerts, incidents, silences, windows. */
  keep_days: z.number().int().min(1).max(3_650).default(90),
  /** The alerts of rules that name no channel are told from this level on. */
  tell_from: z.enum(LEVELS).default('critical'),
  /** What a fault costs. Default: not configured. */
  business: z
    .strictObject({
      currency: z
        .string()
        .regex(/^[A-Z]{3}$/)
        .optional(),
      cost_per_minute: z.strictObject({ info: cost, warning: cost, critical: cost, emergency: cost }).optional(),
      objective: z.number().gt(0).lt(1).optional(),
      window: durationSetting(60_000, '30d'),
    })
    .optional(),
});
type AlertingConfig = z.output<typeof alertingConfig>;

const lives = new WeakMap<object, AlertWatch>();

const PRUNE_EVERY_RUNS = 60;
const MOST_PARTS = 10;

/** Where the verdicts of rules come from. */
export type RuleSource = (ctx: AgentContext<AlertingConfig>) => VerdictSource;

/** Turns what rules say, and what is wrong with the fleet itself, into alerts and what has to be told of them. */
export const alertingSystem = (ruleSource: RuleSource) =>
  defineAgent({
    type: 'alerting_system',
    name: 'Alerting system',
    description:
      'Evaluates the rules, moves alerts through their life, groups them into incidents and puts what has to be told into the outbox.',
    capabilities: {
      alerting: 'Deduplication, grouping by cause, dependencies, silences, maintenance windows, acknowledgement',
      escalation: 'Steps of escalation policies, by timers that outlive it; calendars of on-call schedules',
      incident_management: 'Incidents with timeline and post-mortem',
      business_impact: 'Cost and error budget of each alert, from configured rates',
    },
    config: alertingConfig,
    schedule: { every: '10s' },
    runsAtStart: true,
    // Others wait to be told: it is stopped last.
    priority: 90,
    async startup(ctx) {
      const watch = new AlertWatch({
        ctx,
        rules: ruleSource(ctx),
        channels: ctx.config.channels,
        settings: {
          groupWaitMs: durationMs(ctx.config.group_wait),
          joinMs: durationMs(ctx.config.join_for),
          settleMs: durationMs(ctx.config.settle),
          lostAfterMs: durationMs(ctx.config.agent_lost_after),
          hostLostForMs: durationMs(ctx.config.host_lost_for),
          business: ratesOf(ctx.config.business),
          tellFrom: ctx.config.tell_from,
        },
      });
      lives.set(ctx.life, watch);
      await watch.start();
    },
    async run(ctx) {
      const watch = lives.get(ctx.life);
      if (watch === undefined) throw new MusterError('INTERNAL', 'alerting_system runs without its startup');
      const { firing, messages, slowestBatchMs, transitions } = watch.takeCounts();
      const metric = (name: keyof typeof ALERT_METRICS, value: number): void => ctx.metric(name, value, { unit: ALERT_METRICS[name].unit });
      metric('alerts_firing', firing);
      metric('alert_transitions_total', transitions);
      metric('alert_messages_total', messages);
      // Beside the alerts, which do not wait for anybody's calendar.
      const calendars = await refreshCalendars(ctx.sql, ctx.outbound, ctx.signal);
      if (slowestBatchMs !== undefined) metric('alert_batch_seconds', slowestBatchMs / 1_000);
      if (ctx.runNumber % PRUNE_EVERY_RUNS === 1)
        for (let part = 0; part < MOST_PARTS && !ctx.signal.aborted; part++)
          if ((await pruneOver(ctx.sql, ctx.config.keep_days)) < MOST_AT_ONCE) break;
      return { firing, messages, transitions, ...(calendars === 0 ? {} : { calendars }) };
    },
    async shutdown(ctx) {
      const watch = lives.get(ctx.life);
      lives.delete(ctx.life);
      await watch?.stop();
    },
  });

function ratesOf(business: AlertingConfig['business']): BusinessRates {
  if (business === undefined) return {};
  const { cost_per_minute: costPerMinute, currency, objective, window } = business;
  const costs = Object.fromEntries(Object.entries(costPerMinute ?? {}).filter(([, value]) => value !== undefined));
  return { currency, costPerMinute: costs, ...(objective === undefined ? {} : { objective, windowMs: durationMs(window) }) };
}
