import { z } from 'zod';
import { defineAgent, type AgentContext } from '../../../agent/index.ts';
import { MusterError } from '../../../base/errors.ts';
import { Courier } from './courier.ts';
import { FLAG_AFTER_MS, KEEP_MS } from './decision.ts';
import { giveUpOld, pruneFinished, readBacklog } from './housekeeping.ts';
import { DELIVERY_METRICS } from './metrics.ts';
import { flagFailing, type ChannelNews } from './outbox.ts';

const config = z.strictObject({
  /** Messages of one channel that are under way at once. */
  concurrency: z.number().int().min(1).max(64).default(8),
  /** An attempt may take so long. */
  attempt_seconds: z.number().min(0.1).max(30).default(15),
  /** Where people reach Muster, from MUSTER_PUBLIC_URL: messages lead there, to see their alert and to take it on. */
  public_url: z.url({ protocol: /^https?$/ }).optional(),
  /** Messages that are done with are kept for so many days, with their attempts. */
  keep_days: z.number().int().min(1).max(3_650).default(90),
});

const lives = new WeakMap<object, Courier>();

export const alertDelivery = defineAgent({
  type: 'alert_delivery',
  name: 'Alert delivery',
  description: 'Brings notifications from the outbox to their channels, at least once each, and keeps a ledger of every attempt.',
  capabilities: {
    notification: 'Webhook, mail, Slack, Discord, Telegram, Teams, ntfy, PagerDuty, shell command',
    retry: 'Retries with growing pauses, Retry-After, a circuit breaker a channel',
  },
  config,
  schedule: { every: '10s' },
  runsAtStart: true,
  // Others wait to be told: it is stopped last.
  priority: 90,
  async startup(ctx) {
    const { attempt_seconds: seconds, concurrency, public_url: publicUrl } = ctx.config;
    const courier = new Courier({
      ctx,
      concurrency,
      attemptMs: seconds * 1_000,
      publicUrl,
      told: (news) => tell(ctx, news),
    });
    lives.set(ctx.life, courier);
    await courier.start();
  },
  async run(ctx) {
    const courier = lives.get(ctx.life);
    if (courier === undefined) throw new MusterError('INTERNAL', 'alert_delivery runs without its startup');
    const givenUp = await giveUpOld(ctx.sql, KEEP_MS);
    courier.countFailed(givenUp);
    for (const news of await flagFailing(ctx.sql, FLAG_AFTER_MS)) tell(ctx, news);
    const pruned = await pruneFinished(ctx.sql, ctx.config.keep_days);
    const backlog = await readBacklog(ctx.sql);
    const { attempts, delivered, failed, slowestMs } = courier.takeCounts();
    const metric = (name: keyof typeof DELIVERY_METRICS, value: number, labels: Readonly<Record<string, string>> = {}): void =>
      ctx.metric(name, value, { unit: DELIVERY_METRICS[name].unit, labels });
    for (const { channel, failing, oldest_seconds: oldest, waiting } of backlog) {
      metric('notifications_waiting', waiting, { channel });
      metric('notification_oldest_seconds', oldest, { channel });
      metric('channel_failing', failing ? 1 : 0, { channel });
    }
    metric('notifications_delivered_total', delivered);
    metric('notifications_failed_total', failed);
    metric('notification_attempts_total', attempts);
    if (slowestMs !== undefined) metric('notification_delivery_seconds', slowestMs / 1_000);
    if (givenUp > 0)
      ctx.log.warn({ count: givenUp }, `${givenUp} messages were given up: nobody could be told within ${KEEP_MS / 3_600_000} hours`);
    return { delivered, attempts, waiting: backlog.reduce((sum, { waiting }) => sum + waiting, 0), given_up: givenUp, pruned };
  },
  async shutdown(ctx) {
    const courier = lives.get(ctx.life);
    lives.delete(ctx.life);
    await courier?.stop();
  },
});

function tell(ctx: Pick<AgentContext, 'emit' | 'log'>, { channel, reason, tell: what }: ChannelNews): void {
  ctx.emit(what === 'failing' ? 'channel:failing' : 'channel:recovered', { channel, ...(reason === '' ? {} : { reason }) });
  ctx.log.warn({ channel, reason }, what === 'failing' ? `channel ${channel} does not work: ${reason}` : `channel ${channel} works again`);
}
