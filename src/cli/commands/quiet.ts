import { durationMs } from '../../base/duration.ts';
import { MusterError } from '../../base/errors.ts';
import {
  addWindow,
  deleteWindow,
  endSilence,
  isCron,
  listSilences,
  listWindows,
  matcherText,
  silenceView,
  windowView,
  type NewWindow,
} from '../../modules/alerting/index.ts';
import { usage, type Invocation } from '../invocation.ts';
import { comingMomentOf } from '../moment.ts';
import { withFleet, type FleetAccess } from '../runtime/fleet-access.ts';
import { drawTable, printable } from '../table.ts';
import { requireMatcher, whoIsHere } from './alerts.ts';

const MOST = 1_000;

/** `silences list`: what is kept quiet, the last to end first. */
export async function silences(invocation: Invocation, { all }: { readonly all?: boolean }): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ database, now }) => {
    const [found, at] = [await listSilences(database, { active: all !== true }, { limit: MOST }), await now()];
    output.result({ items: found.map(silenceView) }, () =>
      found.length === 0
        ? 'Nothing is silenced. `muster alerts silence agent=a1 --for 2h --reason …` keeps what matches quiet.'
        : drawTable(
            [
              { title: 'SILENCE' },
              { title: 'STATE' },
              { title: 'ENDS' },
              { title: 'MATCHES', shrinkTo: 16 },
              { title: 'WHY', shrinkTo: 8 },
              { title: 'BY', shrinkTo: 8 },
            ],
            found.map(({ createdBy, endsAt, matchers, reason, silenceId, startsAt }) => [
              silenceId.slice(0, 8),
              endsAt <= at ? output.colors.dim('over') : startsAt > at ? 'to come' : output.colors.cyan('quiet'),
              new Date(endsAt).toLocaleString(),
              printable(matchers.map(matcherText).join(' ')),
              printable(reason),
              printable(createdBy),
            ]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

/** `silences end`: what fires and matches is told at once. */
export async function end(invocation: Invocation, _options: unknown, ids: readonly string[]): Promise<void> {
  await withFleet(invocation, async (fleet) => {
    const active = await listSilences(fleet.database, { active: true }, { limit: MOST });
    const by = whoIsHere();
    const chosen = ids.map((id) => only('silence', id, active, ({ silenceId }) => silenceId, 'muster silences list'));
    for (const { silenceId } of chosen) {
      await endSilence(fleet.database, silenceId, by);
      await tell(fleet, 'silence:ended', { silence_id: silenceId, by });
    }
    invocation.output.result({ ended: chosen.map(({ silenceId }) => silenceId) }, () =>
      chosen.map(({ matchers }) => `${printable(matchers.map(matcherText).join(' '))} is quiet no more.`).join('\n'),
    );
  });
}

/** `maintenance list`: the windows there are, the next first. */
export async function windows(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ database, now }) => {
    const at = await now();
    const found = (await listWindows(database, { limit: MOST })).map((window) => windowView(window, at)).toSorted(nextFirst);
    output.result({ items: found }, () =>
      found.length === 0
        ? 'No work is planned. `muster maintenance add database=app --name backup --cron "0 3 * * *" --for 45m --reason …` makes a window.'
        : drawTable(
            [
              { title: 'WINDOW' },
              { title: 'NAME', shrinkTo: 12 },
              { title: 'STATE' },
              { title: 'WHEN', shrinkTo: 16 },
              { title: 'MATCHES', shrinkTo: 16 },
              { title: 'WHY', shrinkTo: 8 },
            ],
            found.map((window) => [
              window.window_id.slice(0, 8),
              printable(window.name),
              stateOf(window, output.colors),
              whenOf(window),
              printable(window.matchers.join(' ')),
              printable(window.reason),
            ]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

interface AddOptions {
  readonly name: string;
  readonly reason: string;
  readonly cron?: string;
  readonly timeZone?: string;
  readonly for?: string;
  readonly from?: string;
  readonly to?: string;
}

/** `maintenance add`: once, or again and again. */
export async function add(invocation: Invocation, options: AddOptions, texts: readonly string[]): Promise<void> {
  const matchers = texts.map(requireMatcher);
  await withFleet(invocation, async (fleet) => {
    const at = await fleet.now();
    const made = await addWindow(fleet.database, {
      name: options.name,
      reason: options.reason,
      matchers,
      createdBy: whoIsHere(),
      when: whenToBe(options, at),
    });
    const view = windowView(made, at);
    await tell(fleet, 'maintenance_window:created', { ...view });
    invocation.output.result(
      view,
      () => `${made.windowId}  ${stateOf(view, invocation.output.colors)}; what still fires at its end is told then`,
    );
  });
}

/** `maintenance end`: deletes windows, open or to come. */
export async function remove(invocation: Invocation, _options: unknown, ids: readonly string[]): Promise<void> {
  await withFleet(invocation, async (fleet) => {
    const found = await listWindows(fleet.database, { limit: MOST });
    const by = whoIsHere();
    const chosen = ids.map((id) => only('maintenance window', id, found, ({ windowId }) => windowId, 'muster maintenance list'));
    for (const { windowId } of chosen) {
      await deleteWindow(fleet.database, windowId, by);
      await tell(fleet, 'maintenance_window:deleted', { window_id: windowId, by });
    }
    invocation.output.result({ ended: chosen.map(({ windowId }) => windowId) }, () =>
      chosen.map(({ name }) => `The window ${printable(name)} opens no more.`).join('\n'),
    );
  });
}

/** Agents and dashboards look at once. */
async function tell({ state, wake }: FleetAccess, type: `${string}:${string}`, data: Readonly<Record<string, unknown>>): Promise<void> {
  await state.events.append([{ type, data }]);
  wake.hint('alerts');
  wake.hint('events');
}

/** The one whose id begins so. */
function only<Item>(what: string, beginning: string, items: readonly Item[], idOf: (item: Item) => string, list: string): Item {
  const [found, other] = items.filter((item) => idOf(item).startsWith(beginning.toLowerCase()));
  if (found === undefined || beginning === '')
    throw new MusterError('NOT_FOUND', `There is no ${what} "${printable(beginning)}" that is not over`, {
      remedy: `Run \`${list}\` for those there are.`,
    });
  if (other !== undefined) throw usage(`Several begin with "${printable(beginning)}"`, `Give more of the id, as ${idOf(found)}.`);
  return found;
}

/** When a window is open, from what was typed. */
function whenToBe({ cron, for: lasts, from, timeZone = 'UTC', to }: AddOptions, now: number): NewWindow['when'] {
  if (cron !== undefined) {
    if (lasts === undefined || from !== undefined || to !== undefined)
      throw usage('--cron goes with --for', 'Write --cron "0 3 * * *" --for 45m, with --time-zone where it is not UTC.');
    if (!isCron(cron, timeZone))
      throw usage(
        `"${printable(cron)}" in ${printable(timeZone)} is no cron expression of five fields in a time zone`,
        'Write it as --cron "0 3 * * 6" --time-zone Europe/Warsaw.',
      );
    return { cron, timeZone, durationMs: durationMs(lasts) };
  }
  const startsAt = from === undefined ? now : comingMomentOf(from, now);
  if ((to === undefined) === (lasts === undefined))
    throw usage('a window needs an end', 'Give --for 2h, or --to with a time, or --cron with --for.');
  const endsAt = to === undefined ? startsAt + durationMs(lasts ?? '') : comingMomentOf(to, now);
  if (endsAt <= startsAt) throw usage('the window ends before it begins', 'Give a later --to, or a --for.');
  return { startsAt, endsAt };
}

type View = ReturnType<typeof windowView>;

const nextFirst = (a: View, b: View): number =>
  (a.open_until === null ? (a.opens_next ?? '9') : '').localeCompare(b.open_until === null ? (b.opens_next ?? '9') : '');

function stateOf({ open_until: until, opens_next: next }: View, colors: Invocation['output']['colors']): string {
  if (until !== null) return colors.cyan(`open until ${new Date(until).toLocaleString()}`);
  return next === null ? colors.dim('over') : `opens ${new Date(next).toLocaleString()}`;
}

const whenOf = ({ cron, duration_seconds: seconds, ends_at: to, starts_at: from, time_zone: zone }: View): string =>
  cron === null
    ? `${new Date(from ?? '').toLocaleString()} to ${new Date(to ?? '').toLocaleString()}`
    : `${cron} (${zone ?? 'UTC'}) for ${Math.round((seconds ?? 0) / 60)} min`;
