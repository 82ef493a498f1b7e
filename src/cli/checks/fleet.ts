import type { Finding } from '../../config/finding.ts';
import { createSharedState } from '../../state/create-shared-state.ts';
import type { HostRecord } from '../../state/hosts.ts';
import { plural } from '../wording.ts';
import { note, ok, warn, type DatabaseCheckContext } from './check.ts';

/** Who runs, in which versions, and whether somebody coordinates. */
export async function checkFleet({ database }: DatabaseCheckContext, version: string): Promise<readonly Finding[]> {
  const state = createSharedState(database);
  const [hosts, coordinators, counts] = await Promise.all([
    state.hosts.list({ live: true }),
    state.agents.list({ type: 'agent_coordinator' }, { limit: 10 }),
    state.agents.count(),
  ]);
  const findings: Finding[] = [];
  if (hosts.length === 0) findings.push(note('hosts', 'none is up', '`muster up` or `muster launch` starts one.'));
  else {
    const others = [...new Set(hosts.map((host) => host.version))].filter((each) => each !== version);
    findings.push(
      others.length === 0
        ? ok('hosts', `${plural(hosts.length, 'host')} up`)
        : note(
            'hosts',
            `${plural(hosts.length, 'host')} up, some of version ${others.join(', ')}; this program is ${version}`,
            'Bring all to one version when the upgrade is through.',
          ),
    );
    findings.push(checkDeathWatch(hosts));
    const room = hosts.reduce((sum, host) => sum + host.capacity, 0);
    const wanted = counts.filter(({ state: desired }) => desired === 'active').reduce((sum, { count }) => sum + count, 0);
    findings.push(
      wanted > room
        ? warn('capacity', `${wanted} active agents for ${room} places`, 'Start another host, or raise --capacity.')
        : ok('capacity', `${wanted} active agents for ${room} places`),
    );
    const held = coordinators.some(({ status }) => status === 'running' || status === 'degraded');
    findings.push(
      held
        ? ok('coordinator', 'runs')
        : warn(
            'coordinator',
            'none runs: nobody balances, moves or sheds agents',
            'Give it a few seconds; if it stays so, look at `muster agents show agent_coordinator`.',
          ),
    );
  }
  const failing = counts.filter(({ status }) => status === 'crash_looping' || status === 'lost').reduce((sum, { count }) => sum + count, 0);
  findings.push(
    failing > 0
      ? warn('agents', `${plural(failing, 'agent')} crash looping or lost`, 'See `muster agents list`.')
      : ok('agents', 'none is crash looping or lost'),
  );
  return findings;
}

/** Whether a host that is killed is noticed at once. */
function checkDeathWatch(hosts: readonly HostRecord[]): Finding {
  const unwatched = hosts.filter((host) => !host.watchable);
  if (unwatched.length === 0) return ok('death watch', 'a host that is killed is noticed in milliseconds');
  return warn(
    'death watch',
    `that ${unwatched.length === hosts.length ? 'a host' : `host ${unwatched.map((host) => host.hostId.slice(0, 8)).join(', ')}`} died is noticed only when its lease runs out: its connections do not show`,
    'Behind a pooler set MUSTER_DIRECT_DATABASE_URL to the server itself; otherwise look for "death watch" in the log of the host.',
  );
}
