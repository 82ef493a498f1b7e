import type { HostRecord } from '../../state/hosts.ts';
import type { Facts } from './facts.ts';
import type { Subject, Verdict } from './finding.ts';
import { found, gigabytes, judge, lasting, percent, type Bench } from './judge.ts';

/** After this a lost host is taken for one that was switched off. */
const LOST_MATTERS_MS = 900_000;
/** A nearly full disk is an emergency only where little is left: 5% of a large one is plenty. */
const PLENTY_BYTES = 20e9;

/** Every live host, and those lost lately that nobody replaced. */
export function hostChecks(facts: Facts, bench: Bench): readonly Verdict[] {
  const live = facts.hosts.filter((host) => host.status === 'live');
  const hostnames = new Set(live.map((host) => host.hostname));
  const lost = facts.hosts.filter(
    (host) => host.status === 'lost' && !hostnames.has(host.hostname) && facts.now - host.lastBeatAt < LOST_MATTERS_MS,
  );
  return [
    ...live.flatMap((host) => [lease(host, facts), eventLoop(host, bench)]),
    ...[...hostnames].flatMap((hostname) => machine(hostname, facts, bench)),
    ...lost.map((host) => lostHost(host, facts)),
  ];
}

const subjectOf = (hostname: string): Subject => `host:${hostname}`;

function lostHost({ hostname, pid, hostId, lastBeatAt }: HostRecord, { now }: Facts): Verdict {
  return found({
    subject: subjectOf(hostname),
    check: 'host.lost',
    of: hostId,
    level: 'critical',
    text: `${hostname} (process ${pid}) was lost ${lasting((now - lastBeatAt) / 1_000)} ago; its agents may run elsewhere now`,
    value: 'lost',
    remedy: 'Start Muster there again, or, if it was meant to go, do nothing: this ends 15 minutes after the loss.',
  });
}

/** Late at half of its lease, as good as lost at the end of it. */
function lease({ hostname, hostId, pid, lastBeatAt, expiresAt }: HostRecord, { now, inGrace }: Facts): Verdict {
  const [subject, check] = [subjectOf(hostname), 'host.heartbeat'];
  if (inGrace) return { kind: 'unknown', subject, check, why: 'the database was away a moment ago' };
  const age = now - lastBeatAt;
  if (age < (expiresAt - lastBeatAt) / 2) return { kind: 'fine', subject, check };
  return found({
    subject,
    check,
    of: hostId,
    level: now > expiresAt ? 'critical' : 'warning',
    text: `${hostname} (process ${pid}) has not renewed its lease for ${lasting(age / 1_000)}`,
    value: Math.round(age / 100) / 10,
    remedy: 'Check that the process is alive, not starved of processor time, and reaches the database.',
  });
}

function eventLoop({ hostname, hostId, load }: HostRecord, bench: Bench): Verdict {
  return judge(
    {
      subject: subjectOf(hostname),
      check: 'host.event_loop_delay_seconds',
      of: hostId,
      value: load.eventLoopLagSeconds,
      text: (value) => `The event loop on ${hostname} is ${lasting(value)} late: an agent there blocks it`,
      remedy: 'Move long calculations of agents off the event loop, or spread the agents over more hosts.',
    },
    bench,
  );
}

/** What performance_monitor measures: of the host it runs on. */
function machine(hostname: string, { readings }: Facts, bench: Bench): readonly Verdict[] {
  const subject = subjectOf(hostname);
  const host = { host: hostname };
  const [load, cores] = [readings.value('host_load5', host), readings.value('host_cpu_cores', host)];
  const [open, limit] = [readings.value('process_open_fds', host), readings.value('process_max_fds', host)];
  const stalled = readings.value('host_pressure_ratio', { ...host, resource: 'memory', kind: 'full' });
  return [
    judge(
      {
        subject,
        check: 'host.memory_ratio',
        value: readings.value('memory_usage', host),
        text: (value) => `${percent(value)} of the memory of ${hostname} is in use`,
        remedy: 'Find what grows, give the machine or container more memory, or move agents away.',
      },
      bench,
    ),
    judge(
      {
        subject,
        check: 'host.load_per_core',
        value: load === undefined || cores === undefined || cores === 0 ? undefined : load / cores,
        text: (value) => `${hostname} has ${value.toFixed(1)} tasks for each processor, averaged over 5 minutes`,
        remedy: 'Find what uses the processor, or move agents to another host.',
      },
      bench,
    ),
    // Kernels without pressure information have nothing to judge here; the share of memory in use is judged anyway.
    ...(stalled === undefined
      ? []
      : [
          judge(
            {
              subject,
              check: 'host.memory_stalled_ratio',
              value: stalled,
              text: (value) => `${percent(value)} of the time everything on ${hostname} waited for memory`,
              remedy: 'It swaps or reclaims all the time: free memory before the kernel kills a process.',
            },
            bench,
          ),
        ]),
    ...(open === undefined || limit === undefined || limit === 0
      ? []
      : [
          judge(
            {
              subject,
              check: 'host.open_files_ratio',
              value: open / limit,
              text: (value) => `The process on ${hostname} has ${percent(value)} of its open files in use`,
              remedy: 'Raise its limit (ulimit -n, LimitNOFILE), and look for sockets that are never closed.',
            },
            bench,
          ),
        ]),
    ...filesystems(hostname, readings, bench),
  ];
}

function filesystems(hostname: string, readings: Facts['readings'], bench: Bench): readonly Verdict[] {
  const subject = subjectOf(hostname);
  const usages = readings.all('host_filesystem_usage_ratio', { host: hostname });
  if (usages.length === 0) return [{ kind: 'unknown', subject, check: 'host.filesystem_ratio', why: 'not measured lately' }];
  return usages.flatMap(({ value, labels }) => {
    const mountpoint = labels['mountpoint'] ?? '';
    const left = readings.value('host_filesystem_available_bytes', { host: hostname, mountpoint });
    const inodes = readings.value('host_filesystem_inodes_usage_ratio', { host: hostname, mountpoint });
    const room = left === undefined ? '' : `, ${gigabytes(left)} left`;
    const space = judge(
      {
        subject,
        check: 'host.filesystem_ratio',
        of: mountpoint,
        value,
        text: (ratio) => `${mountpoint} on ${hostname} is ${percent(ratio)} full${room}`,
        remedy: 'Delete what is not needed, enlarge the volume, or shorten the retention of metrics and events.',
        ...(left !== undefined && left > PLENTY_BYTES ? { atMost: 'warning' as const } : {}),
      },
      bench,
    );
    if (inodes === undefined) return [space];
    return [
      space,
      judge(
        {
          subject,
          check: 'host.inodes_ratio',
          of: mountpoint,
          value: inodes,
          text: (ratio) => `${mountpoint} on ${hostname} has ${percent(ratio)} of its inodes in use: many small files`,
          remedy: 'Delete small files that are not needed; free space does not help here.',
        },
        bench,
      ),
    ];
  });
}
