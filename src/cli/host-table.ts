import type { HostRecord } from '../state/hosts.ts';
import type { Colors } from './output.ts';
import { drawTable, printable } from './table.ts';
import { ago, withUnit } from './wording.ts';

/** The hosts with what they carry. `now` on the database's clock. */
export function hostTable(hosts: readonly HostRecord[], now: number, width: number, colors: Colors): string {
  const versions = new Set(hosts.filter(({ status }) => status === 'live').map(({ version }) => version));
  return drawTable(
    [
      { title: 'HOST' },
      { title: 'MACHINE', shrinkTo: 8 },
      { title: 'PID', align: 'right' },
      { title: 'STATUS' },
      { title: 'AGENTS', align: 'right' },
      { title: 'CPU', align: 'right' },
      { title: 'MEMORY', align: 'right' },
      { title: 'LAG', align: 'right' },
      { title: 'HEARTBEAT', align: 'right' },
      { title: 'UP', align: 'right' },
      { title: 'VERSION' },
      { title: 'LABELS', shrinkTo: 6 },
    ],
    hosts.map((host) => [
      host.hostId.slice(0, 8),
      printable(host.hostname),
      String(host.pid),
      hostMark(host, now, colors),
      host.status === 'live' ? `${host.agents}/${host.capacity}` : colors.dim('-'),
      figure(host, host.load.cpuCores, 'ratio', colors),
      figure(host, host.load.rssBytes, 'bytes', colors),
      figure(host, host.load.eventLoopLagSeconds, 'seconds', colors),
      ago(host.lastBeatAt, now),
      ago(host.startedAt, host.stoppedAt ?? now).replace(' ago', ''),
      host.status === 'live' && versions.size > 1 ? colors.yellow(host.version) : host.version,
      colors.dim(printable(labelsOf(host))),
    ]),
    width,
    colors.dim,
  );
}

export const labelsOf = ({ labels }: HostRecord): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');

function figure({ status, load }: HostRecord, value: number | undefined, unit: string, colors: Colors): string {
  if (status !== 'live' || value === undefined) return colors.dim('-');
  const text = withUnit(unit === 'seconds' ? Math.round(value * 1_000) / 1_000 : value, unit);
  return unit !== 'bytes' && (load.weight ?? 1) < 1 ? colors.yellow(text) : text;
}

/** How a host is, with what is wanted of it. */
export function hostMark(host: HostRecord, now: number, colors: Colors): string {
  if (host.status === 'lost') return colors.red('? lost');
  if (host.status === 'stopped') return colors.dim('○ stopped');
  if (now > host.expiresAt) return colors.yellow('◌ late');
  switch (host.desired) {
    case 'drain':
      return host.agents === 0 ? colors.blue('◐ drained') : colors.cyan('◌ draining');
    case 'stop':
      return colors.cyan('◌ stopping');
    case 'restart':
      return colors.cyan('◌ restarting');
    case 'run':
      return (host.load.weight ?? 1) < 1 ? colors.yellow('● overloaded') : colors.green('● live');
  }
}
