import { writeFileSync } from 'node:fs';
import { durationMs, formatDuration } from '../../base/duration.ts';
import { MusterError } from '../../base/errors.ts';
import type { Database } from '../../db/database.ts';
import {
  acknowledgeIncident,
  addNote,
  findIncidents,
  getIncident,
  incidentDetailView,
  incidentView,
  listIncidents,
  noteView,
  postMortem,
  readStory,
  timelineOfStory,
  type Incident,
  type IncidentRecord,
} from '../../modules/alerting/incidents/index.ts';
import {
  escalateByHand,
  escalationView,
  listEscalations,
  namedView,
  policiesOf,
  type EscalationRecord,
} from '../../modules/alerting/oncall/index.ts';
import { alertTable, levelMark } from '../alert-table.ts';
import { usage, type Invocation } from '../invocation.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { drawTable, printable } from '../table.ts';
import { ago, plural } from '../wording.ts';

const MOST = 1_000;

interface ListOptions {
  readonly all?: boolean;
  /** Not there where only `incidents` was typed. */
  readonly last?: number;
}

/** `incidents list`: those that are open, or all there were. */
export async function list(invocation: Invocation, { all, last = 50 }: ListOptions): Promise<void> {
  await withFleet(invocation, async ({ database, now }) => {
    const filter = { state: all === true ? undefined : ('open' as const) };
    const [{ items }, at] = await Promise.all([listIncidents(database, filter, { limit: Math.min(Math.max(last, 1), MOST) }), now()]);
    const { output } = invocation;
    output.result({ items: items.map(incidentView) }, () =>
      items.length === 0
        ? 'No incident is open.'
        : drawTable(
            [
              { title: 'INCIDENT' },
              { title: 'LEVEL' },
              { title: 'STATE' },
              { title: 'TITLE', shrinkTo: 20 },
              { title: 'ALERTS', align: 'right' },
              { title: 'BEGAN', align: 'right' },
              { title: 'LASTED', align: 'right' },
            ],
            items.map((incident) => [
              incident.incidentId.slice(0, 8),
              levelMark(incident, output.colors),
              incident.state === 'open' ? 'open' : output.colors.green('✓ resolved'),
              printable(incident.title),
              String(incident.alerts),
              ago(incident.startedAt, at),
              formatDuration(Math.max(1_000, Math.round(((incident.resolvedAt ?? at) - incident.startedAt) / 1_000) * 1_000)),
            ]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

/** `incidents show`: one, with its alerts and all that happened. */
export async function show(invocation: Invocation, _options: unknown, id: string): Promise<void> {
  await withFleet(invocation, async ({ database, now }) => {
    const record = await requireIncident(database, id);
    const { incident } = record;
    const [story, escalations, at] = await Promise.all([
      readStory(database, record),
      listEscalations(database, { incidentId: incident.incidentId }, { limit: MOST }),
      now(),
    ]);
    const timeline = timelineOfStory(story);
    const { output } = invocation;
    const { colors } = output;
    output.result(
      {
        ...incidentDetailView(record, at),
        escalations: escalations.map(escalationView),
        story: timeline.map(({ alertId, at: when, ...entry }) => ({ at: new Date(when).toISOString(), alert_id: alertId, ...entry })),
      },
      () =>
        [
          `${colors.bold(printable(incident.title))}  ${levelMark(incident, colors)}  ${incident.state}`,
          `${colors.dim('incident  ')}${incident.incidentId}`,
          `${colors.dim('cause     ')}${printable(incident.cause)}`,
          `${colors.dim('began     ')}${ago(incident.startedAt, at)}`,
          ...(incident.resolvedAt === null ? [] : [`${colors.dim('resolved  ')}${ago(incident.resolvedAt, at)}`]),
          ...escalations.map((each) => `${colors.dim('escalated ')}${escalationLine(each, at)}`),
          '',
          alertTable(record.alerts, at, output.columns, colors),
          '',
          ...timeline.map(
            ({ actor, at: when, kind, text, what }) =>
              `${colors.dim(new Date(when).toISOString())}  ${kind === 'notification' ? '' : `${what.replaceAll('_', ' ')}: `}${printable(text)}${actor === null ? '' : colors.dim(`  ${printable(actor)}`)}`,
          ),
        ].join('\n'),
    );
  });
}

/** `incidents note`: adds what a person has to say. */
export async function note(invocation: Invocation, { by }: { readonly by?: string }, id: string, words: readonly string[]): Promise<void> {
  const text = words.join(' ').trim();
  if (text === '' || text.length > 10_000) throw usage('A note has from 1 to 10,000 characters');
  await withFleet(invocation, async ({ database, state }) => {
    const { incident } = await requireIncident(database, id);
    const made = await addNote(database, incident.incidentId, { author: by ?? whoIsHere(), text });
    await state.events.append([
      { type: 'incident:noted', data: { incident_id: made.incidentId, note_id: made.noteId, author: made.author } },
    ]);
    invocation.output.result(noteView(made), () => `Noted with incident ${incident.incidentId.slice(0, 8)}, ${printable(incident.title)}.`);
  });
}

interface AckOptions {
  readonly for?: string;
  readonly by?: string;
  readonly note?: string;
}

/** `incidents ack`: takes all alerts on that fire in it. */
export async function ack(invocation: Invocation, options: AckOptions, id: string): Promise<void> {
  const forMs = options.for === undefined ? null : durationMs(options.for);
  await withFleet(invocation, async ({ database, wake }) => {
    const { incident } = await requireIncident(database, id);
    const by = options.by ?? whoIsHere();
    const taken = await acknowledgeIncident(database, incident.incidentId, { by, forMs, note: options.note });
    wake.hint('alerts');
    const record = await requireIncident(database, incident.incidentId);
    invocation.output.result(
      incidentView(record.incident),
      () => `${printable(by)} has ${plural(taken.length, 'alert')} of ${printable(incident.title)}.`,
    );
  });
}

/** `incidents export`: the beginning of its post-mortem, in Markdown. */
export async function exportOne(invocation: Invocation, { out }: { readonly out?: string }, id: string): Promise<void> {
  await withFleet(invocation, async ({ database, now }) => {
    const record = await requireIncident(database, id);
    const text = postMortem(await readStory(database, record), await now());
    if (out !== undefined) writeFileSync(out, text, { flag: 'wx' });
    invocation.output.result(
      { incident_id: record.incident.incidentId, file: out ?? null, ...(out === undefined ? { markdown: text } : {}) },
      () => (out === undefined ? text.trimEnd() : `Written to ${out}`),
    );
  });
}

/** `escalations list`: what waits for its next step, or all there were. */
export async function escalations(invocation: Invocation, { all, last = 50 }: ListOptions): Promise<void> {
  await withFleet(invocation, async ({ database, now }) => {
    const [found, at] = await Promise.all([listEscalations(database, {}, { limit: Math.min(Math.max(last, 1), MOST) }), now()]);
    const items = all === true ? found : found.filter(({ state }) => state !== 'resolved');
    const { output } = invocation;
    output.result({ items: items.map(escalationView) }, () =>
      items.length === 0
        ? 'Nothing is escalated.'
        : drawTable(
            [
              { title: 'INCIDENT' },
              { title: 'TITLE', shrinkTo: 16 },
              { title: 'POLICY' },
              { title: 'STATE', shrinkTo: 20 },
              { title: 'BEGAN', align: 'right' },
            ],
            items.map((each) => [
              each.incidentId.slice(0, 8),
              printable(each.title),
              each.policy,
              stateLine(each, at),
              ago(each.startedAt, at),
            ]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

/** `escalations policies`: who is told when, by which policy. */
export async function policies(invocation: Invocation): Promise<void> {
  await withFleet(invocation, async ({ database }) => {
    const records = await policiesOf(database).list({ limit: MOST });
    const { output } = invocation;
    output.result({ items: records.map(namedView) }, () =>
      records.length === 0
        ? 'There is no escalation policy: make one with `muster oncall apply <file>`, or by the API.'
        : records
            .map(({ definition }) =>
              [
                `${output.colors.bold(definition.name)}${definition.default ? '  the default' : ''}  ${output.colors.dim(definition.levels.join(', '))}`,
                ...definition.steps.map(
                  ({ notify, rotate, wait }, index) => `  ${index + 1}. after ${wait}: ${rotate ? 'in turn ' : ''}${notify.join(', ')}`,
                ),
                ...(definition.repeat > 0 ? [`  again ${plural(definition.repeat, 'time')}`] : []),
              ].join('\n'),
            )
            .join('\n\n'),
    );
  });
}

/** `escalations start`: by hand, from the first step on. */
export async function start(invocation: Invocation, _options: unknown, id: string, policy: string): Promise<void> {
  await withFleet(invocation, async ({ database, wake }) => {
    const { incident } = await requireIncident(database, id);
    const record = await policiesOf(database).get(policy);
    if (record === undefined)
      throw new MusterError('NOT_FOUND', `There is no escalation policy "${printable(policy)}"`, {
        remedy: 'Run `muster escalations policies` for those there are.',
      });
    if (!(await escalateByHand(database, incident.incidentId, policy, durationMs(record.definition.steps[0]?.wait ?? '0s'))))
      throw new MusterError('CONFLICT', `Incident ${incident.incidentId} is over`);
    wake.hint('alerts');
    const made = (await listEscalations(database, { incidentId: incident.incidentId }, { limit: MOST })).find(
      (each) => each.policy === policy,
    );
    invocation.output.result(made === undefined ? {} : escalationView(made), () => `Escalated by ${policy}: ${printable(incident.title)}`);
  });
}

const escalationLine = (escalation: EscalationRecord, now: number): string => `${escalation.policy}: ${stateLine(escalation, now)}`;

function stateLine({ dueAt, round, state, step, taken }: EscalationRecord, now: number): string {
  const steps = `${plural(taken, 'step')} taken`;
  if (dueAt === null) return `${state}, ${steps}`;
  const seconds = Math.round((dueAt - now) / 1_000) * 1_000;
  return `step ${step + 1}${round > 0 ? ` of round ${round + 1}` : ''} ${seconds <= 0 ? 'now' : `in ${formatDuration(seconds)}`}, ${steps}`;
}

/** By its id or the beginning of it. */
async function requireIncident(database: Database, id: string): Promise<IncidentRecord> {
  const [incident, other] = await findIncidents(database, id);
  if (incident === undefined) throw missing(id);
  if (other !== undefined && incident.state === other.state) throw several(id, incident);
  const record = await getIncident(database, incident.incidentId);
  if (record === undefined) throw missing(id);
  return record;
}

const missing = (id: string): MusterError =>
  new MusterError('NOT_FOUND', `There is no incident "${printable(id)}"`, {
    remedy: 'Run `muster incidents list --all` for those there are.',
  });
const several = (id: string, { incidentId }: Incident): MusterError =>
  usage(`Several incidents begin with "${printable(id)}"`, `Give more of the id, as ${incidentId}.`);

const whoIsHere = (): string => `cli:${process.env['USER'] ?? process.env['LOGNAME'] ?? 'unknown'}`;
