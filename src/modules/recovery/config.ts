import { z } from 'zod';
import { durationSetting } from '../duration-setting.ts';

/** What an operator may set in `agents.config` of a self_healing_agent. */
export const healingConfig = z.strictObject({
  every: durationSetting(100, '2s'),
});

export type HealingConfig = z.output<typeof healingConfig>;
