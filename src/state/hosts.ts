import { agentId, hostId, type AgentId, type Epoch, type HostId } from '../base/ids.ts';
import { MusterError } from '../base/errors.ts';
import type { Database } from '../db/database.ts';
import type { LockRelease } from '../db/lock-watch.ts';
import { raw, sql, type Sql } from '../db/sql.ts';
import { selectAgents, type AgentRecord, type AgentStatus } from './agents.ts';
import { beatStatement, claimStatement, releaseStatement } from './host-statements.ts';
import { readLifeSigns, type LifeSigns } from './life-signs.ts';
import type { Placement } from './placement.ts';
import { requireRow } from './rows.ts';

export interface HostLoad {
  /** Share of one core this process used since the last beat. */
  readonly cpuCores?: number;
  readonly rssBytes?: number;
  /** Event-loop delay, 99th percentile since the last beat, seconds. */
  readonly eventLoopLagSeconds?: number;
  /** It is on its way out: its share of the agents is the others' to take. */
  readonly leaving?: boolean;
  /** How long the last beat took, from sending it to its answer. */
  readonly beatSeconds?: number;
  /** Share of the machine's processors that was busy, whoever kept them so. */
  readonly machineCpuRatio?: number;
  readonly machineCores?: number;
  readonly machineMemoryBytes?: number;
  readonly machineMemoryFreeBytes?: number;
  /** What part of an even share of the agents it can carry: 1 for all of it. */
  readonly weight?: number;
}

/**
 * What an operator wants of a host. `drain`: it gives its agents away and takes none. `stop`: that, and it leaves the fleet.
 * `restart`: that, and it joins again as a new host in the same process.
 */
export type DesiredOfHost = 'run' | 'drain' | 'stop' | 'restart';

export interface NewHost {
  readonly hostId: HostId;
  readonly hostname: string;
  readonly pid: number;
  /** Boot id, PID namespace, pid and start time of the process; null where the system does not tell. */
  readonly processKey: string | null;
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: number;
  readonly leaseMs: number;
  /** The types it runs, each with where its agents run unless they say otherwise. */
  readonly types?: Readonly<Record<string, Placement>>;
}

export interface HostRecord extends Omit<NewHost, 'leaseMs' | 'types'> {
  /** Whether its death shows by the end of its connections; otherwise by its lease alone. */
  readonly watchable: boolean;
  readonly status: 'live' | 'lost' | 'stopped';
  readonly desired: DesiredOfHost;
  readonly desiredBy: string | null;
  readonly desiredAt: number | null;
  readonly load: HostLoad;
  readonly agents: number;
  readonly startedAt: number;
  readonly lastBeatAt: number;
  readonly expiresAt: number;
  readonly stoppedAt: number | null;
}

/** What one agent reports with a beat. */
export interface AgentBeat {
  readonly agentId: AgentId;
  readonly epoch: Epoch;
  readonly status: AgentStatus;
  readonly healthScore: number | null;
  readonly errorCount: number;
  readonly runCount: number;
  readonly lastError: string | null;
  readonly reason: string | null;
  /** The last tick begun, and up to where nothing is owed ({@link TickProgress}); left out: nothing new. */
  readonly tickBegun?: number | null;
  readonly tickDone?: number | null;
}

export interface BeatResult {
  /** False: the host's lease was taken. It must stop everything and join again as a new host. */
  readonly held: boolean;
  /** Agents of the beat that this host no longer holds at that epoch: stop them, their writes are refused. */
  readonly lost: readonly AgentId[];
  /** Agents of the beat of which nothing was written, because somebody else has their rows locked: tell of them again. */
  readonly untold: readonly AgentId[];
  /** Of all agents this host holds: changes whenever one comes, goes, or gets another epoch. */
  readonly holding: string;
  /** The database's time when it answered, milliseconds since 1970. */
  readonly at: number;
}

/** An agent this host has just taken: run it under this epoch. */
export interface ClaimedAgent {
  readonly agent: AgentRecord;
  readonly epoch: Epoch;
}

export interface Hosts {
  join(host: NewHost): Promise<void>;
  /**
   * Renews the host's lease and writes what these of its agents report, in one statement. The beat counts for the others it
   * holds as well. Also ticks the fleet clock and, where it finds a gap of more than half a lease, opens a grace period of one
   * lease.
   */
  beat(host: HostId, leaseMs: number, load: HostLoad, beats: readonly AgentBeat[]): Promise<BeatResult>;
  /**
   * Takes up to `limit` active agents of these types that nobody holds or whose holder is lost, each with a new epoch.
   * Skips rows that another host is taking, and those of `except`: agents that are to go to another host.
   */
  claim(host: HostId, types: readonly string[], limit: number, except?: readonly AgentId[]): Promise<readonly ClaimedAgent[]>;
  /**
   * Gives agents back, each still at its epoch, with the status they ended in. Returns those that are still the host's, because
   * somebody else has their rows locked: try again.
   */
  release(host: HostId, agents: readonly (AgentBeat & { readonly reason: string | null })[]): Promise<readonly AgentId[]>;
  /** Declares hosts lost whose lease has run out (none during a grace period), frees their agents as `lost`, and tells which. */
  expire(): Promise<readonly HostId[]>;
  /** Frees agents whose holder is no more, and which could not be freed when it ended: their rows were locked. Tells how many. */
  freeAdrift(): Promise<number>;
  /** A neighbour's death certificate: the process behind these hosts is gone, so their leases end now. */
  certifyDead(hosts: readonly HostId[]): Promise<readonly HostId[]>;
  /**
   * Says by which connections the host's process is told (what their application_name ends in), so that a neighbour may
   * conclude its death from their end; null: it is not to be judged by them.
   */
  setSessions(host: HostId, sessions: string | null): Promise<void>;
  /** What is to be seen of a host whose watched connection has ended. */
  lifeSigns(host: HostId, release: LockRelease): Promise<LifeSigns | undefined>;
  /** Ends the lease of a host that was found dead before it ran out, unless it has beaten since. Tells whether it did. */
  certifyDisconnected(host: HostId, lastBeat: string): Promise<boolean>;
  /** Leaves: marks the host stopped and releases everything it still holds, but for what is locked ({@link freeAdrift}). */
  leave(host: HostId): Promise<void>;
  list(filter?: { readonly live?: boolean }): Promise<readonly HostRecord[]>;
  get(host: HostId): Promise<HostRecord | undefined>;
  /** Says what is wanted of a host. Throws NOT_FOUND, and CONFLICT where it is not live. */
  desire(host: HostId, desired: DesiredOfHost, by: string): Promise<HostRecord>;
  /** The desired rows of the agents this host holds: what to reconcile with. */
  held(host: HostId): Promise<readonly AgentRecord[]>;
  /** Forgets hosts that ended longer ago than this. */
  prune(olderThanMs: number): Promise<number>;
}

/**
 * After a silence of the whole fleet longer than this many leases nobody is declared dead for one lease. Two beats of four: a
 * host may have beaten last a beat before the silence, and needs one more after it.
 */
export const SILENCE_LEASES = 0.5;

/** A beat so far ahead of the clock means that the clock went back. */
export const FUTURE_BEAT = raw(`interval '2.5 seconds'`);

export interface HostsOptions {
  /** The lease of the fleet, milliseconds: bounds the silence after which grace is given. */
  readonly leaseMs: number;
  /** Told after agents were freed: somebody else may take them at once. */
  readonly freed: () => void;
  /** Told after what hosts know of each other changed. */
  readonly changed: () => void;
}

/** Hosts in the database: one statement a beat, whatever the number of agents. */
export function createHosts(database: Database, options: HostsOptions): Hosts {
  const silenceMs = options.leaseMs * SILENCE_LEASES;
  const take = async (hosts: Sql, onlyOverdue: boolean, reason: string): Promise<readonly HostId[]> => {
    const { rows } = await database.query<{ host_id: string }>(
      sql`select h as host_id from muster.take_hosts(${hosts}, ${onlyOverdue}, ${reason}) as h`,
    );
    if (rows.length > 0) options.freed();
    return rows.map((row) => hostId(row.host_id));
  };

  const select = async (where: Sql): Promise<readonly HostRecord[]> => {
    const { rows } = await database.query<HostRow>(sql`
      select h.host_id, h.hostname, h.pid, h.process_key, h.version, h.labels, h.capacity, h.load, h.status, h.sessions is not null as watchable,
        h.desired, h.desired_by,
        (extract(epoch from h.started_at) * 1000)::float8 as started_at, (extract(epoch from h.last_beat_at) * 1000)::float8 as last_beat_at,
        (extract(epoch from h.expires_at) * 1000)::float8 as expires_at, (extract(epoch from h.desired_at) * 1000)::float8 as desired_at,
        (extract(epoch from h.stopped_at) * 1000)::float8 as stopped_at, coalesce(l.agents, 0)::int as agents
      from muster.hosts h
      left join (select host_id, count(*) as agents from muster.agent_leases where host_id is not null group by host_id) l using (host_id)
      where ${where}
      order by h.started_at desc limit 1000`);
    return rows.map(toHost);
  };
  const one = async (host: HostId): Promise<HostRecord | undefined> => (await select(sql`h.host_id = ${host}`))[0];

  return {
    async join(host) {
      await database.query(sql`insert into muster.hosts (host_id, hostname, pid, process_key, version, labels, capacity, types, expires_at)
        values (${host.hostId}, ${host.hostname}, ${host.pid}, ${host.processKey}, ${host.version}, ${JSON.stringify(host.labels)}::jsonb,
                ${host.capacity}, ${JSON.stringify(host.types ?? {})}::jsonb, clock_timestamp() + ${host.leaseMs} * interval '1 millisecond')`);
    },

    async beat(host, leaseMs, load, beats) {
      const row = await database.one<{ held: boolean; lost: string[]; untold: string[]; holding: string; at: number }>(
        beatStatement(host, leaseMs, silenceMs, load, beats),
        {
          pool: 'heartbeat',
        },
      );
      return {
        held: row?.held ?? false,
        lost: (row?.lost ?? []).map(agentId),
        untold: (row?.untold ?? []).map(agentId),
        holding: row?.holding ?? '',
        at: row?.at ?? 0,
      };
    },

    async claim(host, types, limit, except = []) {
      const { rows } = await database.query<{ agent_id: string }>(claimStatement(host, types, limit, except));
      if (rows.length === 0) return [];
      const agents = await selectAgents(
        database,
        sql`f.agent_id = any(${rows.map((r) => r.agent_id)}::text[]) and f.host_id = ${host}`,
        limit,
      );
      return agents.map((agent) => ({ agent, epoch: agent.epoch }));
    },

    async release(host, agents) {
      if (agents.length === 0) return [];
      const { rows } = await database.query<{ agent_id: string }>(releaseStatement(host, agents));
      if (rows.length < agents.length) options.freed();
      return rows.map((row) => agentId(row.agent_id));
    },

    // One statement: a verdict from before an outage must not be carried out after it, in the time of grace. And a beat from
    // the future counts only where it is so far ahead that the fleet's clock, at most a tick behind the beats, shows it too.
    expire: () =>
      take(
        sql`array(select h.host_id from muster.overdue_hosts(${silenceMs} * interval '1 millisecond') as overdue (host_id)
          join muster.hosts h using (host_id)
          where h.expires_at < clock_timestamp() or h.last_beat_at > clock_timestamp() + ${FUTURE_BEAT})`,
        true,
        'its host stopped renewing its lease',
      ),

    async freeAdrift() {
      const freed = (await database.one<{ freed: number }>(sql`select muster.free_adrift() as freed`))?.freed ?? 0;
      if (freed > 0) options.freed();
      return freed;
    },

    certifyDead: (hosts) =>
      hosts.length === 0 ? Promise.resolve([]) : take(sql`${hosts}::uuid[]`, false, 'the process of its host is gone'),

    async setSessions(host, sessions) {
      await database.query(sql`update muster.hosts set sessions = ${sessions} where host_id = ${host} and status = 'live'`);
      options.changed();
    },

    lifeSigns: (host, release) => readLifeSigns(database, host, release),

    async certifyDisconnected(host, lastBeat) {
      const { count } = await database.query(
        sql`select muster.certify_dead(${host}, ${lastBeat}::timestamptz, 'the connections of its host ended, and it was not heard of again')`,
      );
      if (count > 0) options.freed();
      return count > 0;
    },

    async leave(host) {
      // FOR UPDATE waits for the fenced writes under way, which an UPDATE without key columns would not.
      await database.transaction(async (tx) => {
        await tx.query(sql`select from muster.hosts where host_id = ${host} for update`);
        await tx.query(
          sql`update muster.hosts set status = 'stopped', stopped_at = clock_timestamp() where host_id = ${host} and status = 'live'`,
        );
        await tx.query(sql`
          with held as materialized (select agent_id from muster.agent_leases where host_id = ${host} for update skip locked)
          update muster.agent_leases l set host_id = null, status = 'stopped', reason = 'its host stopped' from held where l.agent_id = held.agent_id`);
        await tx.query(sql`update muster.leases set expires_at = '-infinity' where host_id = ${host}`);
      });
      options.freed();
    },

    list: (filter) => select(sql`${filter?.live ?? null}::boolean is null or (h.status = 'live') = ${filter?.live ?? null}`),
    get: one,

    async desire(host, desired, by) {
      const { count } =
        await database.query(sql`update muster.hosts set desired = ${desired}, desired_by = ${by}, desired_at = clock_timestamp()
        where host_id = ${host} and status = 'live' and desired not in ('stop', 'restart')`);
      const record = requireRow(await one(host), `host ${host}`);
      if (count === 0 && !(record.status === 'live' && record.desired === desired)) {
        throw new MusterError(
          'CONFLICT',
          `host ${host} is ${record.status === 'live' ? `told to ${record.desired} already` : record.status}`,
          {
            remedy: 'List the hosts: one that ended comes back under another id.',
          },
        );
      }
      // It sees what is wanted of it where it looks for agents.
      options.freed();
      return record;
    },

    held: (host) => selectAgents(database, sql`f.host_id = ${host}`, 100_000),

    async prune(olderThanMs) {
      const { count } = await database.query(
        sql`delete from muster.hosts where status <> 'live' and stopped_at < clock_timestamp() - ${olderThanMs} * interval '1 millisecond'`,
      );
      return count;
    },
  };
}

interface HostRow {
  readonly host_id: string;
  readonly hostname: string;
  readonly pid: number;
  readonly process_key: string | null;
  readonly version: string;
  readonly labels: Record<string, string>;
  readonly capacity: number;
  readonly load: HostLoad;
  readonly status: HostRecord['status'];
  readonly watchable: boolean;
  readonly started_at: number;
  readonly last_beat_at: number;
  readonly expires_at: number;
  readonly stopped_at: number | null;
  readonly desired: DesiredOfHost;
  readonly desired_by: string | null;
  readonly desired_at: number | null;
  readonly agents: number;
}

function toHost(row: HostRow): HostRecord {
  return {
    hostId: hostId(row.host_id),
    hostname: row.hostname,
    pid: row.pid,
    processKey: row.process_key,
    version: row.version,
    labels: row.labels,
    capacity: row.capacity,
    load: row.load,
    status: row.status,
    watchable: row.watchable,
    startedAt: row.started_at,
    lastBeatAt: row.last_beat_at,
    expiresAt: row.expires_at,
    stoppedAt: row.stopped_at,
    desired: row.desired,
    desiredBy: row.desired_by,
    desiredAt: row.desired_at,
    agents: row.agents,
  };
}
