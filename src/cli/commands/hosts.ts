import { setTimeout as delay } from 'node:timers/promises';
import { durationMs } from '../../base/duration.ts';
import { EXIT, MusterError } from '../../base/errors.ts';
import type { DesiredOfHost, HostRecord } from '../../state/hosts.ts';
import type { SharedState } from '../../state/shared-state.ts';
import { agentTable } from '../agent-table.ts';
import { agentDocument, toDocument } from '../documents.ts';
import { hostMark, hostTable, labelsOf } from '../host-table.ts';
import type { Invocation } from '../invocation.ts';
import type { HostVerb } from '../tree/fleet.ts';
import { withFleet, type FleetAccess } from '../runtime/fleet-access.ts';
import { printable } from '../table.ts';
import { ago, plural, withUnit } from '../wording.ts';

const DESIRES: Readonly<Record<HostVerb, DesiredOfHost>> = { drain: 'drain', resume: 'run', stop: 'stop', restart: 'restart' };
const POLL_MS = 150;
const MOST_AGENTS = 1_000;

export async function list(invocation: Invocation, options: { readonly all?: boolean }): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ state, now }) => {
    const [hosts, at] = await Promise.all([state.hosts.list(options.all === true ? {} : { live: true }), now()]);
    output.result({ items: hosts.map((host) => toDocument(host)) }, () =>
      hosts.length === 0
        ? 'No host is up. `muster up` or `muster launch` starts one.'
        : [hostTable(hosts, at, output.columns, output.colors), ...skewNote(hosts)].join('\n\n'),
    );
  });
}

function skewNote(hosts: readonly HostRecord[]): readonly string[] {
  const versions = [...new Set(hosts.filter(({ status }) => status === 'live').map(({ version }) => version))].toSorted();
  return versions.length < 2
    ? []
    : [`The hosts are of versions ${versions.join(', ')}: they run side by side; bring all to one when you can.`];
}

export async function show(invocation: Invocation, _options: unknown, id: string): Promise<void> {
  await withFleet(invocation, async ({ state, now }) => {
    const host = await requireHost(state, id);
    const [agents, at] = await Promise.all([state.agents.list({ hostId: host.hostId }, { limit: MOST_AGENTS }), now()]);
    const { output } = invocation;
    const { colors } = output;
    output.result({ ...toDocument(host), held: agents.map(agentDocument) }, () => {
      const field = (name: string, value: string): string => `${colors.dim(name.padEnd(12))}${value}`;
      const { load } = host;
      const used = [
        load.cpuCores === undefined ? undefined : `${withUnit(load.cpuCores, 'ratio')} of a core`,
        load.rssBytes === undefined ? undefined : withUnit(load.rssBytes, 'bytes'),
        load.eventLoopLagSeconds === undefined
          ? undefined
          : `event loop ${withUnit(Math.round(load.eventLoopLagSeconds * 1_000) / 1_000, 'seconds')} late`,
      ].filter((part) => part !== undefined);
      const machine = [
        load.machineCores === undefined ? undefined : plural(load.machineCores, 'core'),
        load.machineCpuRatio === undefined ? undefined : `${withUnit(load.machineCpuRatio, 'ratio')} busy`,
        load.machineMemoryFreeBytes === undefined ? undefined : `${withUnit(load.machineMemoryFreeBytes, 'bytes')} free`,
      ].filter((part) => part !== undefined);
      return [
        `${colors.bold(host.hostId)}  ${hostMark(host, at, colors)}`,
        field('machine', `${printable(host.hostname)}, pid ${host.pid}${machine.length === 0 ? '' : ` (${machine.join(', ')})`}`),
        field('version', host.version),
        field('labels', labelsOf(host) === '' ? 'none' : printable(labelsOf(host))),
        field('agents', `${host.agents} of ${host.capacity} at most`),
        field('load', used.length === 0 ? 'not known yet' : used.join(', ')),
        ...(load.weight !== undefined && load.weight < 1
          ? [field('share', `${withUnit(load.weight, 'ratio')} of an even one: it is overloaded`)]
          : []),
        field('heartbeat', ago(host.lastBeatAt, at)),
        field('since', ago(host.startedAt, at)),
        ...(host.desired === 'run'
          ? []
          : [field('told to', `${host.desired} by ${printable(host.desiredBy ?? 'somebody')} ${ago(host.desiredAt, at)}`)]),
        ...(agents.length === 0 ? [] : ['', agentTable(agents, at, output.columns, colors)]),
      ].join('\n');
    });
  });
}

interface SteerOptions {
  readonly timeout: string;
  readonly wait: boolean;
}

/** `hosts drain|resume|stop|restart`: says what is wanted, then watches it come true. */
export const steer =
  (verb: HostVerb) =>
  async (invocation: Invocation, options: SteerOptions, id: string): Promise<number> => {
    const timeoutMs = durationMs(options.timeout);
    return withFleet(invocation, async (fleet) => {
      const { output } = invocation;
      const before = await requireHost(fleet.state, id);
      const desired = await fleet.state.hosts.desire(
        before.hostId,
        DESIRES[verb],
        `cli:${process.env['USER'] ?? process.env['LOGNAME'] ?? 'unknown'}`,
      );
      const homeless = verb === 'resume' ? 0 : await withoutRoom(fleet.state, before);
      if (homeless > 0 && verb !== 'restart' && !output.json)
        output.notice(`The other hosts have no room for ${plural(homeless, 'agent')} of it: these wait.`);
      const outcome = options.wait
        ? await until(timeoutMs, () => effectOf(fleet, verb, before))
        : { effective: null, message: verb === 'resume' ? 'it may take agents again' : `it is told to ${verb}` };
      const host = (await fleet.state.hosts.get(before.hostId)) ?? desired;
      const message = outcome?.message ?? `not seen to happen within ${timeoutMs / 1_000} s; it holds ${plural(host.agents, 'agent')}`;
      const at = await fleet.now();
      output.result(
        { host: toDocument(host), effective: outcome === undefined ? false : outcome.effective, message },
        () => `${host.hostId}  ${hostMark(host, at, output.colors)}  ${message}`,
      );
      return outcome === undefined ? EXIT.failure : EXIT.ok;
    });
  };

interface Effect {
  readonly effective: true | null;
  readonly message: string;
}

async function effectOf({ state }: FleetAccess, verb: HostVerb, before: HostRecord): Promise<Effect | undefined> {
  const host = await state.hosts.get(before.hostId);
  const gone = host === undefined || host.status !== 'live';
  switch (verb) {
    case 'resume':
      return gone ? undefined : { effective: true, message: 'it takes agents again' };
    case 'drain':
      return gone || host.agents === 0 ? { effective: true, message: 'it holds no agent' } : undefined;
    case 'stop':
      return gone ? { effective: true, message: 'it has left the fleet' } : undefined;
    case 'restart': {
      const again = (await state.hosts.list({ live: true })).find(
        (each) =>
          each.hostId !== before.hostId &&
          each.pid === before.pid &&
          each.hostname === before.hostname &&
          each.startedAt > before.startedAt,
      );
      return gone && again !== undefined ? { effective: true, message: `it is there again as ${again.hostId}` } : undefined;
    }
  }
}

/** Agents of a host that the others could not take if it gave them all away now. */
async function withoutRoom(state: SharedState, host: HostRecord): Promise<number> {
  const others = (await state.hosts.list({ live: true })).filter((each) => each.hostId !== host.hostId && each.desired === 'run');
  return Math.max(0, host.agents - others.reduce((sum, each) => sum + Math.max(0, each.capacity - each.agents), 0));
}

/** The host by its id or the beginning of it, live ones first. */
async function requireHost(state: SharedState, id: string): Promise<HostRecord> {
  const hosts = await state.hosts.list();
  const found = hosts.filter((host) => host.hostId.startsWith(id.toLowerCase()));
  const live = found.filter(({ status }) => status === 'live');
  const meant = live.length > 0 ? live : found;
  const [host, other] = meant;
  if (host !== undefined && other === undefined && id !== '') return host;
  if (host === undefined)
    throw new MusterError('NOT_FOUND', `There is no host "${printable(id)}"`, {
      remedy: 'Run `muster hosts list --all` for those there are.',
    });
  throw new MusterError('USAGE', `${plural(meant.length, 'host')} begin with "${printable(id)}"`, {
    remedy: `Give more of the id: ${meant
      .slice(0, 5)
      .map((each) => each.hostId)
      .join(', ')}.`,
  });
}

async function until<T>(timeoutMs: number, look: () => Promise<T | undefined>): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined || performance.now() >= deadline) return found;
    await delay(POLL_MS);
  }
}
