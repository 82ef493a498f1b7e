import { z } from 'zod';
import { durationSetting } from '../duration-setting.ts';
import { thresholdsSetting } from './thresholds.ts';

/** What an operator may set in `agents.config` of a heartbeat_health_agent. */
export const healthConfig = z.strictObject({
  every: durationSetting(1_000, '30s'),
  /** Over which time changes of counters are judged: deadlocks, cache, failed runs. */
  window: durationSetting(10_000, '10m'),
  /** How long scores are kept that are no more. */
  keep: durationSetting(3_600_000, '30d'),
  thresholds: thresholdsSetting,
});

export type HealthConfig = z.output<typeof healthConfig>;
