import pg from 'pg';
import { isMusterError } from '../../../src/base/errors.ts';
import { agentId, epoch, newHostId, type AgentId, type HostId } from '../../../src/base/ids.ts';
import { sql } from '../../../src/db/sql.ts';
import { createSharedState } from '../../../src/state/create-shared-state.ts';
import { fenced } from '../../../src/state/fence.ts';
import type { AgentBeat } from '../../../src/state/hosts.ts';
import type { SharedState } from '../../../src/state/shared-state.ts';
import { surveyFleet, type Survey } from '../../../src/state/survey.ts';
import { BLOCKED } from '../../simulation/store-model.ts';
import { LEASE_MS } from '../../simulation/timing.ts';
import { testDatabase, type TestDatabase } from '../../support/database.ts';

/** Less than anything that is worth waiting for: what waits in the model must not get through here. */
const LOCK_TIMEOUT_MS = 40;

export interface HeldEpoch {
  readonly agent: number;
  readonly epoch: number;
}

/** A fenced transaction that is open on the server. */
export interface RealWrite {
  commit(): Promise<void>;
}

/** What the tables say, with hosts, agents and commands as numbers and times as distances from now. */
export interface Tables {
  readonly hosts: readonly { readonly status: string; readonly lastBeat: number; readonly expires: number }[];
  readonly agents: readonly ({ readonly state: string; readonly holder: number | null; readonly epoch: number } | null)[];
  readonly commands: readonly ({ readonly state: string; readonly host: number | null; readonly epoch: number | null } | null)[];
  readonly lastTick: number;
  readonly grace: number;
}

/** The real server behind the words of the model. Time passes here by moving everything that is stored into the past. */
export class RealStore implements AsyncDisposable {
  readonly #test: TestDatabase;
  readonly #state: SharedState;
  readonly #hosts: HostId[] = [];
  readonly #commands: string[] = [];
  readonly #open = new Set<RealWrite & { abandon(): Promise<void> }>();
  readonly #locks = new Map<number, pg.Client>();
  #nowAt: string | undefined;

  private constructor(test: TestDatabase) {
    this.#test = test;
    this.#state = createSharedState(test.database, { leaseMs: LEASE_MS });
  }

  static async open(): Promise<RealStore> {
    return new RealStore(await testDatabase({ poolMax: 20, lockTimeoutMs: LOCK_TIMEOUT_MS }));
  }

  /** As new. */
  async reset(): Promise<void> {
    await this.#endAll();
    this.#hosts.length = 0;
    this.#commands.length = 0;
    await this.#test.database.query(sql`delete from muster.agents`);
    await this.#test.database.query(sql`delete from muster.hosts`);
    await this.#test.database.query(sql`select setval('muster.epochs_gone', 0, false)`);
    await this.#test.database.query(sql`update muster.fleet_clock set last_tick_at = clock_timestamp(), grace_until = '-infinity'`);
    this.#nowAt = undefined;
    await this.pass(0);
  }

  /** Makes it `ms` later than at the last call, however long that was ago really. Negative: the clock goes back. */
  async pass(ms: number): Promise<void> {
    const row = await this.#test.database.one<{ now: string }>(sql`
      with moved as materialized (
        select now, now - coalesce(${this.#nowAt ?? null}::timestamptz, now) - ${ms}::float8 * interval '1 millisecond' as by
        from (select clock_timestamp() as now) as present
      ), hosts as (
        update muster.hosts set last_beat_at = last_beat_at + by, expires_at = expires_at + by from moved
      ), clock as (
        update muster.fleet_clock set last_tick_at = last_tick_at + by, grace_until = grace_until + by from moved
      ), commands as (
        update muster.commands set expires_at = expires_at + by from moved
      )
      select now::text from moved`);
    this.#nowAt = row?.now;
  }

  async join(): Promise<void> {
    const host = newHostId();
    await this.#state.hosts.join({
      hostId: host,
      hostname: 'model',
      pid: 1,
      processKey: null,
      version: '0.0.0',
      labels: {},
      capacity: 4,
      leaseMs: LEASE_MS,
    });
    this.#hosts.push(host);
  }

  async beat(host: number, beats: readonly HeldEpoch[]): Promise<{ held: boolean; lost: readonly number[]; untold: readonly number[] }> {
    const { held, lost, untold } = await this.#state.hosts.beat(this.#host(host), LEASE_MS, {}, beats.map(beatOf));
    return { held, lost: lost.map(numberOf), untold: untold.map(numberOf) };
  }

  async claim(host: number, limit: number): Promise<readonly HeldEpoch[]> {
    return (await this.#state.hosts.claim(this.#host(host), ['probe'], limit)).map((claimed) => ({
      agent: numberOf(claimed.agent.agentId),
      epoch: claimed.epoch,
    }));
  }

  async held(host: number): Promise<readonly HeldEpoch[]> {
    return (await this.#state.hosts.held(this.#host(host))).map((agent) => ({ agent: numberOf(agent.agentId), epoch: agent.epoch }));
  }

  release(host: number, agents: readonly HeldEpoch[]): Promise<readonly number[] | typeof BLOCKED> {
    return orBlocked(async () => (await this.#state.hosts.release(this.#host(host), agents.map(beatOf))).map(numberOf));
  }

  leave(host: number): Promise<undefined | typeof BLOCKED> {
    return orBlocked(async () => {
      await this.#state.hosts.leave(this.#host(host));
      return undefined;
    });
  }

  async expire(): Promise<readonly number[]> {
    return (await this.#state.hosts.expire()).map((host) => this.#hosts.indexOf(host));
  }

  async certify(host: number): Promise<readonly number[]> {
    return (await this.#state.hosts.certifyDead([this.#host(host)])).map((taken) => this.#hosts.indexOf(taken));
  }

  freeAdrift(): Promise<number> {
    return this.#state.hosts.freeAdrift();
  }

  async survey(host: number): Promise<Omit<Survey, 'hosts'> & { readonly hosts: readonly (Survey['hosts'][number] & { n: number })[] }> {
    const survey = await surveyFleet(this.#test.database, this.#host(host), ['probe'], { count: true });
    return { ...survey, hosts: survey.hosts.map((each) => ({ ...each, n: this.#hosts.indexOf(each.hostId) })) };
  }

  /** Undefined where the fence refuses it. */
  async fence(host: number, of: HeldEpoch): Promise<RealWrite | undefined> {
    const hostId = this.#host(host);
    let end: (commit: boolean) => void = () => undefined;
    const ending = new Promise<boolean>((resolve) => (end = resolve));
    let enter: () => void = () => undefined;
    const entered = new Promise<true>((resolve) => (enter = () => resolve(true)));
    const done = fenced(this.#test.database, hostId, [{ hostId, agentId: idOf(of.agent), epoch: epoch(of.epoch) }], async () => {
      enter();
      if (!(await ending)) throw new Error('abandoned');
    });
    const accepted = await Promise.race([entered, done.then(() => false)]).catch((error: unknown) => {
      if (isMusterError(error, 'LEASE_LOST')) return false;
      throw error;
    });
    if (!accepted) return undefined;
    const write = {
      commit: async (): Promise<void> => {
        this.#open.delete(write);
        end(true);
        await done;
      },
      abandon: async (): Promise<void> => {
        end(false);
        await done.catch(() => undefined);
      },
    };
    this.#open.add(write);
    return write;
  }

  async submit(agent: number, ttlMs: number): Promise<void> {
    const command = await this.#state.commands.submit({ agentId: idOf(agent), command: 'probe', requestedBy: 'model', ttlMs });
    this.#commands.push(command.commandId);
  }

  async claimCommands(host: number, known: readonly number[]): Promise<readonly number[]> {
    const ids = known.map((n) => this.#commands[n] ?? '');
    return (await this.#state.commands.claim(this.#host(host), 100, ids)).map((command) => this.#commands.indexOf(command.commandId));
  }

  /** Whether it was this host's to finish. */
  async finishCommand(host: number, n: number): Promise<boolean> {
    try {
      await this.#state.commands.finish(this.#host(host), this.#commands[n] ?? '', { result: null });
      return true;
    } catch (error) {
      if (isMusterError(error, 'LEASE_LOST')) return false;
      throw error;
    }
  }

  async sweepCommands(): Promise<void> {
    await this.#state.commands.sweep();
  }

  async addAgent(agent: number): Promise<void> {
    await this.#state.agents.ensure([{ agentId: idOf(agent), name: 'Probe', type: 'probe' }]);
  }

  async setState(agent: number, state: 'active' | 'inactive' | 'paused'): Promise<void> {
    await this.#state.agents.setState(idOf(agent), state);
  }

  removeAgent(agent: number): Promise<undefined | typeof BLOCKED> {
    return orBlocked(async () => {
      await this.#state.agents.remove(idOf(agent));
      return undefined;
    });
  }

  /** A person's open transaction. */
  async lock(agent: number): Promise<void> {
    const client = new pg.Client({ connectionString: this.#test.url });
    await client.connect();
    this.#locks.set(agent, client);
    await client.query('begin');
    await client.query('select from muster.agent_leases where agent_id = $1 for update', [idOf(agent)]);
  }

  async unlock(agent: number): Promise<void> {
    const client = this.#locks.get(agent);
    this.#locks.delete(agent);
    await client?.query('rollback');
    await client?.end();
  }

  async tables(): Promise<Tables> {
    const row = await this.#test.database.one<{
      hosts: { host_id: HostId; status: string; last_beat: number; expires: number }[] | null;
      agents: { agent_id: AgentId; state: string; host_id: HostId | null; epoch: number }[] | null;
      commands: { command_id: string; state: string; host_id: HostId | null; epoch: number | null }[] | null;
      last_tick: number;
      grace: number;
    }>(sql`
      with present as materialized (select clock_timestamp() as now), h as (
        select host_id, status, extract(epoch from last_beat_at - now) * 1000 as last_beat, extract(epoch from expires_at - now) * 1000 as expires
        from muster.hosts, present
      ), a as (select agent_id, state, host_id, epoch from muster.agents join muster.agent_leases using (agent_id)),
      c as (select command_id, state, host_id, epoch from muster.commands)
      select (select json_agg(h) from h) as hosts, (select json_agg(a) from a) as agents, (select json_agg(c) from c) as commands,
        (extract(epoch from last_tick_at - now) * 1000)::float8 as last_tick,
        (case when grace_until = '-infinity' then '-infinity' else extract(epoch from grace_until - now) * 1000 end)::float8 as grace
      from muster.fleet_clock, present`);
    if (row === undefined) throw new Error('the fleet has no clock');
    const numberOfHost = (host: HostId | null): number | null => (host === null ? null : this.#hosts.indexOf(host));
    const agents: (Tables['agents'][number] | undefined)[] = [];
    for (const agent of row.agents ?? [])
      agents[numberOf(agent.agent_id)] = { state: agent.state, holder: numberOfHost(agent.host_id), epoch: agent.epoch };
    const commands = new Map((row.commands ?? []).map((command) => [command.command_id, command]));
    const hosts = new Map((row.hosts ?? []).map((host) => [host.host_id, host]));
    return {
      hosts: this.#hosts.map((id) => {
        const host = hosts.get(id);
        return { status: host?.status ?? 'gone', lastBeat: host?.last_beat ?? Number.NaN, expires: host?.expires ?? Number.NaN };
      }),
      agents: Array.from(agents, (agent) => agent ?? null),
      commands: this.#commands.map((id) => {
        const command = commands.get(id);
        return command === undefined ? null : { state: command.state, host: numberOfHost(command.host_id), epoch: command.epoch };
      }),
      lastTick: row.last_tick,
      grace: row.grace,
    };
  }

  #host(n: number): HostId {
    const host = this.#hosts[n];
    if (host === undefined) throw new Error(`there is no host ${n}`);
    return host;
  }

  async #endAll(): Promise<void> {
    await Promise.all([...this.#open].map((write) => write.abandon()));
    this.#open.clear();
    for (const agent of this.#locks.keys()) await this.unlock(agent);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endAll();
    await this.#test[Symbol.asyncDispose]();
  }
}

const idOf = (agent: number): AgentId => agentId(`probe_${agent}`);
const numberOf = (id: AgentId): number => Number(id.slice('probe_'.length));

const beatOf = (of: HeldEpoch): AgentBeat => ({
  agentId: idOf(of.agent),
  epoch: epoch(of.epoch),
  status: 'running',
  healthScore: 100,
  errorCount: 0,
  runCount: 1,
  lastError: null,
  reason: null,
});

async function orBlocked<T>(work: () => Promise<T>): Promise<T | typeof BLOCKED> {
  try {
    return await work();
  } catch (error) {
    if (isMusterError(error) && error.data['sqlState'] === '55P03') return BLOCKED;
    throw error;
  }
}
