import { z } from 'zod';
import { defineAgent, type AgentContext } from '../../agent/index.ts';
import { MusterError } from '../../base/errors.ts';
import { durationSetting } from '../duration-setting.ts';
import { fails, makeLoad, parseLoad, record, SyntheticWork } from './load.ts';

const config = z.strictObject({
  every: durationSetting(100, '30s'),
  /** Make synthetic load all the time, and not only on command. */
  demo: z.boolean().default(false),
  /** Interval with `demo`. */
  demo_every: durationSetting(100, '5s'),
  /** Units of work a run, and how long each waits. */
  work_per_run: z.number().int().min(0).max(100).default(3),
  work_ms: z.number().min(0).max(1_000).default(20),
  /** Share of the runs that fail on purpose: to see how a failing agent is treated. */
  fail_ratio: z.number().min(0).max(1).default(0),
});

type TestAgentConfig = z.output<typeof config>;

const lives = new WeakMap<object, SyntheticWork>();

const SYNTHETIC = { synthetic: 'true' } as const;
const SIGNAL_PERIOD_MS = 300_000;

export const testAgent = defineAgent({
  type: 'test_agent',
  name: 'Test agent (synthetic)',
  description:
    'Synthetic: does made-up work, to try out and demonstrate. Idle unless told `load` or configured with demo. Its figures describe no real system.',
  capabilities: { load: 'Synthetic load, on command or all the time with demo', failures: 'Fails a chosen share of its runs on purpose' },
  config,
  schedule: (settings) => ({ every: settings.demo ? settings.demo_every : settings.every }),
  timeout: '11m',
  startup: (ctx) => void lives.set(ctx.life, new SyntheticWork()),
  async run(ctx) {
    record(ctx, 'synthetic_runs_total', ctx.runNumber, SYNTHETIC);
    if (ctx.config.demo) await demonstrate(ctx);
    if (fails(ctx.runNumber - 1, ctx.config.fail_ratio)) throw new Error(`failed on purpose, as fail_ratio ${ctx.config.fail_ratio} asks`);
    return { synthetic: true };
  },
  shutdown: (ctx) => void lives.delete(ctx.life),
  commands: {
    load: (ctx, payload) => makeLoad(ctx, parseLoad(payload), workOf(ctx)),
  },
});

async function demonstrate(ctx: AgentContext<TestAgentConfig>): Promise<void> {
  const work = workOf(ctx);
  for (let unit = 0; unit < ctx.config.work_per_run && !ctx.signal.aborted; unit += 1) await work.unit(ctx, 0, ctx.config.work_ms);
  work.report(ctx);
  record(ctx, 'synthetic_signal', signalAt(ctx.clock.now()), SYNTHETIC);
}

/** A sine of five minutes between 0 and 100: known beforehand, so that what a chart shows can be checked. */
export const signalAt = (now: number): number => Math.round(50 * (1 + Math.sin((2 * Math.PI * now) / SIGNAL_PERIOD_MS)) * 100) / 100;

function workOf(ctx: Pick<AgentContext, 'life'>): SyntheticWork {
  const work = lives.get(ctx.life);
  if (work === undefined) throw new MusterError('INTERNAL', 'test_agent runs without its startup');
  return work;
}
