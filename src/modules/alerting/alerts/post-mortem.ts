import { formatDuration } from '../../../base/duration.ts';
import { isoTime } from '../../../http/time.ts';
import type { Alert, Transition } from './alert.ts';
import type { IncidentRecord, Told } from './alert-store.ts';
import { impactOf } from './impact.ts';

/**
 * An incident as the document to learn from it: what is known stands in it, what only people know has its place. The same
 * incident gives the same bytes once it is over.
 */
export function postMortem({ alerts, incident, timeline, told }: IncidentRecord, now: number): string {
  const end = incident.resolvedAt ?? now;
  const first = timeline.find(({ kind }) => kind === 'acknowledged');
  return [
    `# Post-mortem: ${escape(incident.title)}`,
    '',
    `| | |`,
    `|---|---|`,
    `| Incident | \`${incident.incidentId}\` |`,
    `| Cause (grouped by) | ${escape(incident.cause)} |`,
    `| Gravest level | ${incident.level} |`,
    `| Began (first bad sample) | ${isoTime(incident.startedAt)} |`,
    `| Detected | ${isoTime(incident.detectedAt)} (${spoken(incident.detectedAt - incident.startedAt)} later) |`,
    `| Acknowledged | ${first === undefined ? 'by nobody' : `${isoTime(first.at)} by ${escape(first.actor ?? '?')} (${spoken(first.at - incident.detectedAt)} after detection)`} |`,
    `| Resolved | ${incident.resolvedAt === null ? 'not yet' : `${isoTime(incident.resolvedAt)} (${spoken(incident.resolvedAt - incident.detectedAt)} after detection)`} |`,
    `| Lasted | ${spoken(end - incident.startedAt)}${incident.resolvedAt === null ? ' so far' : ''} |`,
    `| Alerts | ${incident.alerts} |`,
    '',
    '## Business impact',
    '',
    ...impactLines(alerts, end),
    '',
    '## Alerts',
    '',
    '| Level | Alert | Value | Threshold | From | To |',
    '|---|---|---|---|---|---|',
    ...alerts.map(
      ({ level, resolvedAt, startedAt, summary, threshold, value }) =>
        `| ${level} | ${escape(summary)} | ${value ?? ''} | ${threshold ?? ''} | ${isoTime(startedAt)} | ${resolvedAt === null ? 'still firing' : isoTime(resolvedAt)} |`,
    ),
    '',
    '## Timeline',
    '',
    ...timelineLines(alerts, timeline, told),
    '',
    '## What happened',
    '',
    '_Written by people: in a few sentences, for somebody who was not there._',
    '',
    '## Why',
    '',
    '_The conditions that made it possible, not who._',
    '',
    '## What went well, what did not',
    '',
    '## What we change',
    '',
    '| Action | Owner | Until |',
    '|---|---|---|',
    '| | | |',
    '',
  ].join('\n');
}

/** Alerts of one incident overlap: the longest counts, sums would count the same minute twice. */
function impactLines(alerts: readonly Alert[], now: number): readonly string[] {
  const impacts = alerts.map((alert) => impactOf(alert, now));
  const cost = impacts.flatMap((impact) => impact.cost ?? []).toSorted((a, b) => b.total - a.total)[0];
  const budget = impacts.flatMap(({ errorBudget }) => errorBudget ?? []).toSorted((a, b) => b.burned - a.burned)[0];
  return [
    cost === undefined
      ? '- Cost: not configured.'
      : `- Cost: ${round(cost.total)} ${cost.currency} (derived: ${cost.perMinute} ${cost.currency} a minute, the alert that cost most).`,
    budget === undefined
      ? '- Error budget: not configured.'
      : `- Error budget burned: ${round(budget.burned * 100)} % (derived: of ${round(budget.budgetMinutes)} minutes).`,
  ];
}

function timelineLines(alerts: readonly Alert[], timeline: readonly Transition[], told: readonly Told[]): readonly string[] {
  const names = new Map(alerts.map(({ alertId, summary }) => [alertId, summary]));
  const entries = [
    ...timeline.map(({ actor, alertId, at, kind, note }) => ({
      at,
      text: `**${kind.replaceAll('_', ' ')}**: ${escape(names.get(alertId) ?? alertId)}${actor === null ? '' : `, by ${escape(actor)}`}${note === null ? '' : `. ${escape(note)}`}`,
    })),
    ...told.map(({ alertId, attempts, channel, createdAt, finishedAt, kind, state }) => ({
      at: finishedAt ?? createdAt,
      text: `told ${escape(channel)} (${kind}): ${escape(names.get(alertId) ?? alertId)}, ${state} after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`,
    })),
  ];
  return entries.toSorted((a, b) => a.at - b.at).map(({ at, text }) => `- ${isoTime(at)} ${text}`);
}

/** Labels and notes come from outside: they stay text, in one line and in one cell. */
const escape = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]<>|#]/g, (character) => `\\${character}`)
    .slice(0, 1_000);

const spoken = (ms: number): string => formatDuration(Math.max(0, Math.round(ms / 1_000) * 1_000));
const round = (value: number): string => String(Number(value.toPrecision(3)));
