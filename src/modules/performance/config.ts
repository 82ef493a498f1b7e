import { z } from 'zod';
import { durationSetting } from '../duration-setting.ts';

/** What an operator may set in `agents.config` of a performance_monitor. */
export const performanceConfig = z.strictObject({
  every: durationSetting(1_000, '5s'),
  slow_every: durationSetting(1_000, '30s'),
  rare_every: durationSetting(1_000, '5m'),
  statement_timeout: durationSetting(10, '2s'),
  host: z.boolean().default(true),
  process: z.boolean().default(true),
  postgres: z.boolean().default(true),
  fleet: z.boolean().default(true),
});

export type PerformanceConfig = z.output<typeof performanceConfig>;
