import { z } from 'zod';
import type { Level } from './finding.ts';

/** Where each level begins. Lighter levels may be left out. */
export interface Threshold {
  /** Whether more or less is worse. */
  readonly worse: 'above' | 'below';
  readonly warning?: number | undefined;
  readonly critical?: number | undefined;
  readonly emergency?: number | undefined;
}

/**
 * Where the checks draw their lines, in the unit of what they read. Chosen to be quiet on a machine that is well used and loud before
 * something stops: an operator changes them by name in the agent's configuration.
 */
export const DEFAULT_THRESHOLDS = {
  'agent.heartbeat_age_seconds': { worse: 'above', warning: 10, critical: 30 },
  'agent.not_running_seconds': { worse: 'above', warning: 15, critical: 60 },
  'agent.error_ratio': { worse: 'above', warning: 0.1, critical: 0.5 },
  'agent.reported_health': { worse: 'below', warning: 70, critical: 40 },
  'host.event_loop_delay_seconds': { worse: 'above', warning: 0.1, critical: 0.5, emergency: 2 },
  'host.memory_ratio': { worse: 'above', warning: 0.85, critical: 0.95, emergency: 0.98 },
  'host.memory_stalled_ratio': { worse: 'above', warning: 0.1, critical: 0.4 },
  'host.load_per_core': { worse: 'above', warning: 2, critical: 8 },
  'host.filesystem_ratio': { worse: 'above', warning: 0.85, critical: 0.95, emergency: 0.99 },
  'host.inodes_ratio': { worse: 'above', warning: 0.9, critical: 0.98 },
  'host.open_files_ratio': { worse: 'above', warning: 0.8, critical: 0.95 },
  'database.response_seconds': { worse: 'above', warning: 0.1, critical: 0.5, emergency: 2 },
  'database.connections_ratio': { worse: 'above', warning: 0.8, critical: 0.9, emergency: 0.98 },
  'database.pool_ratio': { worse: 'above', warning: 0.9, critical: 1 },
  'database.transaction_age_seconds': { worse: 'above', warning: 300, critical: 1_800, emergency: 21_600 },
  'database.idle_in_transaction_seconds': { worse: 'above', warning: 60, critical: 600 },
  'database.lock_wait_seconds': { worse: 'above', warning: 5, critical: 60 },
  'database.cache_hit_ratio': { worse: 'below', warning: 0.9, critical: 0.5 },
  'database.deadlocks': { worse: 'above', warning: 1, critical: 10 },
  'database.wraparound_ratio': { worse: 'above', warning: 0.3, critical: 0.6, emergency: 0.9 },
  'database.replication_lag_seconds': { worse: 'above', warning: 30, critical: 300 },
  'database.slot_retained_bytes': { worse: 'above', warning: 1e9, critical: 1e10 },
  'database.checksum_failures': { worse: 'above', emergency: 1 },
} as const satisfies Readonly<Record<string, Threshold>>;

export type CheckName = keyof typeof DEFAULT_THRESHOLDS;
export type Thresholds = Readonly<Record<CheckName, Threshold>>;

const override = z.strictObject({ warning: z.number().optional(), critical: z.number().optional(), emergency: z.number().optional() });

/** `{"database.connections_ratio": {"warning": 0.7}}`: what is not named stays as it is. */
export const thresholdsSetting = z
  .strictObject(
    Object.fromEntries(Object.keys(DEFAULT_THRESHOLDS).map((name) => [name, override.optional()])) as Record<
      CheckName,
      z.ZodOptional<typeof override>
    >,
  )
  .default({});

export function thresholdsWith(overrides: z.output<typeof thresholdsSetting>): Thresholds {
  const merged = Object.entries(DEFAULT_THRESHOLDS).map(([name, threshold]): [string, Threshold] => [
    name,
    { ...threshold, ...overrides[name as CheckName] },
  ]);
  return Object.fromEntries(merged) as Thresholds;
}

/** How far a value must come back before a finding is gone: 5% of the threshold, so that one that hovers there does not flap. */
const SLACK = 0.05;

const GRAVEST_FIRST = ['emergency', 'critical', 'warning'] as const satisfies readonly Level[];

export interface Breach {
  readonly level: Level;
  readonly threshold: number;
  /** How far on the way to the next graver level: 0 to 1; 0 where there is none. */
  readonly towardsNext: number;
}

/** The gravest level a value has reached; `open` is the level of the finding before, which clears a little later than it opens. */
export function breachOf(value: number, threshold: Threshold, open: Level | undefined): Breach | undefined {
  const sign = threshold.worse === 'above' ? 1 : -1;
  const rank = (level: Level | undefined): number =>
    level === undefined ? -1 : GRAVEST_FIRST.length - GRAVEST_FIRST.indexOf(level as (typeof GRAVEST_FIRST)[number]);
  let next: number | undefined;
  for (const level of GRAVEST_FIRST) {
    const limit = threshold[level];
    if (limit === undefined) continue;
    const isOpen = open !== undefined && open !== 'info' && rank(open) >= rank(level);
    const line = isOpen ? limit - sign * Math.abs(limit) * SLACK : limit;
    if (sign * (value - line) >= 0) {
      const towardsNext = next === undefined || next === limit ? 0 : (value - limit) / (next - limit);
      return { level, threshold: limit, towardsNext: Math.min(1, Math.max(0, towardsNext)) };
    }
    next = limit;
  }
  return undefined;
}
