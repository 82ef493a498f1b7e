import type { Alert } from '../modules/alerting/index.ts';
import type { Colors } from './output.ts';
import { drawTable, printable } from './table.ts';
import { ago } from './wording.ts';

/** Alerts, one a line. `now` on the database's clock. */
export function alertTable(alerts: readonly Alert[], now: number, width: number, colors: Colors): string {
  return drawTable(
    [
      { title: 'ALERT' },
      { title: 'LEVEL' },
      { title: 'STATE' },
      { title: 'SUMMARY', shrinkTo: 20 },
      { title: 'SINCE', align: 'right' },
      { title: 'HAS IT', shrinkTo: 6 },
    ],
    alerts.map((alert) => [
      alert.alertId.slice(0, 8),
      levelMark(alert, colors),
      alertState(alert, colors),
      printable(alert.summary),
      ago(alert.startedAt, now),
      alert.acknowledgedBy === null ? colors.dim('-') : printable(alert.acknowledgedBy),
    ]),
    width,
    colors.dim,
  );
}

/** A mark beside the word: colour only repeats it. */
export function levelMark({ level }: Pick<Alert, 'level'>, colors: Colors): string {
  switch (level) {
    case 'emergency':
      return colors.red('✖ emergency');
    case 'critical':
      return colors.red('▲ critical');
    case 'warning':
      return colors.yellow('△ warning');
    case 'info':
      return colors.blue('○ info');
  }
}

export function alertState(alert: Alert, colors: Colors): string {
  if (alert.state === 'resolved') return colors.green('✓ resolved');
  if (alert.suppression !== null)
    return colors.dim({ silence: 'silenced', maintenance: 'maintenance', inhibition: 'explained' }[alert.suppression.kind]);
  if (alert.acknowledgedBy !== null) return colors.cyan('acknowledged');
  return alert.verdict === 'firing' ? 'firing' : colors.yellow(alert.verdict.replace('_', ' '));
}
