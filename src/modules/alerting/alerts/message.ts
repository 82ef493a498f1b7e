import { formatDuration } from '../../../base/duration.ts';
import { isoTime, isoTimeOrNull } from '../../../http/time.ts';
import type { NotificationDocument } from '../delivery/notification.ts';
import type { Alert } from './alert.ts';
import { impactDocument, impactLine, impactOf } from './impact.ts';
import type { Incident } from './incident.ts';
import type { Tell } from './life-cycle.ts';

/** What is told this long after it was seen says how late it is. */
const LATE_MS = 60_000;
/** Alerts that joined: named in the text, and listed for programs. */
const MOST_NAMED = 5;
const MOST_LISTED = 100;

export interface Telling {
  readonly alert: Alert;
  readonly tell: Tell;
  readonly incident: Incident;
  /** Other alerts of the incident that fire. */
  readonly others: number;
  /** In an update: those that joined the incident without a message, the gravest first. */
  readonly joined?: readonly Alert[] | undefined;
  readonly now: number;
}

/** What people read, and what programs do: one document for every channel. */
export function documentOf(telling: Telling): NotificationDocument {
  const { alert, incident, joined = [], now, others } = telling;
  const impact = impactOf(alert, now);
  const document = impactDocument(impact);
  return {
    title: alert.summary,
    text: [
      ...joinedLines(joined),
      alert.explanation,
      timeLine(telling),
      ...lateLine(telling),
      impactLine(impact),
      ...(others > 0 ? [`${others} other ${others === 1 ? 'alert' : 'alerts'} of the incident "${incident.title}" still firing.`] : []),
      ...(alert.runbook === null || telling.tell === 'resolved' ? [] : [`Runbook: ${alert.runbook}`]),
    ].join('\n'),
    alert: {
      id: alert.alertId,
      dedup_key: alert.dedupKey,
      rule: alert.rule,
      target: alert.target,
      labels: alert.labels,
      // A message about its firing was true when it had to be told, even where it is over by now.
      state: telling.tell === 'resolved' ? 'resolved' : 'firing',
      level: alert.level,
      value: alert.value,
      threshold: alert.threshold,
      started_at: isoTime(alert.startedAt),
      detected_at: isoTime(alert.detectedAt),
      resolved_at: isoTimeOrNull(alert.resolvedAt),
      acknowledged_by: alert.acknowledgedBy,
      explanation: alert.explanation,
      runbook_url: alert.runbook,
      impact: { ...document, cost: document.cost ?? 'not configured', error_budget: document.error_budget ?? 'not configured' },
    },
    incident: { id: incident.incidentId, title: incident.title },
    details: {
      cause: incident.cause,
      other_alerts_firing: others,
      ...(joined.length === 0
        ? {}
        : {
            joined: joined.slice(0, MOST_LISTED).map(({ alertId: id, level, rule, target, value }) => ({ id, level, rule, target, value })),
          }),
    },
  };
}

function joinedLines(joined: readonly Alert[]): readonly string[] {
  if (joined.length === 0) return [];
  const named = joined.slice(0, MOST_NAMED).map(({ level, summary }) => `${level}: ${summary}`);
  const more = joined.length > MOST_NAMED ? [`and ${joined.length - MOST_NAMED} more`] : [];
  return [
    `${joined.length} more ${joined.length === 1 ? 'alert' : 'alerts'} of the incident since it was told: ${[...named, ...more].join('; ')}.`,
  ];
}

function timeLine({ alert, tell }: Telling): string {
  const since = isoTime(alert.startedAt);
  if (tell !== 'resolved' || alert.resolvedAt === null) return `Since ${since}.`;
  return `From ${since} to ${isoTime(alert.resolvedAt)}: ${spoken(alert.resolvedAt - alert.startedAt)}.`;
}

function lateLine({ alert, now, tell }: Telling): readonly string[] {
  if (tell === 'update') return [];
  const [from, what] = tell === 'resolved' ? [alert.resolvedAt ?? now, 'resolved'] : [alert.detectedAt, 'detected'];
  if (now - from < LATE_MS) return [];
  const over = tell !== 'resolved' && alert.resolvedAt !== null ? `, already resolved at ${isoTime(alert.resolvedAt)}` : '';
  return [
    tell === 'reminder' ? `Still firing, ${spoken(now - from)} after it was detected.` : `Late: ${what} ${spoken(now - from)} ago${over}.`,
  ];
}

/** Whole seconds: what is below is noise here. */
const spoken = (ms: number): string => formatDuration(Math.max(1_000, Math.round(ms / 1_000) * 1_000));
