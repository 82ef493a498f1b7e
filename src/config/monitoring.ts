import * as z from 'zod';
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
