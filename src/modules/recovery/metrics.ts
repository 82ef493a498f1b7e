import { gauge, type Catalogue } from '../metric.ts';

export const RECOVERY_METRICS = {
  recovery_actions_stopped: gauge.run(
    '',
    'muster.recovery_actions',
    'Healing actions that are stopped because they did not help one target twice in a row',
  ),
  recovery_runs_waiting: gauge.run('', 'muster.recovery_runs', 'Healing runs that are proposed and not decided'),
} as const satisfies Catalogue;
