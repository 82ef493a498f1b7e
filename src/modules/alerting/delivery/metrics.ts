import { counter, gauge, type Catalogue } from '../../metric.ts';

export const DELIVERY_METRICS = {
  notifications_waiting: gauge.run('', 'the outbox', 'Messages that wait for a channel or are under way', ['channel']),
  notification_oldest_seconds: gauge.run('seconds', 'the outbox', 'How long the oldest of them has waited; 0 where none does', ['channel']),
  channel_failing: gauge.run('', 'the breaker', '1 while the last attempt on a channel failed, else 0', ['channel']),
  notifications_delivered_total: counter.run('', 'alert_delivery', 'Messages delivered since the agent started'),
  notifications_failed_total: counter.run(
    '',
    'alert_delivery',
    'Messages given up since the agent started: refused five times, or tried for two days',
  ),
  notification_attempts_total: counter.run('', 'alert_delivery', 'Attempts since the agent started'),
  notification_delivery_seconds: gauge.run(
    'seconds',
    'alert_delivery',
    'From the writing of a message to its arrival: the longest since the last run; absent where none arrived',
  ),
} as const satisfies Catalogue;
