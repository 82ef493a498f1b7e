import { MusterError } from '../../base/errors.ts';
import { expectationOf, Monitors, monitorView, pingView } from '../../modules/watch/index.ts';
import type { Config } from '../../config/config.ts';
import type { Invocation } from '../invocation.ts';
import type { Colors } from '../output.ts';
import type { MonitorVerb } from '../tree/monitoring.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { recallAddress } from '../runtime/server-address.ts';
import { drawTable, printable } from '../table.ts';
import { ago } from '../wording.ts';

const PINGS_SHOWN = 20;

type Monitor = ReturnType<typeof monitorView>;

/** Where jobs reach the server: its public address, or that of the server of this data folder. */
async function baseOf(config: Config): Promise<string> {
  if (config.server.publicUrl !== undefined) return config.server.publicUrl.replace(/\/+$/, '');
  const running = await recallAddress(config.dataDir);
  return `http://${running?.host ?? config.server.host}:${running?.port ?? config.server.port}`;
}

export async function list(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ state, config, now }) => {
    const [base, at] = [await baseOf(config), await now()];
    const found = (await new Monitors(state.database).list()).map((monitor) => monitorView(monitor, base)).toSorted(worstFirst);
    output.result({ items: found }, () =>
      found.length === 0
        ? 'No monitors. `muster monitors add <name> --every 1h` makes one and prints the line its job must run.'
        : drawTable(
            [
              { title: 'MONITOR', shrinkTo: 12 },
              { title: 'STATE' },
              { title: 'EXPECTED', shrinkTo: 12 },
              { title: 'GRACE', align: 'right' },
              { title: 'LAST SUCCESS', align: 'right' },
              { title: 'TOOK', align: 'right' },
              { title: 'NOTE', shrinkTo: 8 },
            ],
            found.map((monitor) => [
              printable(monitor.name),
              stateMark(monitor.state, output.colors),
              expected(monitor),
              monitor.grace,
              ago(timeOf(monitor.last_success_at), at),
              took(monitor.last_duration_ms),
              output.colors.dim(printable(monitor.because ?? '')),
            ]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

export async function show(invocation: Invocation, _options: unknown, name: string): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ state, config, now }) => {
    const monitors = new Monitors(state.database);
    const record = await monitors.get(name);
    if (record === undefined) throw noMonitor(name);
    const monitor = monitorView(record, await baseOf(config));
    const [pings, at] = [(await monitors.pings(name, PINGS_SHOWN)).map(pingView), await now()];
    output.result({ ...monitor, last_pings: pings }, () => {
      const { colors } = output;
      const field = (title: string, value: string): string => `${colors.dim(title.padEnd(14))}${value}`;
      return [
        `${colors.bold(printable(name))}  ${stateMark(monitor.state, colors)}${monitor.because === null ? '' : `  ${printable(monitor.because)}`}`,
        field('expected', `${expected(monitor)}, ${monitor.grace} late at most`),
        field('next call', monitor.due_at === null ? 'whenever it comes first' : new Date(monitor.due_at).toLocaleString()),
        field('last success', ago(timeOf(monitor.last_success_at), at)),
        field('took', took(monitor.last_duration_ms)),
        '',
        ...callLines(monitor),
        ...(pings.length === 0
          ? []
          : [
              '',
              ...pings.map((ping) =>
                `${colors.dim(new Date(ping.at).toLocaleString())}  ${ping.kind.padEnd(8)} ${took(ping.duration_ms).padStart(8)}  ${colors.dim(printable(ping.body).slice(0, 100))}`.trimEnd(),
              ),
            ]),
      ].join('\n');
    });
  });
}

interface AddOptions {
  readonly every?: string;
  readonly cron?: string;
  readonly timeZone?: string;
  readonly grace: string;
}

export async function add(invocation: Invocation, options: AddOptions, name: string): Promise<void> {
  const { every, cron, timeZone, grace } = options;
  const expectation = expectationOf({ every, cron, grace, time_zone: timeZone });
  await withFleet(invocation, async ({ state, config }) => {
    const record = await new Monitors(state.database).add(name, expectation, 'cli');
    const monitor = monitorView(record, await baseOf(config));
    invocation.output.result(monitor, () =>
      [`${printable(name)} expects a call ${expected(monitor)}, ${monitor.grace} late at most.`, '', ...callLines(monitor)].join('\n'),
    );
  });
}

export const steer =
  (verb: MonitorVerb) =>
  async (invocation: Invocation, _options: unknown, name: string): Promise<void> => {
    const { output } = invocation;
    await withFleet(invocation, async ({ state, config }) => {
      const monitors = new Monitors(state.database);
      if (verb === 'remove') {
        if (!(await monitors.remove(name))) throw noMonitor(name);
        output.result({ name, removed: true }, () => `${printable(name)} is removed.`);
        return;
      }
      const record = await (verb === 'rotate' ? monitors.rotate(name) : monitors.pause(name, verb === 'pause'));
      const monitor = monitorView(record, await baseOf(config));
      output.result(monitor, () =>
        verb === 'rotate' ? callLines(monitor).join('\n') : `${printable(name)}  ${stateMark(monitor.state, output.colors)}`,
      );
    });
  };

const noMonitor = (name: string): MusterError =>
  new MusterError('NOT_FOUND', `There is no monitor "${printable(name)}"`, { remedy: 'Run `muster monitors list` for those there are.' });

const callLines = ({ curl, ping_url: url }: Monitor): readonly string[] => [
  'Let the job run this when it has succeeded:',
  `  ${curl ?? ''}`,
  `With /start behind the address at its beginning the run is measured; /fail says that it failed, /$? tells its exit status:`,
  `  curl -fsS -m 10 --retry 5 -o /dev/null ${url ?? ''}/$?`,
];

const expected = ({ every, cron, time_zone: zone }: Monitor): string => (every === null ? `${cron} (${zone})` : `every ${every}`);
const took = (ms: number | null): string => (ms === null ? '-' : ms < 10_000 ? `${ms} ms` : `${Math.round(ms / 1_000)} s`);
const timeOf = (iso: string | null): number | null => (iso === null ? null : Date.parse(iso));

const ORDER: readonly Monitor['state'][] = ['down', 'late', 'new', 'running', 'up', 'paused'];
const worstFirst = (a: Monitor, b: Monitor): number => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || (a.name < b.name ? -1 : 1);

function stateMark(state: Monitor['state'], colors: Colors): string {
  const paint = { down: colors.red, late: colors.yellow, new: colors.dim, running: colors.cyan, up: colors.green, paused: colors.dim }[
    state
  ];
  return paint(state);
}
