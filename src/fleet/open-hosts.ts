import type { AgentContext } from '../agent/context.ts';
import { hostId } from '../base/ids.ts';
import { sql } from '../db/sql.ts';
import type { DesiredOfHost } from '../state/hosts.ts';
import type { Placement } from '../state/placement.ts';
import type { OpenHost } from './waiting-reason.ts';

interface OpenHostRow {
  readonly host_id: string;
  readonly capacity: number;
  readonly agents: number;
  readonly desired: DesiredOfHost;
  readonly labels: Readonly<Record<string, string>>;
  readonly types: Readonly<Record<string, Placement>> | null;
  readonly groups: readonly string[];
}

/** The live hosts with what decides which agents they can take; their groups only where somebody has one. */
export async function openHosts(ctx: Pick<AgentContext, 'sql'>, withGroups: boolean): Promise<readonly OpenHost[]> {
  const { rows } = await ctx.sql.read<OpenHostRow>(sql`
    select h.host_id, h.capacity, h.desired, h.labels, h.types, coalesce(l.agents, 0)::int as agents,
      case when ${withGroups} then array(select muster.groups_on(h.host_id)) else '{}' end as groups
    from muster.hosts h
    left join (select host_id, count(*) as agents from muster.agent_leases where host_id is not null group by host_id) l using (host_id)
    where h.status = 'live'`);
  return rows.map(({ host_id, groups, ...host }) => ({ ...host, hostId: hostId(host_id), groups: new Set(groups) }));
}
