import { z } from 'zod';
import { durationMs } from '../../base/duration.ts';
import { isMusterError } from '../../base/errors.ts';

/** A duration of at least `shortestMs`, as `'5s'` or as milliseconds; kept as it was written. */
const duration = (shortestMs: number, byDefault: string) =>
  z
    .union([z.string(), z.number()])
    .default(byDefault)
    .superRefine((value, context) => {
      try {
        if (durationMs(value) >= shortestMs) return;
        context.addIssue({ code: 'custom', message: `must be at least ${shortestMs} ms` });
      } catch (error) {
        if (!isMusterError(error)) throw error;
        context.addIssue({ code: 'custom', message: `${error.message}. ${error.remedy}` });
      }
    });

/** What an operator may set in `agents.config` of a performance_monitor. */
export const performanceConfig = z.strictObject({
  every: duration(1_000, '5s'),
  slow_every: duration(1_000, '30s'),
  rare_every: duration(1_000, '5m'),
  statement_timeout: duration(10, '2s'),
  host: z.boolean().default(true),
  process: z.boolean().default(true),
  postgres: z.boolean().default(true),
  fleet: z.boolean().default(true),
});

export type PerformanceConfig = z.output<typeof performanceConfig>;
