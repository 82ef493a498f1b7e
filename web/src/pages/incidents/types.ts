import type { Alert, AlertDetail, AlertLevel } from '../../api/types.ts';

export interface Incident {
  readonly incident_id: string;
  readonly cause: string;
  readonly title: string;
  readonly state: 'open' | 'resolved';
  readonly level: AlertLevel;
  readonly started_at: string;
  readonly detected_at: string;
  readonly resolved_at: string | null;
  readonly alerts: number;
}

type OfAlert<Part> = Part & { readonly alert_id: string };

export interface IncidentDetail extends Omit<Incident, 'alerts'> {
  readonly alert_count: number;
  readonly alerts: readonly Alert[];
  readonly timeline: readonly OfAlert<AlertDetail['timeline'][number]>[];
  readonly notifications: readonly OfAlert<AlertDetail['notifications'][number]>[];
}

/** Something that happened in an incident. */
export interface Moment {
  readonly at: string;
  readonly kind: 'alert' | 'escalation' | 'notification' | 'healing' | 'note';
  readonly what: string;
  readonly text: string;
  readonly actor: string | null;
  readonly alert_id: string | null;
}

export const incidentAddress = (id: string): string => `/incidents/${encodeURIComponent(id)}`;
