import { z } from 'zod';
import type { AgentContext } from '../../agent/index.ts';
import { MusterError } from '../../base/errors.ts';
import { SYNTHETIC_METRICS } from './metrics.ts';

/** The command `load`: bounded, so that nobody fills the disk by a slip of the finger. */
export const loadRequest = z.strictObject({
  seconds: z.number().positive().max(600).default(10),
  metrics_per_second: z.number().int().min(0).max(50_000).default(100),
  /** Series the samples are spread over. */
  series: z.number().int().min(1).max(1_000).default(10),
  /** Share of the units of work that fail on purpose. */
  fail_ratio: z.number().min(0).max(1).default(0),
  work_per_second: z.number().min(0).max(50).default(1),
  /** How long a unit of work waits; units follow one another, so long ones are fewer than asked for. */
  work_ms: z.number().min(0).max(1_000).default(5),
});

export type LoadRequest = z.output<typeof loadRequest>;

export interface LoadResult {
  readonly seconds: number;
  readonly samples: number;
  readonly samples_per_second: number;
  readonly work_done: number;
  readonly work_failed: number;
  /** Whether it was ended before its time. */
  readonly cut_short: boolean;
}

type Ctx = Pick<AgentContext, 'metric' | 'signal' | 'clock'>;

const STEP_MS = 100;
const SYNTHETIC = { synthetic: 'true' } as const;

export function parseLoad(payload: unknown): LoadRequest {
  const parsed = loadRequest.safeParse(payload ?? {});
  if (parsed.success) return parsed.data;
  throw new MusterError('INVALID_INPUT', `load: ${z.prettifyError(parsed.error)}`, {
    remedy:
      'Send {"seconds": 1…600, "metrics_per_second": 0…50000, "series": 1…1000, "fail_ratio": 0…1, "work_per_second": 0…50, "work_ms": 0…1000}.',
  });
}

/** What should have been done after this time, less what was. */
export const owed = (perSecond: number, elapsedMs: number, done: number): number =>
  Math.max(0, Math.floor((perSecond * elapsedMs) / 1_000) - done);

/** Whether the n-th unit of work fails: evenly spread, so that the share is exact and a test can count on it. */
export const fails = (n: number, failRatio: number): boolean => Math.floor((n + 1) * failRatio) > Math.floor(n * failRatio);

/** Made-up work, counted from startup to shutdown. */
export class SyntheticWork {
  #done = 0;
  #failed = 0;

  /** One unit: waits, and fails where it should. The time it took is measured. */
  async unit(ctx: Ctx, failRatio: number, ms: number): Promise<void> {
    const startedAt = performance.now();
    await pause(ctx, ms);
    record(ctx, 'synthetic_work_seconds', (performance.now() - startedAt) / 1_000, SYNTHETIC);
    if (fails(this.#done + this.#failed, failRatio)) this.#failed += 1;
    else this.#done += 1;
  }

  get done(): number {
    return this.#done;
  }
  get failed(): number {
    return this.#failed;
  }

  report(ctx: Ctx): void {
    record(ctx, 'synthetic_work_total', this.#done, { ...SYNTHETIC, outcome: 'ok' });
    record(ctx, 'synthetic_work_total', this.#failed, { ...SYNTHETIC, outcome: 'failed' });
  }
}

/** Records synthetic samples and does made-up work for a while. Ends early where the agent must stop. */
export async function makeLoad(ctx: Ctx, request: LoadRequest, work: SyntheticWork): Promise<LoadResult> {
  const startedAt = ctx.clock.monotonic();
  const elapsed = (): number => ctx.clock.monotonic() - startedAt;
  const totalMs = request.seconds * 1_000;
  const [doneBefore, failedBefore] = [work.done, work.failed];
  let [samples, units] = [0, 0];
  while (elapsed() < totalMs && !ctx.signal.aborted) {
    await pause(ctx, Math.min(STEP_MS, Math.max(1, totalMs - elapsed())));
    const now = Math.min(elapsed(), totalMs);
    for (let due = owed(request.metrics_per_second, now, samples); due > 0; due -= 1) {
      record(ctx, 'synthetic_load', samples, { ...SYNTHETIC, series: String(samples % request.series) });
      samples += 1;
    }
    for (let due = owed(request.work_per_second, now, units); due > 0 && elapsed() < totalMs + STEP_MS && !ctx.signal.aborted; due -= 1) {
      await work.unit(ctx, request.fail_ratio, request.work_ms);
      units += 1;
    }
  }
  work.report(ctx);
  const seconds = elapsed() / 1_000;
  return {
    seconds: Math.round(seconds * 1_000) / 1_000,
    samples,
    samples_per_second: Math.round(samples / seconds),
    work_done: work.done - doneBefore,
    work_failed: work.failed - failedBefore,
    cut_short: ctx.signal.aborted,
  };
}

/** Waits; an abort ends the wait early and is seen by whoever looks at the signal next. */
export async function pause({ clock, signal }: Pick<AgentContext, 'clock' | 'signal'>, ms: number): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

export function record(
  ctx: Pick<AgentContext, 'metric'>,
  name: keyof typeof SYNTHETIC_METRICS,
  value: number,
  labels: Readonly<Record<string, string>>,
): void {
  ctx.metric(name, value, { unit: SYNTHETIC_METRICS[name].unit, labels });
}
