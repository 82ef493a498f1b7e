import { basename } from 'node:path';
import { durationMs, formatDuration } from '../../base/duration.ts';
import { MusterError } from '../../base/errors.ts';
import { checkFile } from '../../config/check-file.ts';
import { readEnvironment } from '../../config/environment.ts';
import { readYamlFile } from '../../config/yaml-file.ts';
import {
  addOverride,
  applyOnCall,
  calendarReports,
  namedView,
  onCallFile,
  onCallView,
  overrideView,
  peopleOf,
  readRoster,
  schedulesOf,
  shiftsOf,
  shiftView,
  whoIsOnCall,
} from '../../modules/alerting/oncall/index.ts';
import { usage, type Invocation } from '../invocation.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { drawTable, printable } from '../table.ts';
import { coarse } from '../wording.ts';

const DAY_MS = 86_400_000;

/** `oncall`: who is on call now and next, in every schedule. */
export async function who(invocation: Invocation): Promise<void> {
  await withFleet(invocation, async ({ database, now }) => {
    const [items, calendars, at] = await Promise.all([whoIsOnCall(database), calendarReports(database), now()]);
    const { output } = invocation;
    output.result({ items: items.map((each) => onCallView(each, calendars.get(each.schedule))) }, () => {
      if (items.length === 0) return 'There is no schedule: make one with `muster oncall apply <file>`, or by the API.';
      const within = (ms: number): string => `in ${formatDuration(Math.max(60_000, Math.round((ms - at) / 60_000) * 60_000))}`;
      const table = drawTable(
        [
          { title: 'SCHEDULE', shrinkTo: 10 },
          { title: 'NOW', shrinkTo: 8 },
          { title: 'BY' },
          { title: 'ENDS' },
          { title: 'NEXT', shrinkTo: 8 },
          { title: 'GAPS, 14D', align: 'right' },
        ],
        items.map(({ gapsMs, next, now: current, schedule }) => [
          printable(schedule),
          current === null ? output.colors.red('nobody') : current.people.map(printable).join(', '),
          current?.by ?? '',
          current === null ? '' : within(current.to),
          next === null ? '' : `${next.people.map(printable).join(', ')}${current === null ? ` ${within(next.from)}` : ''}`,
          gapsMs === 0 ? '' : formatDuration(coarse(gapsMs)),
        ]),
        output.columns,
        output.colors.dim,
      );
      const faults = [...calendars.values()].flatMap(({ error, schedule, unknown }) => [
        ...(error === null ? [] : [`${schedule}: ${error}; what was read last holds`]),
        ...(unknown.length === 0
          ? []
          : [`${schedule}: its calendar names ${unknown.map((each) => `"${each}"`).join(', ')}, whom nobody here is called`]),
      ]);
      return [table, ...faults.map((fault) => output.colors.yellow(printable(fault)))].join('\n');
    });
  });
}

/** `oncall show`: who is on call in a schedule, day by day, with its gaps. */
export async function show(invocation: Invocation, { days }: { readonly days: number }, name: string): Promise<void> {
  await withFleet(invocation, async ({ database, now }) => {
    const from = await now();
    const to = from + Math.min(Math.max(days, 1), 366) * DAY_MS;
    const schedule = (await readRoster(database, from, to)).schedules.get(name);
    const record = await schedulesOf(database).get(name);
    if (schedule === undefined || record === undefined) throw missing(name);
    const shifts = shiftsOf(schedule.document, schedule, from, to);
    const { output } = invocation;
    const timeZone = schedule.document.time_zone;
    const time = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      weekday: 'short',
      day: '2-digit',
      month: 'short',
      hour: '2-digit',
      minute: '2-digit',
    });
    output.result({ ...namedView(record), shifts: shifts.map(shiftView) }, () =>
      [
        `${output.colors.bold(printable(name))}  ${output.colors.dim(timeZone)}`,
        drawTable(
          [{ title: 'FROM' }, { title: 'TO' }, { title: 'ON CALL', shrinkTo: 8 }, { title: 'BY' }],
          shifts.map(({ by, from: begins, people, to: ends }) => [
            time.format(begins),
            time.format(ends),
            people.length === 0 ? output.colors.red('nobody') : people.map(printable).join(', '),
            by ?? output.colors.red('gap'),
          ]),
          output.columns,
          output.colors.dim,
        ),
      ].join('\n'),
    );
  });
}

/** `oncall people`: who can be called, and how. */
export async function people(invocation: Invocation): Promise<void> {
  await withFleet(invocation, async ({ database }) => {
    const records = await peopleOf(database).list({ limit: 1_000 });
    const { output } = invocation;
    output.result({ items: records.map(namedView) }, () =>
      records.length === 0
        ? 'There are no people: make some with `muster oncall apply <file>`, or by the API.'
        : drawTable(
            [{ title: 'PERSON' }, { title: 'CHANNELS', shrinkTo: 10 }, { title: 'TIME ZONE' }, { title: 'ALSO CALLED', shrinkTo: 10 }],
            records.map(({ definition: { aliases, channels, name, time_zone: timeZone } }) => [
              name,
              channels.length === 0 ? output.colors.red('none: cannot be called') : channels.map(printable).join(', '),
              timeZone,
              aliases.map(printable).join(', '),
            ]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

/** `oncall apply`: people, schedules and escalation policies of a file. */
export async function apply(invocation: Invocation, _options: unknown, path: string): Promise<void> {
  const file = readYamlFile(path, basename(path), readEnvironment(process.env, process.cwd()).values);
  if (file === undefined) throw usage(`There is no file ${path}`);
  const { findings, value } = checkFile(file, onCallFile);
  const [first] = findings;
  if (value === undefined || first !== undefined)
    throw new MusterError('CONFIG_INVALID', first === undefined ? `${path} holds nothing` : `${first.where}: ${first.message}`, {
      remedy: first?.remedy,
      data: { findings },
    });
  await withFleet(invocation, async ({ database, wake }) => {
    const applied = await applyOnCall(database, value, whoIsHere());
    wake.hint('alerts');
    invocation.output.result({ applied }, () => (applied.length === 0 ? 'The file holds nothing.' : `In force: ${applied.join(', ')}`));
  });
}

interface OverrideOptions {
  readonly for: string;
  readonly reason?: string;
}

/** `oncall override`: somebody steps in, from now on. */
export async function override(invocation: Invocation, options: OverrideOptions, schedule: string, person: string): Promise<void> {
  const forMs = durationMs(options.for);
  if (forMs < 60_000 || forMs > 366 * DAY_MS) throw usage(`--for ${options.for} is not from 1m to 366d`);
  await withFleet(invocation, async ({ database }) => {
    if ((await schedulesOf(database).get(schedule)) === undefined) throw missing(schedule);
    if ((await peopleOf(database).get(person)) === undefined)
      throw new MusterError('NOT_FOUND', `There is no person "${printable(person)}"`, {
        remedy: 'Run `muster oncall people` for those there are.',
      });
    const made = await addOverride(database, { schedule, person, forMs, reason: options.reason ?? '', createdBy: whoIsHere() });
    invocation.output.result(
      overrideView(made),
      () => `${made.overrideId}  ${person} is on call in ${schedule} until ${new Date(made.endsAt).toISOString()}`,
    );
  });
}

const missing = (name: string): MusterError =>
  new MusterError('NOT_FOUND', `There is no schedule "${printable(name)}"`, { remedy: 'Run `muster oncall` for those there are.' });

const whoIsHere = (): string => `cli:${process.env['USER'] ?? process.env['LOGNAME'] ?? 'unknown'}`;
