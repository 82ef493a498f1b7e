/**
 * The database as the fleet sees it: what the statements of src/state and the functions of the core migration do, without SQL.
 * Hosts, agents and commands are numbers; times are milliseconds of the database's clock. Written after the SQL by hand, one
 * statement at a time: what two of them do to each other inside PostgreSQL is for the tests on the real server.
 */
export interface HostRow {
  status: 'live' | 'lost' | 'stopped';
  readonly capacity: number;
  lastBeat: number;
  expires: number;
  /** Fenced transactions that hold the row FOR KEY SHARE. */
  readonly open: Set<OpenWrite>;
}

export interface AgentRow {
  state: 'active' | 'inactive' | 'paused';
  holder: number | undefined;
  epoch: number;
  /** Changes with every update of the desired row, as xmin does. */
  version: number;
}

export interface CommandRow {
  readonly agent: number;
  readonly name: string;
  state: 'pending' | 'running' | 'done' | 'failed' | 'expired';
  host: number | undefined;
  epoch: number | undefined;
  readonly expires: number;
}

/** A fenced transaction between its proof and its commit. */
export interface OpenWrite {
  readonly host: number;
  readonly agent: number;
  readonly epoch: number;
  readonly since: number;
}

export interface ModelSurvey {
  readonly digest: string;
  readonly active: number;
  readonly claimable: number;
  readonly commands: boolean;
  /** Agents have a holder that is no more. */
  readonly adrift: boolean;
  readonly hosts: readonly { readonly hostId: number; readonly capacity: number; readonly agents: number; readonly overdue: boolean }[];
}

/** What may be left out of the model, to see that the simulation notices. */
export interface Flaws {
  /** Writes are accepted without proof. */
  readonly unfenced?: boolean;
  /** No time of grace after a silence of the fleet. */
  readonly noGrace?: boolean;
  /** Leases of silence after which grace is given; as createHosts has it by default. */
  readonly silenceLeases?: number;
  /** Who is overdue is asked in one statement, and the taking is another. */
  readonly twoStepExpiry?: boolean;
  /** A survey does not call a host overdue whose beat lies in the future. */
  readonly futureBeatsUnseen?: boolean;
  /** A beat is taken for one from the future as early as the fleet's clock is. */
  readonly hastyFuture?: boolean;
  /** An agent that was deactivated before its host heard that it has it stays with the host. */
  readonly unwantedKept?: boolean;
  /** The digest of what a host holds is a bare sum of row versions. */
  readonly digestSums?: boolean;
  /** Commands that a host was given without hearing of it are not given to it again. */
  readonly commandsGivenOnce?: boolean;
  /** Epochs of an agent that is made anew begin again. */
  readonly epochsBeginAgain?: boolean;
  /** What a host leaves behind whose end somebody's lock outlived is not looked for. */
  readonly adriftUnseen?: boolean;
}

const hash = (value: number, seed: number): number => Math.imul(value + 0x9e37, 0x85ebca6b ^ Math.imul(seed + 1, 0xc2b2ae35)) >>> 0;

/** A statement that waits for a lock. */
export const BLOCKED = Symbol('blocked');

const BACK_MS = 1_000;
/** A beat so far ahead means that the clock went back. Beats are at most a tick ahead of the fleet's clock, which is looked at with {@link BACK_MS}. */
const FUTURE_MS = 2_500;
/** muster.fence ends a transaction that sits idle this long. */
export const IDLE_IN_TRANSACTION_MS = 4_000;

export class StoreModel {
  /** The database's clock, which may jump. */
  now = 0;
  /** The server's monotonic clock. */
  uptime = 0;
  readonly hosts: HostRow[] = [];
  readonly agents: (AgentRow | undefined)[] = [];
  readonly commands: CommandRow[] = [];
  /** Agents whose lease rows a person's open transaction keeps locked. */
  readonly locked = new Set<number>();
  lastTick = 0;
  graceUntil = Number.NEGATIVE_INFINITY;
  readonly #leaseMs: number;
  readonly #silenceMs: number;
  readonly #flaws: Flaws;
  readonly #futureMs: number;
  #versions = 0;
  /** The highest epoch of any agent that was deleted. */
  #epochsGone = 0;

  constructor(leaseMs: number, silenceLeases: number, flaws: Flaws = {}) {
    this.#leaseMs = leaseMs;
    this.#silenceMs = leaseMs * (flaws.silenceLeases ?? silenceLeases);
    this.#flaws = flaws;
    this.#futureMs = flaws.hastyFuture ? BACK_MS : FUTURE_MS;
  }

  join(capacity: number): number {
    this.hosts.push({ status: 'live', capacity, lastBeat: this.now, expires: this.now + this.#leaseMs, open: new Set() });
    return this.hosts.length - 1;
  }

  beat(
    host: number,
    beats: readonly { readonly agent: number; readonly epoch: number }[],
  ): { held: boolean; lost: readonly number[]; untold: readonly number[] } {
    const row = this.hosts[host];
    const held = beats.filter((beat) => this.#holds(host, beat));
    const lost = beats.filter((beat) => !held.includes(beat)).map((beat) => beat.agent);
    if (row?.status !== 'live') return { held: false, lost, untold: held.map((beat) => beat.agent) };
    row.expires = this.now + this.#leaseMs;
    row.lastBeat = this.now;
    const gap = this.now - this.lastTick;
    if (gap < 0 || gap > Math.min(1_000, this.#silenceMs / 4)) {
      if (gap < -BACK_MS || gap > this.#silenceMs) this.graceUntil = this.now + this.#leaseMs;
      else this.graceUntil = Math.min(this.graceUntil, this.now + this.#leaseMs);
      this.lastTick = this.now;
    }
    return { held: true, lost, untold: held.map((beat) => beat.agent).filter((agent) => this.locked.has(agent)) };
  }

  survey(host: number): ModelSurvey {
    const counts = new Map<number, number>();
    let active = 0;
    let claimable = 0;
    let held = 0;
    let digest = 0;
    for (let id = 0; id < this.agents.length; id += 1) {
      const agent = this.agents[id];
      if (agent === undefined) continue;
      if (agent.state === 'active') active += 1;
      if (agent.holder === undefined) {
        if (agent.state === 'active') claimable += 1;
      } else {
        counts.set(agent.holder, (counts.get(agent.holder) ?? 0) + 1);
        if (agent.holder === host) {
          held += 1;
          digest += this.#flaws.digestSums ? agent.version : hash(hash(id, agent.epoch), agent.version);
        }
      }
    }
    const hosts: { hostId: number; capacity: number; agents: number; overdue: boolean }[] = [];
    for (let id = 0; id < this.hosts.length; id += 1) {
      const row = this.hosts[id];
      if (row?.status !== 'live') continue;
      const overdue = row.expires < this.now || (!this.#flaws.futureBeatsUnseen && row.lastBeat > this.now + this.#futureMs);
      hosts.push({ hostId: id, capacity: row.capacity, agents: counts.get(id) ?? 0, overdue });
    }
    const commands = this.commands.some((c) => this.#forHost(c, host));
    const adrift = !this.#flaws.adriftUnseen && this.agents.some((agent) => this.#isAdrift(agent));
    return { digest: `${held}:${digest}`, active, claimable, commands, adrift, hosts };
  }

  /** A command that waits for an agent of this host, or that the host was given and has not finished. */
  #forHost(command: CommandRow, host: number): boolean {
    const agent = this.agents[command.agent];
    if (agent?.holder !== host) return false;
    if (command.state === 'pending') return true;
    return !this.#flaws.commandsGivenOnce && command.state === 'running' && command.host === host && command.epoch === agent.epoch;
  }

  /** Agents that this host holds. */
  held(host: number): number[] {
    const held: number[] = [];
    for (let id = 0; id < this.agents.length; id += 1) if (this.agents[id]?.holder === host) held.push(id);
    return held;
  }

  claim(host: number, limit: number): number[] {
    const claimed: number[] = [];
    if (!this.#mayWrite(host)) return claimed;
    for (let id = 0; id < this.agents.length && claimed.length < limit; id += 1) {
      const agent = this.agents[id];
      if (agent?.state !== 'active' || agent.holder !== undefined || this.locked.has(id)) continue;
      agent.holder = host;
      agent.epoch += 1;
      claimed.push(id);
    }
    return claimed;
  }

  /** Waits for the fenced writes under way. Tells which are still the host's, because their rows are locked. */
  release(host: number, agents: readonly { readonly agent: number; readonly epoch: number }[]): typeof BLOCKED | readonly number[] {
    const held = agents.filter((each) => this.#holds(host, each)).map((each) => each.agent);
    // Where there is nothing to give back the host's row need not be locked.
    if (held.length === 0) return [];
    if (this.#isShared(host)) return BLOCKED;
    for (const agent of held) this.#free(agent);
    return held.filter((agent) => this.locked.has(agent));
  }

  leave(host: number): typeof BLOCKED | undefined {
    if (this.#isShared(host)) return BLOCKED;
    const row = this.hosts[host];
    if (row?.status === 'live') row.status = 'stopped';
    for (const agent of this.held(host)) this.#free(agent);
    return undefined;
  }

  overdue(): number[] {
    const gap = this.now - this.lastTick;
    if (!this.#flaws.noGrace && (this.now <= this.graceUntil || gap < -BACK_MS || gap > this.#silenceMs)) return [];
    const overdue: number[] = [];
    for (let id = 0; id < this.hosts.length; id += 1) if (this.#isOverdue(id)) overdue.push(id);
    return overdue;
  }

  /** Skips hosts whose row another transaction has locked, be it for a fenced write. */
  take(hosts: readonly number[], onlyOverdue: boolean): number[] {
    const taken = hosts.filter((id) => this.hosts[id]?.status === 'live' && (!onlyOverdue || this.#isOverdue(id)) && !this.#isShared(id));
    for (const id of taken) {
      const row = this.hosts[id];
      if (row !== undefined) row.status = 'lost';
      for (const agent of this.held(id)) this.#free(agent);
    }
    return taken;
  }

  expire(): number[] {
    const overdue = this.overdue();
    return overdue.length === 0 ? overdue : this.take(overdue, true);
  }

  /** Frees what could not be freed when its holder ended. */
  freeAdrift(): number {
    const adrift = [...this.agents.keys()].filter((id) => this.#isAdrift(this.agents[id]) && !this.locked.has(id));
    for (const agent of adrift) this.#free(agent);
    return adrift.length;
  }

  /** Begins a fenced transaction: undefined where it is refused. */
  fence(host: number, agent: number, epoch: number): OpenWrite | undefined {
    const proven = this.#flaws.unfenced === true || (this.#mayWrite(host) && this.#holds(host, { agent, epoch }));
    if (!proven) return undefined;
    const write = { host, agent, epoch, since: this.uptime };
    if (!this.#flaws.unfenced) this.hosts[host]?.open.add(write);
    return write;
  }

  /** Whether it was still open, and is committed. */
  commit(write: OpenWrite): boolean {
    if (this.#flaws.unfenced) return true;
    this.#endIdle(write.host);
    return this.hosts[write.host]?.open.delete(write) ?? false;
  }

  rollback(write: OpenWrite): void {
    this.hosts[write.host]?.open.delete(write);
  }

  /** What a crash of the server ends. */
  rollbackAll(): void {
    for (const host of this.hosts) host.open.clear();
  }

  submit(agent: number, name: string, ttlMs = 3_600_000): number {
    this.commands.push({ agent, name, state: 'pending', host: undefined, epoch: undefined, expires: this.now + ttlMs });
    return this.commands.length - 1;
  }

  /** Gives the host what waits for its agents, and what it was given before and does not know of. */
  claimCommands(host: number, known: ReadonlySet<number>): number[] {
    const claimed: number[] = [];
    if (!this.#mayWrite(host)) return claimed;
    for (let id = 0; id < this.commands.length; id += 1) {
      const command = this.commands[id];
      if (command === undefined || !this.#forHost(command, host)) continue;
      if (command.state === 'pending' ? command.expires <= this.now : known.has(id)) continue;
      command.state = 'running';
      command.host = host;
      command.epoch = this.agents[command.agent]?.epoch;
      claimed.push(id);
    }
    return claimed;
  }

  /** False: it is no longer this host's to finish, or the host's lease is not confirmed. */
  finishCommand(host: number, id: number, state: 'done' | 'failed' = 'done'): boolean {
    const command = this.commands[id];
    if (command?.state !== 'running' || command.host !== host || !this.#mayWrite(host)) return false;
    if (!this.#holds(host, { agent: command.agent, epoch: command.epoch ?? -1 })) return false;
    command.state = state;
    return true;
  }

  /** Expires commands that nobody took in time, and hands back those of hosts that lost the agent. */
  sweepCommands(): void {
    for (const command of this.commands) {
      const expired = command.expires < this.now;
      const adrift = command.state === 'running' && !this.#holds(command.host, { agent: command.agent, epoch: command.epoch ?? -1 });
      if (!adrift && !(command.state === 'pending' && expired)) continue;
      command.state = expired ? 'expired' : 'pending';
      command.host = undefined;
      command.epoch = undefined;
    }
  }

  addAgent(id: number): void {
    const epoch = this.#flaws.epochsBeginAgain ? 0 : this.#epochsGone;
    this.agents[id] ??= { state: 'active', holder: undefined, epoch, version: (this.#versions += 1) };
  }

  setState(id: number, state: AgentRow['state']): void {
    const agent = this.agents[id];
    if (agent === undefined || agent.state === state) return;
    agent.state = state;
    agent.version = this.#versions += 1;
  }

  removeAgent(id: number): void {
    this.#epochsGone = Math.max(this.#epochsGone, this.agents[id]?.epoch ?? 0);
    this.agents[id] = undefined;
    for (const [n, command] of this.commands.entries())
      if (command.agent === id) this.commands[n] = { ...command, agent: -1, state: 'expired' };
  }

  #holds(host: number | undefined, { agent, epoch }: { readonly agent: number; readonly epoch: number }): boolean {
    const row = this.agents[agent];
    return row !== undefined && host !== undefined && row.holder === host && row.epoch === epoch;
  }

  #mayWrite(host: number): boolean {
    const row = this.hosts[host];
    return row?.status === 'live' && row.expires > this.now;
  }

  #isOverdue(host: number): boolean {
    const row = this.hosts[host];
    return row?.status === 'live' && (row.expires < this.now || row.lastBeat > this.now + this.#futureMs);
  }

  #isShared(host: number): boolean {
    this.#endIdle(host);
    return (this.hosts[host]?.open.size ?? 0) > 0;
  }

  #endIdle(host: number): void {
    const open = this.hosts[host]?.open;
    if (open === undefined || open.size === 0) return;
    for (const write of open) if (this.uptime - write.since > IDLE_IN_TRANSACTION_MS) open.delete(write);
  }

  #isAdrift(agent: AgentRow | undefined): boolean {
    return agent?.holder !== undefined && this.hosts[agent.holder]?.status !== 'live';
  }

  /** Not waited for where its row is locked. */
  #free(id: number): void {
    const agent = this.agents[id];
    if (agent !== undefined && !this.locked.has(id)) agent.holder = undefined;
  }
}
