import { gauge, type Catalogue } from '../metric.ts';

export const WATCH_METRICS = {
  push_monitor_up: gauge.run(
    '',
    'muster.push_monitors',
    '1: the job called as it should; 0: it failed, or its call is overdue. Absent before the first call, and while it is paused',
    ['monitor'],
  ),
  push_monitor_overdue_seconds: gauge.run(
    'seconds',
    'muster.push_monitors',
    'How long its call is overdue, the grace counted in; 0 while it is not',
    ['monitor'],
  ),
  push_monitor_run_seconds: gauge.run(
    'seconds',
    'muster.push_monitors',
    'How long the last run took of which beginning and end were told',
    ['monitor'],
  ),
  outside_watcher_reached: gauge.run('', 'muster.outside_watchers', '1: the last call reached it; 0: it did not', ['watcher']),
} as const satisfies Catalogue;
