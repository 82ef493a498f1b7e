import { words } from '../../ui/format.ts';
import type { IncidentDetail } from './types.ts';

/** Something that happened in an incident. */
export interface Moment {
  readonly key: string;
  readonly at: number;
  readonly kind: 'alert' | 'message';
  readonly what: string;
  /** About which of its alerts; undefined where there is only one. */
  readonly about: string | undefined;
  readonly note: string | undefined;
  /** It did not go well. */
  readonly isBad: boolean;
}

/** Alerts and messages of an incident in one order, oldest first. */
export function momentsOf({ alerts, notifications, timeline }: IncidentDetail): readonly Moment[] {
  const names = new Map(alerts.map((alert) => [alert.alert_id, alert.summary]));
  const about = (id: string): string | undefined => (names.size > 1 ? names.get(id) : undefined);
  return [
    ...timeline.map((each): Moment => ({
      key: `${each.alert_id} ${each.seq}`,
      at: Date.parse(each.at),
      kind: 'alert',
      what: each.actor === null ? words(each.kind) : `${words(each.kind)} by ${each.actor}`,
      about: about(each.alert_id),
      note: each.note ?? undefined,
      isBad: false,
    })),
    ...notifications.map((each): Moment => ({
      key: each.notification_id,
      at: Date.parse(each.finished_at ?? each.created_at),
      kind: 'message',
      what: `told ${each.channel}: ${words(each.kind)}, ${each.state}${each.attempts > 1 ? ` after ${each.attempts} attempts` : ''}`,
      about: about(each.alert_id),
      note: each.last_error ?? undefined,
      isBad: each.state === 'failed',
    })),
  ].toSorted((a, b) => a.at - b.at || a.key.localeCompare(b.key));
}
