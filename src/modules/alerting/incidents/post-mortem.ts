import { formatDuration } from '../../../base/duration.ts';
import { isoTime } from '../../../http/time.ts';
import type { Alert } from '../alerts/alert.ts';
import { impactOf } from '../alerts/impact.ts';
import { timelineOfStory, type Story } from './timeline.ts';

/**
 * An incident as the document to learn from it: what is known stands in it, what only people know has its place. The same
 * incident gives the same bytes once it is over.
 */
export function postMortem(story: Story, now: number): string {
  const { alerts, incident, timeline, told } = story.record;
  const end = incident.resolvedAt ?? now;
  const delivered = told.flatMap(({ finishedAt, state }) => (state === 'delivered' && finishedAt !== null ? [finishedAt] : []));
  const firstTold = delivered.length === 0 ? undefined : Math.min(...delivered);
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
    `| First told | ${firstTold === undefined ? 'nobody' : `${isoTime(firstTold)} (${spoken(firstTold - incident.detectedAt)} after detection)`} |`,
    `| Escalation steps taken | ${timeline.filter(({ kind }) => kind === 'escalated').length} |`,
    `| Healing runs | ${healingLine(story)} |`,
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
    ...timelineLines(story),
    '',
    '## What happened',
    '',
    '_Written by people: in a few sentences, for somebody who was not there._',
    '',
    ...story.notes.flatMap(({ at, author, text }) => [`> ${escape(text, 10_000)}`, '>', `> ${escape(author)}, ${isoTime(at)}`, '']),
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

const timelineLines = (story: Story): readonly string[] =>
  timelineOfStory(story).map(
    ({ actor, at, kind, text, what }) =>
      `- ${isoTime(at)} ${kind === 'notification' ? '' : `**${escape(what.replaceAll('_', ' '))}**: `}${escape(text)}${actor === null ? '' : ` (${escape(actor)})`}`,
  );

function healingLine({ healing }: Story): string {
  const count = (state: string): number => healing.filter((run) => run.state === state).length;
  const ended = (['effective', 'ineffective', 'failed'] as const).flatMap((state) =>
    count(state) > 0 ? [`${count(state)} ${state}`] : [],
  );
  return `${healing.length}${ended.length === 0 ? '' : ` (${ended.join(', ')})`}`;
}

/** Labels and notes come from outside: they stay text, in one line and in one cell. */
const escape = (text: string, most = 1_000): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_[\]<>|#]/g, (character) => `\\${character}`)
    .slice(0, most);

const spoken = (ms: number): string => formatDuration(Math.max(0, ms));
const round = (value: number): string => String(Number(value.toPrecision(3)));
