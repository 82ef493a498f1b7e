import { EXIT } from '../../base/errors.ts';
import { versionText } from '../../db/server-version.ts';
import { refusedFiles } from '../../modules/alerting/rules/refused-files.ts';
import { toDocument } from '../documents.ts';
import type { Invocation } from '../invocation.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { hostTable } from '../host-table.ts';
import { printable } from '../table.ts';
import { plural } from '../wording.ts';

/** One look at the fleet. Exit code 1 where an agent that should run does not, so that a script can ask. */
export async function run(invocation: Invocation): Promise<number> {
  const { output } = invocation;
  return withFleet(invocation, async ({ state, database, now }) => {
    const [counts, hosts, coordinators, refused, at] = await Promise.all([
      state.agents.count(),
      state.hosts.list(),
      state.agents.list({ type: 'agent_coordinator' }, { limit: 10 }),
      refusedFiles(database),
      now(),
    ]);
    const { connection } = database;
    const server = versionText(database.status().session?.serverVersion ?? 0);
    const live = hosts.filter(({ status }) => status === 'live');
    const sum = (which: (each: (typeof counts)[number]) => boolean): number =>
      counts.filter(which).reduce((total, { count }) => total + count, 0);
    const wanted = sum((each) => each.state === 'active');
    const atWork = sum((each) => each.state === 'active' && (each.status === 'running' || each.status === 'degraded'));
    const failing = sum((each) => each.status === 'crash_looping' || each.status === 'lost');
    const degraded = sum((each) => each.status === 'degraded');
    const coordinator = coordinators.find(({ status }) => status === 'running' || status === 'degraded');
    const healthy = atWork === wanted && failing === 0;
    output.result(
      {
        healthy,
        agents: { desired_active: wanted, at_work: atWork, degraded, failing, by_status: counts.map((each) => toDocument(each)) },
        hosts: hosts.map((host) => toDocument(host)),
        coordinator:
          coordinator === undefined ? null : { agent_id: coordinator.agentId, host_id: coordinator.hostId, epoch: coordinator.epoch },
        database: { host: connection.host, port: connection.port, database: connection.database, server_version: server },
        refused_files: refused.map(({ now: _, since, ...file }) => ({ ...file, since: new Date(since).toISOString() })),
        now: new Date(at).toISOString(),
      },
      () => {
        const { colors } = output;
        const mark = healthy ? colors.green('●') : colors.red('●');
        const troubles = [
          ...(degraded > 0 ? [`${degraded} degraded`] : []),
          ...(failing > 0 ? [`${failing} failing`] : []),
          ...(atWork < wanted ? [`${wanted - atWork} not at work`] : []),
        ];
        return [
          `${mark} ${atWork} of ${plural(wanted, 'agent')} at work${troubles.length > 0 ? colors.yellow(` (${troubles.join(', ')})`) : ''}`,
          `  PostgreSQL ${server} at ${connection.host}:${connection.port}/${printable(connection.database)}`,
          coordinator === undefined
            ? `  ${colors.yellow('no coordinator: is a host up?')}`
            : `  coordinated by host ${coordinator.hostId ?? ''}`,
          ...refused.map(({ hostname, message, where }) =>
            colors.yellow(
              `  ${printable(where)} on ${printable(hostname)} is not valid: ${printable(message)}. What was in force stays so.`,
            ),
          ),
          '',
          live.length === 0 ? 'No host is up. `muster up` or `muster launch` starts one.' : hostTable(live, at, output.columns, colors),
        ].join('\n');
      },
    );
    return healthy ? EXIT.ok : EXIT.failure;
  });
}
