import { MusterError } from '../base/errors.ts';
import { agentId, epoch, type AgentId, type Epoch, type HostId } from '../base/ids.ts';
import type { Database } from '../db/database.ts';
import { raw, sql, type Sql } from '../db/sql.ts';
import type { Agents, AgentState } from './agents.ts';
import { CURSOR_PART, decodeCursor, encodeCursor, requireRow } from './rows.ts';

export type CommandState = 'pending' | 'running' | 'done' | 'failed' | 'expired';

export interface CommandRecord {
  readonly commandId: string;
  readonly agentId: AgentId;
  readonly command: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly state: CommandState;
  readonly requestedBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly result: unknown;
  readonly error: string | null;
}

export interface NewCommand {
  readonly agentId: AgentId;
  readonly command: string;
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly requestedBy: string;
  /** While a command with this key is open, a second one is the same command. */
  readonly dedupeKey?: string;
  readonly ttlMs?: number;
}

/** The durable inbox of each agent. */
export interface Commands {
  /**
   * start, stop, pause, resume and reconfigure (its payload is the configuration) set what is desired and are done at once; everything else waits for the host that holds
   * the agent. Throws NOT_FOUND where the agent does not exist, CONFLICT where it is inactive and nobody would hear.
   */
  submit(command: NewCommand): Promise<CommandRecord>;
  /** Sends a command to every active agent that a host holds, in one statement; returns to how many. */
  submitToHost(host: HostId, command: string, requestedBy: string): Promise<number>;
  /** Claims the pending commands of the agents this host holds, under their epochs. With `known`, also what it claimed before and does not know of: its answer was lost. */
  claim(host: HostId, limit: number, known?: readonly string[]): Promise<readonly (CommandRecord & { readonly epoch: Epoch })[]>;
  /** Refused with LEASE_LOST where the agent has moved on. */
  finish(host: HostId, commandId: string, outcome: { readonly result?: unknown; readonly error?: string }): Promise<void>;
  get(commandId: string): Promise<CommandRecord | undefined>;
  list(
    filter: { readonly agentId?: AgentId; readonly state?: CommandState },
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly items: readonly CommandRecord[]; readonly nextCursor: string | null }>;
  /** Expires what nobody claimed in time, and hands back what a lost host had claimed. */
  sweep(): Promise<number>;
}

/** Commands that only say what is desired: any host acts on the state they set. */
const DESIRES: Readonly<Record<string, AgentState>> = { start: 'active', stop: 'inactive', pause: 'paused', resume: 'active' };
const DEFAULT_TTL_MS = 3_600_000;

interface CommandRow {
  readonly command_id: string;
  readonly agent_id: string;
  readonly command: string;
  readonly payload: Record<string, unknown>;
  readonly state: CommandState;
  readonly requested_by: string;
  readonly created: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly result: unknown;
  readonly error: string | null;
  readonly epoch: number | null;
}

const COMMAND_COLUMNS = raw(`c.command_id, c.agent_id, c.command, c.payload, c.state, c.requested_by, c.created_at::text as created,
  (extract(epoch from c.created_at) * 1000)::float8 as created_at, (extract(epoch from c.expires_at) * 1000)::float8 as expires_at,
  (extract(epoch from c.started_at) * 1000)::float8 as started_at, (extract(epoch from c.finished_at) * 1000)::float8 as finished_at,
  c.result, c.error, c.epoch::float8 as epoch`);

const toCommand = (row: CommandRow): CommandRecord => ({
  commandId: row.command_id,
  agentId: agentId(row.agent_id),
  command: row.command,
  payload: row.payload,
  state: row.state,
  requestedBy: row.requested_by,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  startedAt: row.started_at,
  finishedAt: row.finished_at,
  result: row.result,
  error: row.error,
});

export function createCommands(database: Database, agents: Agents, submitted: () => void): Commands {
  const insert = async (command: NewCommand, done: { readonly result: unknown } | undefined): Promise<CommandRecord> => {
    const { rows } = await database.query<CommandRow>(insertCommand(command, done));
    // Nothing came back: an open command with this key is the same command.
    const row = rows[0] ?? (await database.one<CommandRow>(openCommand(command)));
    return toCommand(requireRow(row, `command ${command.command} of agent ${command.agentId}`));
  };

  return {
    async submitToHost(host, command, requestedBy) {
      const { count } = await database.query(sql`
        insert into muster.commands (agent_id, command, dedupe_key, requested_by)
        select l.agent_id, ${command}, ${command}, ${requestedBy}
        from muster.agent_leases l join muster.agents a using (agent_id)
        where l.host_id = ${host} and a.state = 'active'
        -- Whoever is about to delete one must not keep the others from hearing.
        for key share of a skip locked
        on conflict (agent_id, dedupe_key) where dedupe_key is not null and state in ('pending', 'running') do nothing`);
      if (count > 0) submitted();
      return count;
    },

    async submit(command) {
      const agent = requireRow(await agents.get(command.agentId), `agent ${command.agentId}`);
      const desired = DESIRES[command.command];
      if (desired !== undefined) {
        await agents.setState(command.agentId, desired);
        return insert(command, { result: { state: desired } });
      }
      if (command.command === 'reconfigure') {
        const config = command.payload ?? {};
        await agents.setConfig(command.agentId, config);
        return insert(command, { result: { config } });
      }
      if (agent.state === 'inactive') {
        throw new MusterError('CONFLICT', `agent ${command.agentId} is inactive: nobody would hear "${command.command}"`, {
          remedy: `Start it first: muster agents start ${command.agentId}`,
        });
      }
      const record = await insert(command, undefined);
      submitted();
      return record;
    },

    async claim(host, limit, known) {
      const { rows } = await database.query<CommandRow>(claimCommands(host, limit, known));
      return rows.map((row) => ({ ...toCommand(row), epoch: epoch(row.epoch ?? 0) }));
    },

    async finish(host, commandId, outcome) {
      // The holder and epoch under which it was claimed must still be the agent's: one statement, so that nothing comes between.
      const { count } = await database.query(sql`
        with me as materialized (
          select host_id from muster.hosts where host_id = ${host} and status = 'live' and expires_at > clock_timestamp() for key share
        ), free as materialized (
          -- One that is locked is refused and tried again: waiting for it with the host's row locked would hold up take-overs.
          select command_id from muster.commands where command_id = ${commandId} for no key update skip locked
        )
        update muster.commands c
        set state = ${outcome.error === undefined ? 'done' : 'failed'}, finished_at = clock_timestamp(),
          result = ${outcome.result === undefined ? null : JSON.stringify(outcome.result)}::jsonb, error = ${outcome.error ?? null}
        from me, free, muster.agent_leases l
        where c.command_id = free.command_id and c.state = 'running' and c.host_id = me.host_id
          and l.agent_id = c.agent_id and l.host_id = me.host_id and l.epoch = c.epoch`);
      if (count === 0) throw new MusterError('LEASE_LOST', `command ${commandId} is no longer this host's to finish`);
      submitted();
    },

    async get(commandId) {
      const row = await database.one<CommandRow>(
        sql`select ${COMMAND_COLUMNS} from muster.commands c where c.command_id = ${commandId}::uuid`,
      );
      return row === undefined ? undefined : toCommand(row);
    },

    async list(filter, page) {
      const [before, beforeId] =
        page.cursor === undefined ? [null, null] : decodeCursor(page.cursor, [CURSOR_PART.timestamp, CURSOR_PART.uuid]);
      const { rows } = await database.query<CommandRow>(sql`
        select ${COMMAND_COLUMNS} from muster.commands c
        where (${filter.agentId ?? null}::text is null or c.agent_id = ${filter.agentId ?? null})
          and (${filter.state ?? null}::text is null or c.state = ${filter.state ?? null})
          and (${before}::text is null or (c.created_at, c.command_id) < (${before}::timestamptz, ${beforeId}::uuid))
        order by c.created_at desc, c.command_id desc
        limit ${page.limit}`);
      const last = rows.length === page.limit ? rows.at(-1) : undefined;
      return { items: rows.map(toCommand), nextCursor: last === undefined ? null : encodeCursor([last.created, last.command_id]) };
    },

    async sweep() {
      const { count } = await database.query(sql`
        with due as materialized (
          select c.command_id from muster.commands c
          where (c.state = 'pending' and c.expires_at < clock_timestamp())
            -- Its host lost the agent while it ran: the next holder runs it again.
            or (c.state = 'running' and not exists (
              select from muster.agent_leases l where l.agent_id = c.agent_id and l.host_id = c.host_id and l.epoch = c.epoch))
          for no key update skip locked
        )
        update muster.commands c
        set state = case when c.expires_at < clock_timestamp() then 'expired' else 'pending' end,
          host_id = null, epoch = null, started_at = null,
          error = case when c.expires_at < clock_timestamp() then 'nobody carried it out in time' end,
          finished_at = case when c.expires_at < clock_timestamp() then clock_timestamp() end
        from due where c.command_id = due.command_id and c.state in ('pending', 'running')`);
      if (count > 0) submitted();
      return count;
    },
  };
}

function insertCommand(command: NewCommand, done: { readonly result: unknown } | undefined): Sql {
  return sql`
    insert into muster.commands as c (agent_id, command, payload, dedupe_key, requested_by, expires_at, state, finished_at, result)
    values (${command.agentId}, ${command.command}, ${JSON.stringify(command.payload ?? {})}::jsonb, ${command.dedupeKey ?? null}, ${command.requestedBy},
      clock_timestamp() + ${command.ttlMs ?? DEFAULT_TTL_MS}::float8 * interval '1 millisecond', ${done === undefined ? 'pending' : 'done'},
      case when ${done !== undefined} then clock_timestamp() end, ${done === undefined ? null : JSON.stringify(done.result)}::jsonb)
    on conflict (agent_id, dedupe_key) where dedupe_key is not null and state in ('pending', 'running') do nothing
    returning ${COMMAND_COLUMNS}`;
}

const openCommand = (command: NewCommand): Sql => sql`
  select ${COMMAND_COLUMNS} from muster.commands c
  where c.agent_id = ${command.agentId} and c.dedupe_key = ${command.dedupeKey ?? null} and c.state in ('pending', 'running')`;

const claimCommands = (host: HostId, limit: number, known: readonly string[] | undefined): Sql => sql`
  with me as materialized (
    select host_id from muster.hosts where host_id = ${host} and status = 'live' and expires_at > clock_timestamp() for key share
  )
  update muster.commands c
  set state = 'running', host_id = me.host_id, epoch = l.epoch, started_at = clock_timestamp()
  from me, muster.agent_leases l
  where l.agent_id = c.agent_id and l.host_id = me.host_id and c.state in ('pending', 'running') and c.command_id = any (array(
    select open.command_id
    from muster.commands open
    join muster.agent_leases held on held.agent_id = open.agent_id
    where held.host_id = ${host} and (
      (open.state = 'pending' and open.expires_at > clock_timestamp())
      or (open.state = 'running' and open.host_id = held.host_id and open.epoch = held.epoch
          and open.command_id <> all (${known ?? null}::uuid[])))
    order by open.created_at
    limit ${limit}
    for update of open skip locked
  ))
  returning ${COMMAND_COLUMNS}`;
