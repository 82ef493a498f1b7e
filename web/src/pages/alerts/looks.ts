import type { Alert, AlertLevel } from '../../api/types.ts';
import type { Look } from '../../ui/look.tsx';

/** Each level has a shape and a word of its own: colour only repeats them. */
export const levelLooks: Readonly<Record<AlertLevel, Look>> = {
  emergency: { icon: 'emergency', colour: 'text-bad', label: 'Emergency' },
  critical: { icon: 'critical', colour: 'text-bad', label: 'Critical' },
  warning: { icon: 'warning', colour: 'text-warn', label: 'Warning' },
  info: { icon: 'info', colour: 'text-ink-2', label: 'Info' },
};

export const levels = ['emergency', 'critical', 'warning', 'info'] as const;

/** How it stands with it, in the order of what matters to who looks. */
export function standingOf({ acknowledged_by: owner, state, suppression, verdict }: Alert): Look {
  if (state === 'resolved') return { icon: 'check', colour: 'text-ok', label: 'Resolved' };
  if (suppression?.kind === 'silence') return { icon: 'silence', colour: 'text-ink-2', label: 'Silenced' };
  if (suppression?.kind === 'maintenance') return { icon: 'pause', colour: 'text-ink-2', label: 'Maintenance' };
  if (suppression?.kind === 'inhibition') return { icon: 'down', colour: 'text-ink-2', label: 'Explained' };
  if (owner !== null) return { icon: 'check', colour: 'text-ink-2', label: `${owner} has it` };
  if (verdict === 'no_data') return { icon: 'unknown', colour: 'text-warn', label: 'No data' };
  if (verdict === 'error') return { icon: 'unknown', colour: 'text-warn', label: 'Rule fails' };
  return { icon: 'alerts', colour: 'text-bad', label: 'Firing' };
}

/** What is worst and nobody has comes first. */
export function byUrgency(a: Alert, b: Alert): number {
  return (
    Number(a.state === 'resolved') - Number(b.state === 'resolved') ||
    Number(isQuiet(a)) - Number(isQuiet(b)) ||
    levels.indexOf(a.level) - levels.indexOf(b.level) ||
    b.detected_at.localeCompare(a.detected_at)
  );
}

const isQuiet = ({ acknowledged_by: owner, suppression }: Alert): boolean => owner !== null || suppression !== null;

/** Whether what was typed stands anywhere in it. */
export function fits(alert: Alert, text: string): boolean {
  const sought = text.trim().toLowerCase();
  return sought === '' || [alert.summary, alert.rule, alert.target, alert.explanation].some((part) => part.toLowerCase().includes(sought));
}

export const alertAddress = (id: string): string => `/alerts/${encodeURIComponent(id)}`;
