import { z } from 'zod';
import { durationSetting } from '../duration-setting.ts';

const label = z.string().min(1).max(128);

/** A database besides the fleet's own; `database` is the label that tells it apart. */
export const monitoredDatabase = z.strictObject({
  name: z.string().regex(/^[a-zA-Z0-9_.-]{1,63}$/, 'takes 1 to 63 letters, digits, _ . -'),
  url: z.string().min(1).max(2_048),
  labels: z.record(z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/), label).default({}),
});

export type MonitoredDatabaseConfig = z.output<typeof monitoredDatabase>;

/** Each takes two connections there, and a part of a run here. */
const MOST_DATABASES = 32;

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
  /** Tables, indexes and statements told by name; the others in sum. */
  top: z.number().int().min(1).max(200).default(20),
  databases: z
    .array(monitoredDatabase)
    .max(MOST_DATABASES)
    .default([])
    .refine((databases) => new Set(databases.map(({ name }) => name)).size === databases.length, 'each needs a name of its own'),
});

export type PerformanceConfig = z.output<typeof performanceConfig>;
