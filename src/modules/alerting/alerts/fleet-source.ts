import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { refusedFiles, type RefusedFile } from '../rules/refused-files.ts';
import type { RuleFacts, Verdict } from './verdict.ts';

/** The fleet's own faults: alerts without a rule of anyone's. */
export const FLEET_RULES = ['agent_crash_looping', 'agent_lost', 'host_lost', 'monitoring_refused'] as const;

const MOST_FAULTS = 2_000;

export interface FleetSourceSettings {
  /** An agent that somebody takes over sooner is none to tell of. */
  readonly lostAfterMs: number;
  /** A host that was lost is told of for so long, unless another takes its place on the same machine. */
  readonly hostLostForMs: number;
}

interface AgentRow {
  readonly agent_id: string;
  readonly status: 'crash_looping' | 'lost';
  readonly host_id: string | null;
  readonly last_error: string | null;
  readonly reason: string | null;
  readonly error_count: number;
  readonly since: number;
  readonly now: number;
}

interface HostRow {
  readonly host_id: string;
  readonly hostname: string;
  readonly since: number;
  readonly now: number;
  readonly homeless: number;
}

/**
 * Everything of the fleet that is wrong now, as verdicts. Whatever is not among them is well: the caller ends the alerts of
 * {@link FLEET_RULES} that are not named. A healthy fleet costs three index scans.
 */
export async function fleetVerdicts(db: Queryable, settings: FleetSourceSettings): Promise<readonly Verdict[]> {
  const agents = await db.query<AgentRow>(sql`
    select f.agent_id, f.status, coalesce(f.host_id, (
        select e.host_id from muster.events e where e.agent_id = f.agent_id and e.type = 'agent:lost' order by e.id desc limit 1)) as host_id,
      f.last_error, f.reason, f.error_count,
      (extract(epoch from coalesce(case f.status when 'lost' then f.last_heartbeat_at end, clock_timestamp())) * 1000)::float8 as since,
      (extract(epoch from clock_timestamp()) * 1000)::float8 as now
    from muster.fleet f
    where f.state = 'active' and (f.status = 'crash_looping'
      or (f.status = 'lost' and coalesce(f.last_heartbeat_at, f.acquired_at) < clock_timestamp() - ${settings.lostAfterMs}::float8 * interval '1 millisecond'))
    order by f.agent_id limit ${MOST_FAULTS}`);
  const hosts = await db.query<HostRow>(sql`
    select h.host_id, h.hostname, (extract(epoch from h.last_beat_at) * 1000)::float8 as since,
      (extract(epoch from clock_timestamp()) * 1000)::float8 as now,
      (select count(*)::int from muster.fleet f where f.state = 'active' and f.status = 'lost') as homeless
    from muster.hosts h
    where h.status = 'lost' and h.stopped_at > clock_timestamp() - ${settings.hostLostForMs}::float8 * interval '1 millisecond'
      -- The same machine is back: a process that was started again is no loss.
      and not exists (select from muster.hosts n where n.hostname = h.hostname and n.status = 'live' and n.started_at > h.started_at)
    order by h.host_id limit ${MOST_FAULTS}`);
  const files = await refusedFiles(db);
  return [...hosts.rows.map(ofHost), ...agents.rows.map(ofAgent), ...files.map(ofFile)];
}

const base = { unit: '', threshold: null, state: 'firing', isGone: false } as const;

function ofHost({ homeless, host_id: host, hostname, now, since }: HostRow): Verdict {
  return {
    ...base,
    rule: 'host_lost',
    target: `host=${host}`,
    labels: { host, hostname },
    agentId: '',
    metricName: 'host_status',
    // While others run its agents it is one host less; with agents that nobody runs it is an outage.
    level: homeless > 0 ? 'critical' : 'warning',
    value: homeless,
    since: Math.min(since, now),
    at: now,
    explanation:
      homeless > 0
        ? `Host ${hostname} (${host.slice(0, 8)}) stopped answering, and ${homeless} of the fleet's agents are run by nobody.`
        : `Host ${hostname} (${host.slice(0, 8)}) stopped answering; other hosts run its agents.`,
  };
}

function ofFile({ hostname, message, now, path, since, where }: RefusedFile): Verdict {
  return {
    ...base,
    rule: 'monitoring_refused',
    target: `hostname=${hostname},path=${path}`,
    labels: { hostname, path },
    agentId: '',
    metricName: 'configuration',
    level: 'warning',
    value: null,
    since: Math.min(since, now),
    at: now,
    explanation: `${path} on ${hostname} is not valid, and what was in force before stays so: ${where}: ${message}`,
  };
}

function ofAgent(row: AgentRow): Verdict {
  const loops = row.status === 'crash_looping';
  return {
    ...base,
    rule: loops ? 'agent_crash_looping' : 'agent_lost',
    target: `agent=${row.agent_id}`,
    labels: { agent: row.agent_id, ...(row.host_id === null ? {} : { host: row.host_id }) },
    agentId: row.agent_id,
    metricName: 'agent_status',
    level: 'critical',
    value: loops ? row.error_count : null,
    since: Math.min(row.since, row.now),
    at: row.now,
    explanation: loops
      ? `Agent ${row.agent_id} crashes again and again: ${row.last_error ?? 'no reason was given'}`
      : `Agent ${row.agent_id} is run by no host: ${row.reason ?? 'its host stopped answering'}`,
  };
}

/** Which channels hear of the fleet's own faults, and how they are worded. */
export function fleetRules(channels: readonly string[]): ReadonlyMap<string, RuleFacts> {
  const facts = (summary: string, runbook: string): RuleFacts => ({ channels, annotations: { summary }, runbook });
  return new Map<string, RuleFacts>([
    ['agent_crash_looping', facts('Agent {{agent}} crashes again and again', 'docs/alerts.md#agent_crash_looping')],
    ['agent_lost', facts('Agent {{agent}} is run by no host', 'docs/alerts.md#agent_lost')],
    ['host_lost', facts('Host {{hostname}} is lost', 'docs/alerts.md#host_lost')],
    ['monitoring_refused', facts('monitoring.yml of {{hostname}} is not valid', 'docs/alerts.md#monitoring_refused')],
  ]);
}
