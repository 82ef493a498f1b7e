import { durationMs } from '../../base/duration.ts';
import { MusterError } from '../../base/errors.ts';
import type { Database } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import {
  acknowledge,
  addSilence,
  alertDetailView,
  alertView,
  findAlerts,
  impactLine,
  impactOf,
  listAlerts,
  parseMatcher,
  silenceView,
  timelineOf,
  toldOf,
  unacknowledge,
  type Alert,
  type Matcher,
} from '../../modules/alerting/index.ts';
import { alertState, alertTable, levelMark } from '../alert-table.ts';
import { usage, type Invocation } from '../invocation.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { printable } from '../table.ts';
import { ago, plural } from '../wording.ts';

const MOST = 1_000;

interface ListOptions {
  readonly all?: boolean;
  readonly level?: Alert['level'];
  /** Not there where only `alerts` was typed. */
  readonly last?: number;
}

/** `alerts list`: what fires, or all there was. */
export async function list(invocation: Invocation, { all, last = 50, level }: ListOptions): Promise<void> {
  await withFleet(invocation, async ({ database, now }) => {
    const filter = { state: all === true ? undefined : ('firing' as const), level };
    const [{ items }, at] = await Promise.all([listAlerts(database, filter, { limit: Math.min(Math.max(last, 1), MOST) }), now()]);
    const { output } = invocation;
    output.result({ items: items.map((alert) => alertView(alert, at)) }, () =>
      items.length === 0 ? 'No alert fires.' : alertTable(items, at, output.columns, output.colors),
    );
  });
}

/** `alerts show`: one alert, with its timeline and what was told of it. */
export async function show(invocation: Invocation, _options: unknown, id: string): Promise<void> {
  await withFleet(invocation, async ({ database, now }) => {
    const alert = await requireAlert(database, id);
    const [timeline, told, at] = await Promise.all([timelineOf(database, [alert.alertId]), toldOf(database, [alert.alertId]), now()]);
    const { output } = invocation;
    const { colors } = output;
    const impact = impactOf(alert, at);
    output.result(alertDetailView(alert, timeline, told, at), () => {
      const field = (name: string, value: string): string => `${colors.dim(name.padEnd(14))}${value}`;
      return [
        `${colors.bold(printable(alert.summary))}  ${levelMark(alert, colors)}  ${alertState(alert, colors)}`,
        field('alert', alert.alertId),
        field('incident', alert.incidentId),
        field('because', printable(alert.explanation)),
        field('since', ago(alert.startedAt, at)),
        ...(alert.resolvedAt === null ? [] : [field('resolved', ago(alert.resolvedAt, at))]),
        ...(alert.acknowledgedBy === null ? [] : [field('has it', `${printable(alert.acknowledgedBy)}, ${ago(alert.acknowledgedAt, at)}`)]),
        ...(alert.suppression === null ? [] : [field('quiet', printable(alert.suppression.reason))]),
        field('impact', impactLine(impact).replace('Impact: ', '')),
        ...(alert.runbook === null ? [] : [field('runbook', printable(alert.runbook))]),
        field('channels', alert.channels.length === 0 ? 'none: nobody is told' : alert.channels.join(', ')),
        '',
        ...timeline.map(
          ({ actor, at: when, kind, note }) =>
            `${colors.dim(new Date(when).toISOString())}  ${kind.replaceAll('_', ' ')}${actor === null ? '' : ` by ${printable(actor)}`}${note === null ? '' : colors.dim(`  ${printable(note)}`)}`,
        ),
        ...told.map(
          ({ attempts, channel, createdAt, kind, lastError, state }) =>
            `${colors.dim(new Date(createdAt).toISOString())}  told ${channel}: ${kind}, ${state} after ${plural(attempts, 'attempt')}${lastError === null ? '' : colors.dim(`  ${printable(lastError)}`)}`,
        ),
      ].join('\n');
    });
  });
}

/** `alerts ack`: takes alerts on. */
export async function ack(
  invocation: Invocation,
  options: { readonly for?: string; readonly note?: string; readonly by?: string },
  ids: readonly string[],
): Promise<void> {
  const forMs = options.for === undefined ? null : durationMs(options.for);
  await withFleet(invocation, async ({ database, now }) => {
    const taken: Alert[] = [];
    for (const id of ids) {
      const { alertId } = await requireAlert(database, id);
      taken.push(await acknowledge(database, alertId, { by: options.by ?? whoIsHere(), forMs, note: options.note }));
    }
    await hint(database);
    const at = await now();
    const { output } = invocation;
    output.result({ items: taken.map((alert) => alertView(alert, at)) }, () => alertTable(taken, at, output.columns, output.colors));
  });
}

/** `alerts unack`: gives alerts back; they are told again. */
export async function unack(invocation: Invocation, { note }: { readonly note?: string }, ids: readonly string[]): Promise<void> {
  await withFleet(invocation, async ({ database, now }) => {
    const given: Alert[] = [];
    for (const id of ids) {
      const { alertId } = await requireAlert(database, id);
      given.push(await unacknowledge(database, alertId, whoIsHere(), note));
    }
    await hint(database);
    const at = await now();
    const { output } = invocation;
    output.result({ items: given.map((alert) => alertView(alert, at)) }, () => alertTable(given, at, output.columns, output.colors));
  });
}

interface SilenceOptions {
  readonly for: string;
  readonly reason: string;
}

/** `alerts silence`: keeps what matches quiet for a while. */
export async function silence(invocation: Invocation, options: SilenceOptions, texts: readonly string[]): Promise<void> {
  const matchers = texts.map(requireMatcher);
  const forMs = durationMs(options.for);
  await withFleet(invocation, async ({ database }) => {
    const made = await addSilence(database, { matchers, reason: options.reason, createdBy: whoIsHere(), forMs });
    await hint(database);
    invocation.output.result(
      silenceView(made),
      () => `${made.silenceId}  quiet until ${new Date(made.endsAt).toISOString()}; what still fires then is told`,
    );
  });
}

/** The alert by its id or the beginning of it. */
async function requireAlert(database: Database, id: string): Promise<Alert> {
  const [alert, other] = await findAlerts(database, id);
  if (alert === undefined)
    throw new MusterError('NOT_FOUND', `There is no alert "${printable(id)}"`, {
      remedy: 'Run `muster alerts list --all` for those there are.',
    });
  if (other !== undefined && alert.state === other.state)
    throw usage(`Several alerts begin with "${printable(id)}"`, `Give more of the id, as ${alert.alertId}.`);
  return alert;
}

/** The alerting system looks each second; this makes it look now. */
const hint = (database: Database): Promise<unknown> => database.query(sql`select pg_notify('muster', 'alerts')`);

export function requireMatcher(text: string): Matcher {
  const matcher = parseMatcher(text);
  if (matcher === undefined)
    throw usage(
      `"${printable(text)}" is no matcher`,
      'Write label=value, label!=value, label~pattern* or label!~pattern*, as in agent=a1.',
    );
  return matcher;
}

export const whoIsHere = (): string => `cli:${process.env['USER'] ?? process.env['LOGNAME'] ?? 'unknown'}`;
