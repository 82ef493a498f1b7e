import { gauge, type Catalogue } from '../metric.ts';

export const RECOVERY_METRICS = {
  recovery_actions_stopped: gauge.run(
    '',
    'muster.recovery_actions',
    '1 while a healing action is stopped because it did not help one target twice in a row, else 0',
    ['action'],
  ),
  recovery_runs_waiting: gauge.run('', 'muster.recovery_runs', 'Healing runs that are proposed and not decided'),
  partitions_missing: gauge['1m']('', 'pg_inherits', 'Days of today and tomorrow for which a table of ours has no partition', ['table']),
} as const satisfies Catalogue;
