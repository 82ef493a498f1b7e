import { z } from 'zod';
import { durationSetting } from '../duration-setting.ts';

/** What an operator may set in `agents.config` of a self_healing_agent. */
export const healingConfig = z.strictObject({
  every: durationSetting(100, '2s'),
  /** Runs that are over are kept for so many days, with their steps: the success rate is counted from them. */
  keep_days: z.number().int().min(1).max(3_650).default(365),
});

export type HealingConfig = z.output<typeof healingConfig>;
