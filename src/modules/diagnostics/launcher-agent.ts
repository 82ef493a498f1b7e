import { z } from 'zod';
import { defineAgent } from '../../agent/index.ts';
import { durationSetting } from '../duration-setting.ts';
import { LEVELS } from '../health/index.ts';
import { environmentFindings, type EnvironmentFinding } from './environment-findings.ts';
import { readEnvironment } from './environment.ts';
import { DIAGNOSTIC_METRICS } from './metrics.ts';

/** Where the result for a machine stands in shared state. */
export const environmentKey = (hostname: string): string => `environment:${hostname}`;

const config = z.strictObject({
  every: durationSetting(10_000, '1h'),
  /** Default: MUSTER_DATA_DIR of the host's process, else .muster where it was started. */
  data_dir: z.string().min(1).optional(),
});

const lastFindings = new WeakMap<object, readonly EnvironmentFinding[]>();

export const testLauncherEnvAgent = defineAgent({
  type: 'test_launcher_env_agent',
  name: 'Launcher environment',
  description: 'Checks what the launcher started in: Node, data folder, clock against the database, time zones, limits, disk and memory.',
  capabilities: { sanity_check: 'Findings about the environment, each with its remedy' },
  config,
  schedule: ({ every }) => ({ every }),
  timeout: '30s',
  async run(ctx) {
    const environment = await readEnvironment(ctx, ctx.config.data_dir ?? process.env['MUSTER_DATA_DIR'] ?? '.muster');
    const findings = environmentFindings(environment);
    lastFindings.set(ctx.life, findings);
    const host = { host: environment.hostname };
    ctx.metric('environment_clock_offset_seconds', environment.clock.seconds, {
      unit: DIAGNOSTIC_METRICS.environment_clock_offset_seconds.unit,
      labels: host,
    });
    for (const level of LEVELS)
      ctx.metric('environment_findings', findings.filter((finding) => finding.level === level).length, { labels: { ...host, level } });
    await ctx.state.set(environmentKey(environment.hostname), {
      checked_at: new Date(ctx.clock.now()).toISOString(),
      findings,
      environment,
    });
    return { findings: findings.length };
  },
  health(ctx) {
    const findings = lastFindings.get(ctx.life) ?? [];
    const isCritical = findings.some(({ level }) => level === 'critical' || level === 'emergency');
    const score = findings.length === 0 ? 100 : isCritical ? 45 : 80;
    return { score: ctx.runs.consecutiveFailures === 0 ? score : Math.min(score, 50), reasons: findings.map(({ text }) => text) };
  },
});
