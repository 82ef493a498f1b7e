import { defineAgent, type AgentContext } from '../../agent/index.ts';
import { durationMs } from '../../base/duration.ts';
import { MusterError } from '../../base/errors.ts';
import { agentChecks } from './agent-checks.ts';
import { healthConfig, type HealthConfig } from './config.ts';
import { databaseChecks } from './database-checks.ts';
import { countersOf, type Facts } from './facts.ts';
import { LEVELS, type Verdict } from './finding.ts';
import { fleetChecks } from './fleet-checks.ts';
import { gather } from './gather.ts';
import { HEALTH_KEY } from './health-key.ts';
import { History } from './history.ts';
import { hostChecks } from './host-checks.ts';
import type { Bench } from './judge.ts';
import { HEALTH_METRICS } from './metrics.ts';
import { changesBetween, judgementOf, readReport, reportOf, type HealthReport, type Judgement, type ReportBefore } from './report.ts';
import { pruneScores, recordScores } from './scores.ts';
import { thresholdsWith } from './thresholds.ts';

/** A monitor begins within five seconds, and its samples arrive a second or two later. */
const FIRST_READINGS_MS = 10_000;
const SECOND_LOOK_MS = 6_000;

/** Events of one run at most; a run in which more changes says so in the last. */
const MOST_EVENTS = 20;

/** So many intervals without a judgement, and the time between counts as unknown. */
const GAP = 3;
/** A run may take this long. */
const LATE_MS = 30_000;
const PRUNE_EVERY_MS = 3_600_000;

interface Life {
  readonly history: History;
  previous: ReportBefore | undefined;
  prunedAt: number;
}

const lives = new WeakMap<object, Life>();

export const heartbeatHealthAgent = defineAgent({
  type: 'heartbeat_health_agent',
  name: 'Heartbeat and health',
  description: 'Judges agents, hosts, database and fleet by what was really measured: findings with remedies, and scores from 0 to 100.',
  capabilities: {
    health_monitoring: 'Scores from findings, with coverage',
    alerting: 'Findings in four levels, events when a level or band changes',
    reporting: 'One report in shared state: health:fleet',
  },
  config: healthConfig,
  schedule: ({ every }) => ({ every }),
  timeout: '25s',
  async startup(ctx) {
    // The report before gives findings their age, whoever wrote it.
    lives.set(ctx.life, {
      history: new History(durationMs(ctx.config.window)),
      previous: readReport(await ctx.state.get(HEALTH_KEY)),
      prunedAt: Number.NEGATIVE_INFINITY,
    });
  },
  async run(ctx) {
    const life = lives.get(ctx.life);
    if (life === undefined) throw new MusterError('INTERNAL', 'heartbeat_health_agent runs without its startup');
    if (ctx.runNumber > 1) return summaryOf(await judgeNow(ctx, life, await gather(ctx)));
    // At first there is nothing to judge by until the monitors have measured, and nothing to compare with until a while later.
    await judgeNow(ctx, life, await gatherOnceMeasured(ctx));
    await ctx.clock.sleep(SECOND_LOOK_MS, ctx.signal);
    return summaryOf(await judgeNow(ctx, life, await gather(ctx)));
  },
  shutdown: (ctx) => void lives.delete(ctx.life),
});

type Gathered = Awaited<ReturnType<typeof gather>>;

/** Waits for the first readings of the monitors there are, a few seconds after a start; not longer than they can take. */
async function gatherOnceMeasured(ctx: AgentContext<HealthConfig>): Promise<Gathered> {
  const giveUpAt = ctx.clock.monotonic() + FIRST_READINGS_MS;
  for (;;) {
    const gathered = await gather(ctx);
    const isMonitored = gathered.agents.some(({ type }) => type === 'performance_monitor');
    if (!isMonitored || gathered.readings.size > 0 || ctx.clock.monotonic() >= giveUpAt) return gathered;
    await ctx.clock.sleep(1_000, ctx.signal);
  }
}

async function judgeNow(ctx: AgentContext<HealthConfig>, life: Life, gathered: Gathered): Promise<HealthReport> {
  life.history.push(gathered.now, countersOf(gathered));
  const judgement = judgeFacts({ ...gathered, history: life.history }, ctx.config, life.previous);
  const report = {
    ...reportOf(judgement, gathered.now, life.previous),
    good_until: new Date(gathered.now + GAP * durationMs(ctx.config.every) + LATE_MS).toISOString(),
  };
  const before = life.previous?.evaluated_at;
  const seenUntil = before === undefined || gathered.now - before <= GAP * durationMs(ctx.config.every) ? null : before;
  // The scores first: were the report newer than they are, it would say that there was no gap.
  await ctx.sql.transaction((tx) => recordScores(tx, judgement, { now: gathered.now, seenUntil }));
  await ctx.state.set(HEALTH_KEY, report);
  if (ctx.clock.monotonic() - life.prunedAt > PRUNE_EVERY_MS) {
    await ctx.sql.transaction((tx) => pruneScores(tx, durationMs(ctx.config.keep)));
    life.prunedAt = ctx.clock.monotonic();
  }
  publish(ctx, report, life.previous);
  life.previous = { ...report, evaluated_at: gathered.now };
  return report;
}

const summaryOf = ({ score, band, findings, findings_omitted }: HealthReport): object => ({
  score,
  band,
  findings: findings.length + findings_omitted,
});

/** Every subject with its score, from these facts: pure, so that the same facts always give the same. */
export function judgeFacts(
  facts: Facts,
  config: Pick<HealthConfig, 'thresholds'>,
  previous: Pick<ReportBefore, 'findings'> | undefined,
): Judgement {
  const bench: Bench = {
    thresholds: thresholdsWith(config.thresholds),
    open: new Map(previous?.findings.map(({ id, level }) => [id, level])),
  };
  const verdicts: readonly Verdict[] = [
    ...fleetChecks(facts),
    ...databaseChecks(facts, bench),
    ...hostChecks(facts, bench),
    ...agentChecks(facts, bench),
  ];
  return judgementOf(
    verdicts,
    facts.paused.map((id) => `agent:${id}` as const),
  );
}

/** The report on these facts. */
export const evaluate = (facts: Facts, config: HealthConfig, previous: Pick<ReportBefore, 'findings'> | undefined): HealthReport =>
  reportOf(judgeFacts(facts, config, previous), facts.now, previous);

function publish(ctx: AgentContext<HealthConfig>, report: HealthReport, previous: ReportBefore | undefined): void {
  const metric = (name: keyof typeof HEALTH_METRICS, value: number, labels: Readonly<Record<string, string>>): void =>
    ctx.metric(name, value, { unit: HEALTH_METRICS[name].unit, labels });
  for (const { subject, score, coverage } of report.subjects) {
    if (score !== null) metric('health_score', score, { subject });
    if (!subject.startsWith('agent:')) metric('health_coverage_ratio', coverage, { subject });
  }
  for (const level of LEVELS) metric('health_findings', report.counts[level], { level });
  const changes = changesBetween(previous, report);
  for (const change of changes.slice(0, MOST_EVENTS)) ctx.emit('health:changed', { ...change });
  if (changes.length > MOST_EVENTS)
    ctx.emit('health:changed', { subject: 'fleet', more: changes.length - MOST_EVENTS, score: report.score, band: report.band });
}
