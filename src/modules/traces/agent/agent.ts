import { z } from 'zod';
import { defineAgent, type AgentContext } from '../../../agent/index.ts';
import { healthOfRuns } from '../../../agent/health.ts';
import { durationMs as ms } from '../../../base/duration.ts';
import { MusterError } from '../../../base/errors.ts';
import { noWake } from '../../../base/wake.ts';
import { durationSetting } from '../../duration-setting.ts';
import { intakeOf, type Intake } from '../intake/index.ts';
import { LLM_METRICS } from '../figures/metrics.ts';
import { figureSamples } from '../figures/report.ts';
import { readHealth } from '../gateway/index.ts';
import { SCORE_METRICS, scoreSamples } from '../quality/report.ts';
import { pruneLeftovers } from '../retention/leftovers.ts';
import { keepRetention } from '../retention/retention.ts';
import { addTally, SETTINGS_TOPIC, SettingsStore } from '../settings/index.ts';
import { counters } from './counters.ts';
import { TRACE_METRICS } from './metrics.ts';
import { adoptOrphans } from './orphans.ts';
import { providerSamples } from './provider-samples.ts';
import { readCosts, readCounts, readReaders, type ReaderReading } from './readings.ts';

const config = z.strictObject({
  /** How often readers, quarantine and cost are measured, and what waits for its run is given to it. */
  every: durationSetting(5_000, '30s'),
  /** How often what is kept no longer is looked for. */
  housekeeping_every: durationSetting(10_000, '10m'),
});

/** What others made of the runs, and is told here. */
const MADE = { ...LLM_METRICS, ...SCORE_METRICS };

/** A reader that has work and has not moved for so long is stuck. */
const STUCK_SECONDS = 300;

interface Life {
  housekeptAt: number;
  readers: readonly ReaderReading[];
  /** Providers that were measured the last time. */
  providers: ReadonlySet<string>;
  intake: Intake | undefined;
}
const lives = new WeakMap<object, Life>();

/** Keeps house for LLM conversations, and tells how they fare. */
export const langsmithBridge = defineAgent({
  type: 'langsmith_bridge',
  name: 'LangSmith bridge',
  description:
    'Keeps LLM conversations no longer than is settled, measures how far their readers are behind and what they cost, and keeps what nobody began.',
  capabilities: {
    retention: 'Drops days that are over, and deletes what shortened projects no longer keep',
    watch: 'Lag of every reader, quarantine, redactions, cost by budget',
    orphans: 'Ends of runs wait an hour for their beginnings',
  },
  config,
  schedule: ({ every }) => ({ every }),
  timeout: '10m',
  startup: (ctx) =>
    void lives.set(ctx.life, { housekeptAt: Number.NEGATIVE_INFINITY, readers: [], providers: new Set(), intake: undefined }),
  async run(ctx) {
    const life = lives.get(ctx.life);
    if (life === undefined) throw new MusterError('INTERNAL', 'langsmith_bridge runs without its startup');
    const { database } = ctx.fleet;
    const adopted = await adoptOrphans(database, () => (life.intake ??= intakeOf({ state: ctx.fleet, wake: noWake, log: ctx.log })));
    await measure(ctx, life);
    const now = ctx.clock.monotonic();
    if (now - life.housekeptAt < ms(ctx.config.housekeeping_every)) return { adopted };
    const { more, ...kept } = await keepHouse(ctx);
    life.housekeptAt = more ? Number.NEGATIVE_INFINITY : now;
    return { adopted, ...kept };
  },
  shutdown: (ctx) => void lives.delete(ctx.life),
  health(ctx) {
    const stuck = (lives.get(ctx.life)?.readers ?? []).filter(({ stuckSeconds }) => stuckSeconds > STUCK_SECONDS);
    const ofRuns = healthOfRuns(ctx.runs);
    if (stuck.length === 0) return ofRuns;
    const reasons = stuck.map(
      ({ reader, backlog, stuckSeconds }) =>
        `${reader} has not moved for ${Math.round(stuckSeconds)} s, and ${backlog} transactions wait for it`,
    );
    return { score: Math.min(ofRuns.score, 60), reasons: [...reasons, ...(ofRuns.reasons ?? [])] };
  },
});

async function keepHouse(
  ctx: AgentContext,
): Promise<{ readonly dropped: number; readonly created: number; readonly deleted: number; readonly more: boolean }> {
  const { database } = ctx.fleet;
  const store = new SettingsStore(database);
  const kept = await keepRetention(database, store, ctx.signal);
  const leftovers = await pruneLeftovers(database, (await store.general()).retention.days);
  const deleted = kept.deleted + leftovers.deleted;
  if (kept.deleted > 0) ctx.wake.hint(SETTINGS_TOPIC);
  await addTally(database, [{ name: 'deleted', label: '', count: deleted }]);
  if (kept.dropped.length > 0) ctx.log.info({ partitions: kept.dropped.length, first: kept.dropped[0] }, 'days that are over were dropped');
  return { dropped: kept.dropped.length, created: kept.created, deleted, more: kept.more || leftovers.more };
}

async function measure(ctx: AgentContext, life: Life): Promise<void> {
  const { database } = ctx.fleet;
  const metric = (name: keyof typeof TRACE_METRICS, value: number, labels: Readonly<Record<string, string>> = {}): void =>
    ctx.metric(name, value, { unit: TRACE_METRICS[name].unit, labels });
  life.readers = await readReaders(database);
  for (const { reader, backlog, lagSeconds, stuckSeconds } of life.readers) {
    metric('trace_reader_backlog', backlog, { reader });
    metric('trace_reader_lag_seconds', lagSeconds, { reader });
    metric('trace_reader_stuck_seconds', stuckSeconds, { reader });
  }
  const { quarantined, orphans, tally } = await readCounts(database);
  metric('trace_quarantined_total', quarantined);
  metric('trace_orphans', orphans);
  for (const { count, labels, name } of counters(tally)) metric(name, count, labels);
  const health = [...(await readHealth(database)).values()];
  for (const { count, labels, name } of providerSamples(health, life.providers, Date.now())) metric(name, count, labels);
  life.providers = new Set(health.map(({ name }) => name));
  const made = [...(await figureSamples(database, Date.now())), ...(await scoreSamples(database, Date.now()))];
  for (const { name, value, labels } of made) ctx.metric(name, value, { unit: MADE[name].unit, labels });
  const store = new SettingsStore(database);
  for (const { project, usdPerHour, budget } of await readCosts(database, await store.general(), await store.ofProjects())) {
    metric('trace_cost_usd_per_hour', usdPerHour, { project });
    metric('trace_budget_usage_ratio', usdPerHour / budget, { project });
  }
}
