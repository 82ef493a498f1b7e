import { MusterError } from '../base/errors.ts';
import { agentId, epoch, hostId, type AgentId, type Epoch, type HostId } from '../base/ids.ts';
import type { Database, Queryable } from '../db/database.ts';
import { raw, sql, type Sql } from '../db/sql.ts';
import type { Manifest } from './implementations.ts';
import type { Placement } from './placement.ts';
import { requireRow } from './rows.ts';

/** What is desired; plain SQL may write it. */
export type AgentState = 'active' | 'inactive' | 'paused';
/** What is observed. `lost`: its host stopped renewing and nobody has taken over yet. */
export type AgentStatus = 'starting' | 'running' | 'degraded' | 'stopping' | 'stopped' | 'crash_looping' | 'lost';
export type SlotStatus = 'available' | 'occupied';

/** How far an agent is with the ticks of its schedule. Times are milliseconds since 1970 by the database's clock. */
export interface TickProgress {
  /** The last tick whose run began. */
  readonly begun: number | null;
  /** Up to here nothing is owed. Before `begun`: that run has not come to its end. */
  readonly done: number | null;
  /** The schedule whose ticks were claimed last; null where none ever was. */
  readonly schedule: string | null;
  /** Since when the agent has been wanted to run: what passed before is not made up. */
  readonly activeSince: number;
}

/** One agent, desired and observed, as the API shows it. Times are milliseconds since 1970. */
export interface AgentRecord {
  readonly agentId: AgentId;
  readonly name: string;
  readonly type: string;
  readonly state: AgentState;
  readonly slotStatus: SlotStatus | null;
  readonly config: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly status: AgentStatus;
  readonly healthScore: number | null;
  readonly lastHeartbeatAt: number | null;
  readonly hostId: HostId | null;
  readonly epoch: Epoch;
  readonly acquiredAt: number | null;
  readonly errorCount: number;
  readonly runCount: number;
  readonly lastError: string | null;
  readonly reason: string | null;
  /** What a slot runs while it is active. */
  readonly implementation?: SlotImplementation | null;
  readonly ticks: TickProgress;
}

export interface SlotImplementation {
  readonly name: string;
  readonly hash: string;
  readonly manifest: Manifest;
}

export interface AgentFilter {
  readonly state?: AgentState;
  readonly status?: AgentStatus;
  readonly type?: string;
  readonly hostId?: HostId;
  /** Part of the id or name, any case. */
  readonly search?: string;
}

export interface NewAgent {
  readonly agentId: string;
  readonly name: string;
  readonly type: string;
  readonly state?: AgentState;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface AgentChange {
  readonly state?: AgentState | undefined;
  readonly name?: string | undefined;
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** `metadata.placement` alone; null takes it away. */
  readonly placement?: Placement | null | undefined;
}

export interface Agents {
  /** In order of agent_id, after `after`. */
  list(filter: AgentFilter, page: { readonly limit: number; readonly after?: string }): Promise<readonly AgentRecord[]>;
  get(id: AgentId): Promise<AgentRecord | undefined>;
  /** Throws CONFLICT where the id is taken. */
  create(agent: NewAgent): Promise<AgentRecord>;
  /** Inserts those that are not there; touches no existing row. */
  ensure(agents: readonly NewAgent[]): Promise<void>;
  /** Throws NOT_FOUND, or CONFLICT where it is a slot that cannot become active. */
  setState(id: AgentId, state: AgentState): Promise<AgentRecord>;
  setConfig(id: AgentId, config: Readonly<Record<string, unknown>>): Promise<AgentRecord>;
  /** Changes several things at once, config and metadata as a whole. Throws NOT_FOUND, or PRECONDITION_FAILED where it changed since `updatedAt`. */
  update(id: AgentId, change: AgentChange, options?: { readonly updatedAt?: number }): Promise<AgentRecord>;
  remove(id: AgentId): Promise<boolean>;
  /** How many there are by state and status. */
  count(): Promise<readonly { readonly state: AgentState; readonly status: AgentStatus; readonly count: number }[]>;
}

interface AgentRow {
  readonly agent_id: string;
  readonly agent_name: string;
  readonly agent_type: string;
  readonly state: AgentState;
  readonly slot_status: SlotStatus | null;
  readonly config: Record<string, unknown>;
  readonly metadata: Record<string, unknown>;
  readonly created_at: number;
  readonly updated_at: number;
  readonly status: AgentStatus;
  readonly health_score: number | null;
  readonly last_heartbeat_at: number | null;
  readonly host_id: string | null;
  readonly epoch: number;
  readonly acquired_at: number | null;
  readonly error_count: number;
  readonly run_count: number;
  readonly last_error: string | null;
  readonly reason: string | null;
  readonly implementation: SlotImplementation | null;
  readonly tick_begun: number | null;
  readonly tick_done: number | null;
  readonly tick_schedule: string | null;
  readonly active_since: number;
}

/** Columns of muster.fleet (aliased f), muster.slots (s), muster.implementations (i), muster.agent_leases (t) and muster.agents (d) as `toAgent` reads them; times as milliseconds. */
const AGENT_COLUMNS = raw(`f.agent_id, f.agent_name, f.agent_type, f.state, f.slot_status, f.config, f.metadata,
  (extract(epoch from f.created_at) * 1000)::float8 as created_at, (extract(epoch from f.updated_at) * 1000)::float8 as updated_at,
  f.status, f.health_score, (extract(epoch from f.last_heartbeat_at) * 1000)::float8 as last_heartbeat_at, f.host_id,
  f.epoch::float8 as epoch, (extract(epoch from f.acquired_at) * 1000)::float8 as acquired_at,
  f.error_count, f.run_count::float8 as run_count, f.last_error, coalesce(s.refusal, f.reason) as reason,
  case when i.hash is not null then jsonb_build_object('name', i.name, 'hash', i.hash, 'manifest', i.manifest) end as implementation,
  (extract(epoch from t.tick_begun) * 1000)::float8 as tick_begun, (extract(epoch from t.tick_done) * 1000)::float8 as tick_done,
  t.tick_schedule, (extract(epoch from d.active_since) * 1000)::float8 as active_since`);

function toAgent(row: AgentRow): AgentRecord {
  return {
    agentId: agentId(row.agent_id),
    name: row.agent_name,
    type: row.agent_type,
    state: row.state,
    slotStatus: row.slot_status,
    config: row.config,
    metadata: row.metadata,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    status: row.status,
    healthScore: row.health_score,
    lastHeartbeatAt: row.last_heartbeat_at,
    hostId: row.host_id === null ? null : hostId(row.host_id),
    epoch: epoch(row.epoch),
    acquiredAt: row.acquired_at,
    errorCount: row.error_count,
    runCount: row.run_count,
    lastError: row.last_error,
    reason: row.reason,
    implementation: row.implementation,
    ticks: { begun: row.tick_begun, done: row.tick_done, schedule: row.tick_schedule, activeSince: row.active_since },
  };
}

/** Agents by a condition on muster.fleet (aliased f), in order of id. */
export async function selectAgents(database: Queryable, where: Sql, limit: number): Promise<readonly AgentRecord[]> {
  const { rows } = await database.query<AgentRow>(
    sql`select ${AGENT_COLUMNS} from muster.fleet f
      join muster.agent_leases t on t.agent_id = f.agent_id
      join muster.agents d on d.agent_id = f.agent_id
      left join muster.slots s on s.agent_id = f.agent_id
      left join muster.implementations i on i.name = s.implementation and i.hash = s.hash
      where ${where} order by f.agent_id limit ${limit}`,
  );
  return rows.map(toAgent);
}

/** Agents in the database; `changed` is told after each committed change, so that hosts hear of it early. */
export function createAgents(database: Database, changed: () => void): Agents {
  const one = async (id: AgentId): Promise<AgentRecord | undefined> => (await selectAgents(database, sql`f.agent_id = ${id}`, 1))[0];
  const after = async (id: AgentId, updated: { readonly count: number }): Promise<AgentRecord> => {
    if (updated.count > 0) changed();
    return requireRow(await one(id), `agent ${id}`);
  };
  return {
    get: one,

    list: (filter, page) =>
      selectAgents(
        database,
        sql`(${filter.state ?? null}::text is null or f.state = ${filter.state ?? null})
        and (${filter.status ?? null}::text is null or f.status = ${filter.status ?? null})
        and (${filter.type ?? null}::text is null or f.agent_type = ${filter.type ?? null})
        and (${filter.hostId ?? null}::uuid is null or f.host_id = ${filter.hostId ?? null}::uuid)
        and (${filter.search ?? null}::text is null or strpos(lower(f.agent_id || ' ' || f.agent_name), lower(${filter.search ?? null})) > 0)
        and f.agent_id > ${page.after ?? ''}`,
        page.limit,
      ),

    async create(agent) {
      const { count } = await database.query(insertAgents([agent]));
      if (count === 0) {
        throw new MusterError('CONFLICT', `an agent with the id "${agent.agentId}" exists already`, {
          remedy: 'Choose another agent_id, or change the existing agent.',
        });
      }
      changed();
      return requireRow(await one(agentId(agent.agentId)), `agent ${agent.agentId}`);
    },

    async ensure(agents) {
      if (agents.length === 0) return;
      const { count } = await database.query(insertAgents(agents));
      if (count > 0) changed();
    },

    async setState(id, state) {
      return asked(
        state,
        await after(id, await database.query(sql`update muster.agents set state = ${state} where agent_id = ${id} and state <> ${state}`)),
      );
    },

    async setConfig(id, config) {
      return after(
        id,
        await database.query(sql`update muster.agents set config = ${JSON.stringify(config)}::jsonb where agent_id = ${id}`),
      );
    },

    async update(id, change, options) {
      const state = change.state ?? null;
      const updated = await database.query(sql`update muster.agents set
          state = coalesce(${state}, state), agent_name = coalesce(${change.name ?? null}, agent_name),
          config = coalesce(${jsonOrNull(change.config)}::jsonb, config), metadata = ${changedMetadata(change)}
        where agent_id = ${id}
          and (${options?.updatedAt ?? null}::float8 is null or (extract(epoch from updated_at) * 1000)::float8 = ${options?.updatedAt ?? null}::float8)`);
      const agent = await after(id, updated);
      if (updated.count === 0) throw new MusterError('PRECONDITION_FAILED', `agent ${id} has changed since you read it`);
      return asked(change.state, agent);
    },

    async remove(id) {
      const { count } = await database.query(sql`delete from muster.agents where agent_id = ${id}`);
      if (count > 0) changed();
      return count > 0;
    },

    async count() {
      const { rows } = await database.query<{ state: AgentState; status: AgentStatus; count: number }>(
        sql`select state, status, count(*)::int as count from muster.fleet group by state, status order by state, status`,
      );
      return rows;
    },
  };
}

function insertAgents(agents: readonly NewAgent[]): Sql {
  const rows = agents.map((a) => ({
    agent_id: a.agentId,
    agent_name: a.name,
    agent_type: a.type,
    state: a.state ?? 'active',
    config: a.config ?? {},
    metadata: a.metadata ?? {},
  }));
  return sql`insert into muster.agents (agent_id, agent_name, agent_type, state, config, metadata)
    select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as r (agent_id text, agent_name text, agent_type text, state text, config jsonb, metadata jsonb)
    -- The conflict alone would wait for whoever is changing such an agent.
    where not exists (select from muster.agents a where a.agent_id = r.agent_id)
    on conflict (agent_id) do nothing`;
}

/** A slot whose implementation is not registered does not become active, whatever is asked. */
function asked(state: AgentState | undefined, agent: AgentRecord): AgentRecord {
  if (state === undefined || state === 'inactive' || agent.state !== 'inactive' || agent.type !== 'slot') return agent;
  throw new MusterError('CONFLICT', `slot ${agent.agentId} stays inactive: ${agent.reason ?? 'it was deactivated meanwhile'}`, {
    remedy: `Activate it with an implementation: muster agents activate ${agent.agentId} --implementation ./my-agent.ts`,
  });
}

function changedMetadata({ metadata, placement }: AgentChange): Sql {
  const whole = sql`coalesce(${jsonOrNull(metadata)}::jsonb, metadata)`;
  return placement === undefined ? whole : sql`${whole} - 'placement' || ${JSON.stringify(placement === null ? {} : { placement })}::jsonb`;
}

const jsonOrNull = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
