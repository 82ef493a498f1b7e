import { hostId, type HostId } from '../base/ids.ts';
import type { Queryable } from '../db/database.ts';
import { named, sql } from '../db/sql.ts';

export interface SurveyedHost {
  readonly hostId: HostId;
  readonly capacity: number;
  /** Agents it holds. */
  readonly agents: number;
  readonly processKey: string | null;
  /** Its lease has run out, and nobody has taken it yet. */
  readonly overdue: boolean;
}

/** What a host needs to know to find out whether there is anything to do. */
export interface Survey {
  /** Changes when the desired row of an agent that this host holds changed, came or went. */
  readonly heldDigest: string;
  /** Active agents of the fleet, whoever holds them. */
  readonly active: number;
  /** Active agents of the asked types that nobody holds. */
  readonly claimable: number;
  /** Commands that wait for agents this host holds. */
  readonly commands: boolean;
  readonly hosts: readonly SurveyedHost[];
}

interface SurveyRow {
  readonly held: number;
  readonly digest: string;
  readonly active: number;
  readonly claimable: number;
  readonly commands: boolean;
  readonly hosts: readonly { host_id: string; capacity: number; agents: number; process_key: string | null; overdue: boolean }[];
}

/**
 * One look at the fleet in one statement, so that an idle host asks one question a beat and not five. A row version's xmin
 * changes with every update, by whatever means: the sum of them tells a change that touched no column we would have compared.
 */
export async function surveyFleet(on: Queryable, host: HostId, types: readonly string[]): Promise<Survey> {
  const { rows } = await on.query<SurveyRow>(
    named(
      'muster-survey',
      sql`with holders as (
        select host_id, count(*) as agents from muster.agent_leases where host_id is not null group by host_id
      ), live as (
        select h.host_id, h.capacity, h.process_key, h.expires_at < clock_timestamp() as overdue, coalesce(s.agents, 0) as agents
        from muster.hosts h left join holders s using (host_id) where h.status = 'live'
      ), fleet as (
        select count(*) filter (where a.state = 'active')::int as active,
          count(*) filter (where a.state = 'active' and l.host_id is null and a.agent_type = any (${types}::text[]))::int as claimable,
          count(*) filter (where l.host_id = ${host}::uuid)::int as held,
          coalesce(sum(a.xmin::text::bigint) filter (where l.host_id = ${host}::uuid), 0)::text as digest
        from muster.agents a join muster.agent_leases l using (agent_id)
      )
      select f.active, f.claimable, f.held, f.digest,
        exists (select from muster.commands c join muster.agent_leases l using (agent_id)
                where c.state = 'pending' and l.host_id = ${host}::uuid) as commands,
        coalesce((select json_agg(live) from live), '[]') as hosts
      from fleet f`,
    ),
  );
  const row = rows[0];
  if (row === undefined) return { heldDigest: '', active: 0, claimable: 0, commands: false, hosts: [] };
  return {
    heldDigest: `${row.held}:${row.digest}`,
    active: row.active,
    claimable: row.claimable,
    commands: row.commands,
    hosts: row.hosts.map((h) => ({
      hostId: hostId(h.host_id),
      capacity: h.capacity,
      agents: h.agents,
      processKey: h.process_key,
      overdue: h.overdue,
    })),
  };
}
