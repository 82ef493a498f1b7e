import * as z from 'zod';
import type { KeyEffect } from './key-effect.ts';
import { duration, section } from './scalars.ts';

const days = (count: number): number => count * 86_400_000;

/** config/monitoring.yml: how often things are looked at, and how long what was seen is kept. */
export const monitoringSchema = section({
  intervals: section({
    heartbeat: duration({ min: '250ms', max: '1m' }).default(2_000),
    metrics: duration({ min: '1s', max: '1h' }).default(5_000),
    metrics_costly: duration({ min: '5s', max: '1d' }).default(30_000),
    health: duration({ min: '1s', max: '1h' }).default(5_000),
  }),
  retention: section({
    metrics_raw: duration({ min: '1h', max: '7d' }).default(days(1)),
    metrics_chunks: duration({ min: '1d', max: '3650d' }).default(days(30)),
    metrics_rollup_1m: duration({ min: '1d', max: '3650d' }).default(days(30)),
    metrics_rollup_1h: duration({ min: '1d', max: '3650d' }).default(days(730)),
    heartbeats: duration({ min: '1d', max: '3650d' }).default(days(30)),
    events: duration({ min: '1d', max: '3650d' }).default(days(30)),
  }),
});

export type Monitoring = z.output<typeof monitoringSchema>;

/** What each key does, for the reference. */
export const MONITORING_EFFECTS: readonly KeyEffect[] = [
  { path: 'intervals.heartbeat', effect: 'How often a host renews its lease and the heartbeats of all its agents, in one statement.' },
  { path: 'intervals.metrics', effect: 'How often performance_monitor reads host, process and database counters.' },
  { path: 'intervals.metrics_costly', effect: 'How often it reads what costs the database more, such as the sizes of tables.' },
  { path: 'intervals.health', effect: 'How often heartbeat_health_agent scores what it finds.' },
  { path: 'retention.metrics_raw', effect: 'How long samples stay rows as they came; older ones are compacted to chunks.' },
  { path: 'retention.metrics_chunks', effect: 'How long compacted samples are kept, in full resolution.' },
  { path: 'retention.metrics_rollup_1m', effect: 'How long averages by the minute are kept.' },
  { path: 'retention.metrics_rollup_1h', effect: 'How long averages by the hour are kept.' },
  {
    path: 'retention.heartbeats',
    effect: 'How long the history of heartbeats is kept: one row an agent and minute, one for each change of status.',
  },
  { path: 'retention.events', effect: 'How long events are kept.' },
];
