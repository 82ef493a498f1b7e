import { z } from 'zod';
import { defineAgent, type AgentContext } from '../../agent/index.ts';
import { durationMs as ms } from '../../base/duration.ts';
import { messageOf } from '../../base/errors.ts';
import { durationSetting } from '../duration-setting.ts';
import { WATCH_METRICS } from './metrics.ts';
import { declareDown, Monitors, prunePings, type Change, type MonitorRecord } from './monitors.ts';
import { sealedAs, takeDue, Watchers, writeOutcome, type DueWatcher } from './watchers.ts';

const watchConfig = z.strictObject({
  every: durationSetting(250, '5s'),
  /** How often the figures are recorded, beside whenever one changes. */
  record_every: durationSetting(1_000, '30s'),
  /** A watcher that has not answered then was not reached. */
  timeout: durationSetting(100, '10s'),
});
type WatchConfig = z.output<typeof watchConfig>;

const WATCHERS_AT_ONCE = 10;
const PRUNE_EVERY_MS = 60_000;

interface Life {
  recordedAt: number;
  prunedAt: number;
}
const lives = new WeakMap<object, Life>();

/** Notices the calls that do not come, and calls those who wait for ours. */
export const deadManWatch = defineAgent({
  type: 'dead_man_watch',
  name: "Dead man's watch",
  description: 'Notices jobs elsewhere that do not call in time, and calls the watchers outside that wait to hear from Muster.',
  capabilities: {
    push_monitors: 'Late and failed calls become events and metrics',
    outside_watchers: 'Called at an interval; a failure shows',
  },
  config: watchConfig,
  schedule: ({ every }) => ({ every }),
  timeout: '60s',
  startup: (ctx) => void lives.set(ctx.life, { recordedAt: Number.NEGATIVE_INFINITY, prunedAt: Number.NEGATIVE_INFINITY }),
  async run(ctx) {
    const [changes, due] = await ctx.sql.transaction(async (tx) => [await declareDown(tx), await takeDue(tx, WATCHERS_AT_ONCE)] as const);
    for (const change of changes) ctx.emit('monitor:down', changeEvent(change));
    await Promise.all(due.map((watcher) => callWatcher(ctx, watcher)));
    await record(ctx, changes.length > 0 || due.length > 0);
    return { down: changes.length, called: due.length };
  },
  shutdown: (ctx) => void lives.delete(ctx.life),
});

/** What an event of a monitor tells. */
export const changeEvent = ({ monitor, from }: Change): Readonly<Record<string, unknown>> => ({
  monitor: monitor.name,
  state: monitor.state,
  previous_state: from,
  because: monitor.because,
  last_success_at: monitor.lastSuccessAt === null ? null : new Date(monitor.lastSuccessAt).toISOString(),
});

async function callWatcher(ctx: AgentContext<WatchConfig>, { name, url, failures }: DueWatcher): Promise<void> {
  const outcome = await reach(ctx, name, url);
  await ctx.sql.transaction((tx) => writeOutcome(tx, name, outcome));
  if (outcome.error !== null && failures === 0) ctx.emit('watcher:unreachable', { watcher: name, error: outcome.error });
  if (outcome.error === null && failures > 0) ctx.emit('watcher:reached', { watcher: name, failures });
}

async function reach(
  ctx: AgentContext<WatchConfig>,
  name: string,
  sealed: string,
): Promise<{ status: number | null; error: string | null }> {
  try {
    const url = await ctx.fleet.secrets.open(sealed, sealedAs(name));
    const { status } = await ctx.outbound.request({ method: 'GET', url, timeoutMs: ms(ctx.config.timeout), signal: ctx.signal });
    return status >= 200 && status < 300 ? { status, error: null } : { status, error: `it answered ${status}` };
  } catch (error) {
    if (ctx.signal.aborted) throw error;
    return { status: null, error: messageOf(error) };
  }
}

async function record(ctx: AgentContext<WatchConfig>, changed: boolean): Promise<void> {
  const life = lives.get(ctx.life);
  const now = ctx.clock.monotonic();
  if (life === undefined || (!changed && now - life.recordedAt < ms(ctx.config.record_every))) return;
  life.recordedAt = now;
  const metric = (metricName: keyof typeof WATCH_METRICS, value: number, labels: Readonly<Record<string, string>>): void =>
    ctx.metric(metricName, value, { unit: WATCH_METRICS[metricName].unit, labels, soon: changed });
  for (const monitor of await new Monitors(ctx.fleet.database).list()) {
    if (monitor.state !== 'up' && monitor.state !== 'down') continue;
    const labels = { monitor: monitor.name };
    metric('push_monitor_up', monitor.state === 'up' ? 1 : 0, labels);
    metric('push_monitor_overdue_seconds', overdueSeconds(monitor), labels);
    if (monitor.lastDurationMs !== null) metric('push_monitor_run_seconds', monitor.lastDurationMs / 1_000, labels);
  }
  for (const { name, lastAttemptAt, failures, enabled } of await new Watchers(ctx.fleet.database).list())
    if (enabled && lastAttemptAt !== null) metric('outside_watcher_reached', failures === 0 ? 1 : 0, { watcher: name });
  if (now - life.prunedAt < PRUNE_EVERY_MS) return;
  life.prunedAt = now;
  await ctx.sql.transaction(prunePings);
}

const overdueSeconds = ({ deadline, readAt }: MonitorRecord): number => (deadline === null ? 0 : Math.max(0, (readAt - deadline) / 1_000));
