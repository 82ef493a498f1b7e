import type { Level } from '../delivery/notification.ts';
import { rankOf, type Alert } from './alert.ts';

/** Alerts with one cause, told as one: the first that pages is sent, the others join it. Times are milliseconds since 1970. */
export interface Incident {
  readonly incidentId: string;
  readonly cause: string;
  readonly title: string;
  readonly state: 'open' | 'resolved';
  /** The gravest it had. */
  readonly level: Level;
  readonly startedAt: number;
  readonly detectedAt: number;
  readonly resolvedAt: number | null;
  readonly alerts: number;
  /** When those who were told of it hear which alerts joined since; null: none did. */
  readonly updateAt: number | null;
}

/** Which channels know of an incident already, through which of its alerts. */
export class Coverage {
  /** By incident, channel and level: when that was told last. */
  readonly #told = new Map<string, number>();

  constructor(alerts: Iterable<Alert>) {
    for (const alert of alerts) this.add(alert);
  }

  /** One that is kept quiet speaks for nobody. */
  add({ incidentId, state, suppression, toldAt, toldLevel, toldOn }: Alert): void {
    if (state !== 'firing' || suppression !== null || toldAt === null || toldLevel === null) return;
    for (const channel of toldOn) {
      const key = keyOf(incidentId, channel, rankOf(toldLevel));
      this.#told.set(key, Math.max(this.#told.get(key) ?? 0, toldAt));
    }
  }

  /** Whether a channel was told since then of an alert of the incident that fires and is at least as grave. */
  covers(incidentId: string, channel: string, level: Level, since: number): boolean {
    for (let rank = rankOf(level); rank <= rankOf('emergency'); rank++) {
      const toldAt = this.#told.get(keyOf(incidentId, channel, rank));
      if (toldAt !== undefined && toldAt >= since) return true;
    }
    return false;
  }
}

const keyOf = (incidentId: string, channel: string, rank: number): string => `${incidentId} ${rank} ${channel}`;
