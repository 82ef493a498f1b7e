import { formatDuration } from '../../../base/duration.ts';
import type { Level, NotificationDocument, NotificationKind } from './notification.ts';

/** A message of the outbox. */
export interface OutboxMessage {
  readonly id: string;
  readonly kind: NotificationKind;
  readonly level: Level;
  readonly document: NotificationDocument;
  readonly alertId: string | null;
  readonly incidentId: string | null;
  readonly seq: number;
  readonly step: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** What is sent: the newest message about an alert, with those before it that could not be brought in time. */
export interface Message extends OutboxMessage {
  readonly earlier: readonly OutboxMessage[];
  /** Where whoever reads it can take its alert on. */
  readonly acknowledgeUrl?: string | undefined;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  readonly sentAt: number;
}

/** From here on a message says that it is late. */
const LATE_MS = 60_000;

/** The lines that people read: how late it is, and what happened before it that nobody was told. */
export function linesOf(message: Message): readonly string[] {
  const { createdAt, document, earlier, sentAt } = message;
  const since = sentAt - Math.min(createdAt, ...earlier.map((each) => each.createdAt));
  const late = since < LATE_MS ? [] : [`Delayed by ${formatDuration(since)}.`];
  const before =
    earlier.length === 0
      ? []
      : [`Before that: ${earlier.map((each) => `${each.document.title} (${each.kind}, ${isoMinute(each.createdAt)})`).join('; ')}.`];
  return [...document.text.split('\n').filter((line) => line.trim() !== ''), ...late, ...before];
}

/** Where it leads, for people: to the alert first, then to taking it on. */
export function linksOf({ acknowledgeUrl, document }: Pick<Message, 'acknowledgeUrl' | 'document'>): readonly MessageLink[] {
  return [
    ...(document.url === undefined ? [] : [{ label: 'Open in Muster', url: document.url }]),
    ...(acknowledgeUrl === undefined ? [] : [{ label: 'Acknowledge', url: acknowledgeUrl }]),
  ];
}

export interface MessageLink {
  readonly label: string;
  readonly url: string;
}

export const MARKS: Readonly<Record<Level, string>> = { info: 'ℹ️', warning: '⚠️', critical: '🔴', emergency: '🚨' };

/** `🔴 CRITICAL: CPU above 90% on web-1`, or `✅ Resolved: …`. */
export function headlineOf({ document, kind, level }: Pick<Message, 'document' | 'kind' | 'level'>): string {
  switch (kind) {
    case 'resolved':
    case 'healed':
      return `✅ ${kind === 'healed' ? 'Healed' : 'Resolved'}: ${document.title}`;
    case 'test':
      return `🔔 Test: ${document.title}`;
    case 'escalated':
    case 'reminder':
    case 'update':
      return `${MARKS[level]} ${level.toUpperCase()} (${kind}): ${document.title}`;
    case 'firing':
    case 'channel':
      return `${MARKS[level]} ${level.toUpperCase()}: ${document.title}`;
  }
}

/** Whether it says that something is over. */
export const isOver = ({ kind }: Pick<Message, 'kind'>): boolean => kind === 'resolved' || kind === 'healed';

/** The beginning of a text that has to fit. */
export const fit = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

const isoMinute = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** The event as programs read it: the body of a webhook, the input of a command. */
export function eventOf(message: Message): Readonly<Record<string, unknown>> {
  const { createdAt, document, earlier, id, incidentId, kind, level, sentAt } = message;
  const about = document.alert === undefined ? kind : kind === 'update' ? 'incident.updated' : `alert.${kind}`;
  return {
    type: kind === 'test' || kind === 'channel' ? `muster.${kind}` : about,
    timestamp: iso(createdAt),
    data: {
      id,
      kind,
      level,
      title: document.title,
      text: document.text,
      alert: document.alert ?? null,
      incident: document.incident ?? (incidentId === null ? null : { id: incidentId }),
      url: document.url ?? null,
      acknowledge_url: message.acknowledgeUrl ?? null,
      details: document.details ?? {},
      delayed_seconds: Math.max(0, Math.round((sentAt - createdAt) / 1_000)),
      earlier: earlier.map((each) => ({
        id: each.id,
        kind: each.kind,
        level: each.level,
        title: each.document.title,
        timestamp: iso(each.createdAt),
      })),
    },
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
