import { counter, gauge, type Catalogue } from '../../metric.ts';

export const ALERT_METRICS = {
  alerts_firing: gauge.run('', 'muster.alerts', 'Alerts that fire'),
  alert_transitions_total: counter.run('', 'alerting_system', 'Steps that alerts made since the agent started'),
  alert_messages_total: counter.run('', 'alerting_system', 'Messages put into the outbox since the agent started'),
  alert_batch_seconds: gauge.run(
    'seconds',
    'alerting_system',
    'From the beginning of an evaluation to the commit of what follows from it: the longest since the last run; absent where nothing changed',
  ),
} as const satisfies Catalogue;
