import type { Transaction } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';

export const LEVELS = ['info', 'warning', 'critical', 'emergency'] as const;
export type Level = (typeof LEVELS)[number];

export type NotificationKind = 'firing' | 'resolved' | 'escalated' | 'reminder' | 'update' | 'healed' | 'test' | 'channel';

/** What an alert is, as a message tells it. Times are ISO 8601. */
export interface AlertSummary {
  readonly id: string;
  /** The same for every message about the same fault: rule and target. */
  readonly dedup_key: string;
  readonly rule: string;
  readonly target: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: 'firing' | 'resolved';
  readonly level: Level;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly started_at: string;
  readonly detected_at: string;
  readonly resolved_at: string | null;
  readonly acknowledged_by?: string | null;
  readonly explanation?: string;
  readonly runbook_url?: string | null;
  /** Cost per minute and error budget, or that they are not configured. */
  readonly impact?: unknown;
}

/** One neutral document; each channel renders it in its own way. Whoever makes it says in `title` and `text` what people read. */
export interface NotificationDocument {
  /** One line. */
  readonly title: string;
  /** A few lines: what is wrong, since when, what to do. */
  readonly text: string;
  readonly alert?: AlertSummary;
  readonly incident?: { readonly id: string; readonly title: string };
  /** Where people see more. */
  readonly url?: string;
  /** Whatever else belongs to it: the webhook hands it on as it is. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The alert that says that the database itself is away: of no rule, and told without it. */
export const AWAY_RULE = 'database_away';

export interface NewNotification {
  /** The name of a channel. */
  readonly channel: string;
  readonly kind: NotificationKind;
  readonly level: Level;
  readonly document: NotificationDocument;
  readonly alertId?: string | undefined;
  readonly incidentId?: string | undefined;
  /** Of the alert's transition. What has a later one goes after, on the same channel. */
  readonly seq?: number | undefined;
  /** Of the escalation: tells several messages of one transition apart. */
  readonly step?: number | undefined;
}

/**
 * Puts messages into the outbox, in the transaction that makes true what they tell: both happen or none. The same alert, seq,
 * channel and step twice is one message. Returns the ids of those that are new. After the commit, hint `notifications`.
 */
export async function enqueue(tx: Pick<Transaction, 'query'>, notifications: readonly NewNotification[]): Promise<readonly string[]> {
  if (notifications.length === 0) return [];
  const rows = notifications.map(({ alertId, channel, document, incidentId, kind, level, seq, step }) => ({
    channel,
    kind,
    level,
    payload: document,
    alert_id: alertId ?? null,
    incident_id: incidentId ?? null,
    seq: seq ?? 0,
    step: step ?? 0,
  }));
  const inserted = await tx.query<{ notification_id: string }>(sql`
    insert into muster.notifications (channel, alert_id, incident_id, seq, step, kind, level, payload)
    select channel, alert_id, incident_id, seq, step, kind, level, payload
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as n (channel text, alert_id uuid, incident_id uuid, seq bigint, step integer, kind text, level text, payload jsonb)
    on conflict (alert_id, seq, channel, step) do nothing
    returning notification_id`);
  return inserted.rows.map(({ notification_id: id }) => id);
}
