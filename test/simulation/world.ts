import { SILENCE_LEASES } from '../../src/state/hosts.ts';
import { EventQueue } from './event-queue.ts';
import { HostProcess, type Held } from './process.ts';
import { BLOCKED, StoreModel, type AgentRow, type Flaws, type OpenWrite } from './store-model.ts';
import { BEAT_MS, LEASE_MS } from './timing.ts';

/** When an answer has not come a process gives up; a beat sooner than anything else, but one time serves here. */
const TIMEOUT_MS = 4_000;
const LOCK_TIMEOUT_MS = 10_000;
const LOCK_LOOK_MS = 100;
/** Who was well for so long must not be declared dead. */
const WELL_MS = LEASE_MS + 2 * BEAT_MS;
/** After the faults have ended everything is as it should be within so many beats. */
export const SETTLE_BEATS = 24;

export interface WorldFlaws extends Flaws {
  /** Hosts believe in their leases until they are told. */
  readonly noTrust?: boolean;
}

export interface WorldOptions {
  readonly hosts: number;
  readonly agents: number;
  /** Processes run on one machine and see who is gone. */
  readonly neighbours: boolean;
  readonly rates: readonly number[];
  readonly flaws?: WorldFlaws;
  /** Where what happens is told. */
  readonly story?: string[];
}

/** An invariant is broken. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

interface Ask {
  readonly from: HostProcess;
  readonly run: () => unknown;
  readonly answered: (value: never) => void;
  readonly failed: () => void;
  readonly sentAt: number;
  over: boolean;
  doubted: boolean;
  era: number;
}

/** A fleet, its database and its misfortunes, on a virtual time. Whatever breaks an invariant throws a {@link Violation}. */
export class World {
  now = 0;
  readonly store: StoreModel;
  readonly processes: HostProcess[] = [];
  readonly flaws: WorldFlaws;
  readonly #options: WorldOptions;
  readonly #queue = new EventQueue();
  readonly #story: string[] | undefined;
  #clockOffset = 1_000_000_000;
  #databaseUp = true;
  /** Counts the lives of the database server: connections of a former one are broken. */
  #era = 0;
  /** The process behind each host. */
  readonly #behind: HostProcess[] = [];
  /** Hosts that have not beaten since the clock jumped by less than what is recognised as a jump. */
  readonly #unsure = new Set<number>();
  readonly #databaseTroubles: number[] = [];
  /** The clock jumped, and no beat has noticed it yet. */
  #jumpedUnseen = false;
  readonly #rows = new WeakMap<OpenWrite, AgentRow | undefined>();
  readonly #accepted: number[] = [];
  /** As far as the epochs of former agents of the same name went: their holders hear with their next beat that they are gone. */
  readonly #former: number[] = [];
  writes = 0;
  takes = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.flaws = options.flaws ?? {};
    this.#story = options.story;
    this.store = new StoreModel(LEASE_MS, SILENCE_LEASES, this.flaws);
    this.#sync();
    this.store.lastTick = this.store.now;
    for (let id = 0; id < options.agents; id += 1) this.store.addAgent(id);
    for (let n = 0; n < options.hosts; n += 1) this.start(n);
  }

  tell(process: HostProcess, what: string, detail?: string | number): void {
    this.#story?.push(`${String(this.now).padStart(7)} process ${process.n} ${what}${detail === undefined ? '' : ` ${detail}`}`);
  }

  #tellAll(what: string): void {
    this.#story?.push(`${String(this.now).padStart(7)} ${what}`);
  }

  #sync(): void {
    this.store.now = this.now + this.#clockOffset;
    this.store.uptime = this.now;
  }

  /** Lets time pass, and happen what is due. */
  advance(ms: number): void {
    const until = this.now + ms;
    for (let event = this.#queue.next(until); event !== undefined; event = this.#queue.next(until)) {
      this.now = event.at;
      event.run();
    }
    this.now = until;
    this.#sync();
  }

  /** After `ms` in the process: later where it is frozen then, never where it has ended. */
  after(process: HostProcess, ms: number, run: () => void): void {
    this.#queue.add(this.now + ms, () => this.#inside(process, run));
  }

  #inside(process: HostProcess, run: () => void): void {
    if (!process.alive) return;
    if (process.frozen) process.deferred.push(run);
    else run();
  }

  /** A question to the database, and one of: its answer, or that there is none, which leaves open whether it was carried out. */
  ask<T>(from: HostProcess, run: () => T | typeof BLOCKED, answered: (value: T) => void, failed: () => void): void {
    const ask: Ask = {
      from,
      run,
      answered,
      failed,
      sentAt: this.now,
      over: false,
      doubted: false,
      era: this.#era,
    };
    this.#queue.add(this.now + from.latencyMs, () => this.#arrive(ask));
  }

  #fail(ask: Ask): void {
    if (ask.over) return;
    ask.over = true;
    ask.failed();
  }

  /** Nothing comes back for now: the process gives up when its patience ends. */
  #doubt(ask: Ask): void {
    if (ask.doubted) return;
    ask.doubted = true;
    this.after(ask.from, Math.max(0, ask.sentAt + TIMEOUT_MS - this.now), () => this.#fail(ask));
  }

  #refuse(ask: Ask): void {
    this.after(ask.from, ask.from.latencyMs, () => this.#fail(ask));
  }

  #arrive(ask: Ask): void {
    const { from } = ask;
    if (from.link === 'cut') {
      from.held.push(() => this.#arrive(ask));
      return this.#doubt(ask);
    }
    if (!this.#databaseUp || ask.era !== this.#era) return this.#refuse(ask);
    this.#carryOut(ask, this.now);
  }

  #carryOut(ask: Ask, arrivedAt: number): void {
    if (ask.era !== this.#era) return this.#refuse(ask);
    this.#sync();
    const value = ask.run();
    if (value === BLOCKED) {
      if (this.now - arrivedAt > LOCK_TIMEOUT_MS) this.#refuse(ask);
      else this.#queue.add(this.now + LOCK_LOOK_MS, () => this.#carryOut(ask, arrivedAt));
      return;
    }
    if (ask.from.loseAnswers > 0) {
      ask.from.loseAnswers -= 1;
      return this.#doubt(ask);
    }
    this.#queue.add(this.now + ask.from.latencyMs, () => this.#deliver(ask, value));
  }

  #deliver(ask: Ask, value: unknown): void {
    const { from } = ask;
    if (from.link === 'cut') {
      from.held.push(() => this.#deliver(ask, value));
      return this.#doubt(ask);
    }
    if (ask.era !== this.#era) return this.#inside(from, () => this.#fail(ask));
    this.#inside(from, () => {
      if (ask.over) return;
      ask.over = true;
      ask.answered(value as never);
    });
  }

  // What the database is asked, with the eyes of the invariants on it.

  beat(host: number, beats: readonly { readonly agent: number; readonly epoch: number }[]): ReturnType<StoreModel['beat']> {
    const answer = this.store.beat(host, beats);
    if (answer.held) {
      this.#unsure.delete(host);
      this.#jumpedUnseen = false;
    }
    return answer;
  }

  isGone(host: number): boolean {
    return this.#options.neighbours && this.#behind[host]?.alive === false;
  }

  certify(hosts: readonly number[]): readonly number[] {
    return this.#taken(this.store.take(hosts, false));
  }

  expire(from: HostProcess, answered: (taken: readonly number[]) => void, failed: () => void): void {
    if (!this.flaws.twoStepExpiry) return this.ask(from, () => this.#taken(this.store.expire()), answered, failed);
    this.ask(
      from,
      () => this.store.overdue(),
      (overdue) => this.ask(from, () => this.#taken(this.store.take(overdue, true)), answered, failed),
      failed,
    );
  }

  #taken(hosts: readonly number[]): readonly number[] {
    for (const host of hosts) {
      this.takes += 1;
      this.#tellAll(`host ${host} is declared lost`);
      const process = this.#behind[host];
      if (process === undefined || !process.alive || process.host !== host) continue;
      if (process.trusted && !process.suspended && !this.#unsure.has(host)) {
        throw new Violation(`host ${host} was declared lost while it believed in its lease`);
      }
      if (this.#isWell(process)) throw new Violation(`host ${host} was declared lost, and nothing was wrong with it`);
    }
    return hosts;
  }

  #isWell(process: HostProcess): boolean {
    if (process.frozen || process.draining || process.link === 'cut') return false;
    const since = this.now - WELL_MS;
    return process.troubledAt < since && this.#databaseTroubles.filter((at) => at > since).length <= 1;
  }

  held(host: number): readonly Held[] {
    return this.#rowsOf(this.store.held(host));
  }

  #rowsOf(agents: readonly number[]): readonly Held[] {
    return agents.flatMap((agent) => {
      const row = this.store.agents[agent];
      return row === undefined ? [] : [{ agent, epoch: row.epoch, state: row.state }];
    });
  }

  claim(host: number, limit: number): readonly Held[] {
    const claimed = this.#rowsOf(this.store.claim(host, limit));
    for (const { agent } of claimed) {
      this.#tellAll(`host ${host} claims agent ${agent}`);
      for (const process of this.processes) {
        if (process.host === host || !process.alive || !process.trusted || process.suspended || this.#unsure.has(process.host)) continue;
        const entry = process.roster.get(agent);
        if (entry !== undefined && !entry.leaving && !this.#isFormer(agent, entry)) {
          throw new Violation(`host ${host} was given agent ${agent}, which host ${process.host} runs and believes to hold`);
        }
      }
    }
    return claimed;
  }

  fence(host: number, agent: number, epoch: number): OpenWrite | undefined {
    const write = this.store.fence(host, agent, epoch);
    if (write !== undefined) this.#rows.set(write, this.store.agents[agent]);
    return write;
  }

  commit(process: HostProcess, write: OpenWrite, membership: number): boolean {
    if (!this.store.commit(write)) return false;
    const { agent, epoch, host } = write;
    const row = this.store.agents[agent];
    // Deleting an agent does not wait for its writes.
    if (row === undefined || row !== this.#rows.get(write)) return true;
    this.writes += 1;
    this.tell(process, `of membership ${membership} commits for agent ${agent} at epoch`, epoch);
    if (row.epoch !== epoch || row.holder !== host) {
      throw new Violation(
        `a write of host ${host} for agent ${agent} at epoch ${epoch} was accepted; the holder is host ${row.holder} at epoch ${row.epoch}`,
      );
    }
    if (epoch < (this.#accepted[agent] ?? 0)) throw new Violation(`agent ${agent} went back to epoch ${epoch}`);
    this.#accepted[agent] = epoch;
    return true;
  }

  finishCommand(host: number, id: number): boolean {
    const before = this.store.commands[id]?.state;
    const finished = this.store.finishCommand(host, id);
    if (finished && before !== 'running') throw new Violation(`command ${id} was finished twice`);
    return finished;
  }

  /** The coordinator's wishes, in one fenced transaction. */
  submitMoves(host: number, epoch: number, moves: readonly { readonly host: number; readonly count: number }[]): void {
    const write = this.fence(host, 0, epoch);
    if (write === undefined) return;
    for (const move of moves) {
      const agents = this.store.held(move.host).filter((agent) => agent !== 0 && this.store.agents[agent]?.state === 'active');
      for (const agent of agents.slice(0, move.count)) {
        const open = this.store.commands.some(
          (c) => c.agent === agent && c.name === 'move' && (c.state === 'pending' || c.state === 'running'),
        );
        if (!open) this.store.submit(agent, 'move', 60_000);
      }
    }
    this.store.rollback(write);
  }

  // Misfortunes.

  start(n: number): void {
    const former = this.processes[n];
    if (former?.alive) return;
    const { agents, rates } = this.#options;
    const process = new HostProcess(this, n, agents, rates[n % rates.length] ?? 1);
    this.processes[n] = process;
    this.#trouble(process);
    this.#tellAll(`process ${n} starts`);
    process.join();
  }

  #trouble(process: HostProcess): void {
    process.troubledAt = this.now;
  }

  freeze(process: HostProcess): void {
    if (!process.alive || process.frozen) return;
    process.frozen = true;
    this.tell(process, 'freezes');
  }

  thaw(process: HostProcess): void {
    if (!process.alive || !process.frozen) return;
    process.frozen = false;
    this.#trouble(process);
    this.tell(process, 'goes on');
    const deferred = process.deferred;
    process.deferred = [];
    for (const run of deferred) this.#inside(process, run);
  }

  /** The whole machine sleeps: its monotonic clock stands still meanwhile. */
  suspend(process: HostProcess, ms: number): void {
    if (!process.alive || process.frozen) return;
    this.freeze(process);
    this.advance(ms);
    process.suspendedMs += ms;
    process.suspended = true;
    this.thaw(process);
  }

  crash(process: HostProcess): void {
    if (!process.alive) return;
    this.tell(process, 'is killed');
    process.end();
    // Its connections close, and the server ends what was open in them; not where the network is away too.
    if (process.link === 'cut') return;
    const row = this.store.hosts[process.host];
    if (row !== undefined) for (const write of row.open) this.store.rollback(write);
  }

  cut(process: HostProcess): void {
    if (process.link === 'cut') return;
    process.link = 'cut';
    this.tell(process, 'is cut off');
  }

  /** The network is back: what was under way arrives late, or, where the connections were forgotten, never. */
  heal(process: HostProcess, forgotten: boolean): void {
    if (process.link === 'up') return;
    process.link = 'up';
    this.#trouble(process);
    this.tell(process, forgotten ? 'is reached again, by new connections' : 'is reached again');
    const held = process.held;
    process.held = [];
    if (!forgotten) for (const pass of held) pass();
  }

  loseAnswers(process: HostProcess, count: number): void {
    process.loseAnswers = count;
    this.#trouble(process);
    this.tell(process, 'will not hear the next answers:', count);
  }

  slow(process: HostProcess, latencyMs: number): void {
    process.latencyMs = latencyMs;
    this.#trouble(process);
    this.tell(process, 'is slow to reach, ms:', latencyMs);
  }

  databaseDown(): void {
    if (!this.#databaseUp) return;
    this.#databaseUp = false;
    this.#era += 1;
    this.store.rollbackAll();
    this.store.locked.clear();
    this.#tellAll('the database goes away');
  }

  databaseUp(): void {
    if (this.#databaseUp) return;
    this.#databaseUp = true;
    this.#era += 1;
    this.#databaseTroubles.push(this.now);
    // An outage that the clock hides is two faults, not one: also where it jumped a moment before.
    if (this.#jumpedUnseen) this.#databaseTroubles.push(this.now);
    this.#jumpedUnseen = false;
    this.#tellAll('the database is back');
  }

  jump(ms: number): void {
    this.#clockOffset += ms;
    this.#sync();
    if (this.#databaseUp) this.#databaseTroubles.push(this.now);
    this.#jumpedUnseen = true;
    this.#tellAll(`the clock of the database jumps by ${ms}`);
    if (ms > 0 && ms <= LEASE_MS * SILENCE_LEASES) for (let host = 0; host < this.store.hosts.length; host += 1) this.#unsure.add(host);
  }

  /** A person has begun a transaction with the agent's row and gone for lunch. */
  hold(agent: number): void {
    this.#tellAll(`a transaction holds agent ${agent}`);
    this.store.locked.add(agent);
  }

  letGo(agent: number): void {
    if (this.store.locked.delete(agent)) this.#tellAll(`nothing holds agent ${agent} any more`);
  }

  /** An agent is deleted and made again under its name. */
  anew(agent: number): void {
    // Whoever deletes it waits.
    if (this.store.locked.has(agent)) return;
    this.#tellAll(`agent ${agent} is deleted and made anew`);
    this.#former[agent] = Math.max(this.#former[agent] ?? 0, this.store.agents[agent]?.epoch ?? 0);
    this.store.removeAgent(agent);
    this.store.addAgent(agent);
  }

  /** Deleting an agent waits for nobody: whoever ran it hears of it with the next beat. */
  #isFormer(agent: number, entry: { readonly epoch: number }): boolean {
    return entry.epoch <= (this.#former[agent] ?? 0);
  }

  /** Whether any two that may act run the same agent. */
  check(): void {
    for (let agent = 0; agent < this.store.agents.length; agent += 1) {
      let runner: HostProcess | undefined;
      for (const process of this.processes) {
        const entry = process.roster.get(agent);
        if (entry === undefined || entry.leaving || !process.alive || process.frozen || !process.trusted) continue;
        if (process.suspended || this.#unsure.has(process.host) || this.#isFormer(agent, entry)) continue;
        if (runner !== undefined) throw new Violation(`agent ${agent} runs on host ${runner.host} and on host ${process.host}`);
        runner = process;
      }
    }
  }

  /** Ends all faults, and waits until everything is as it should be. */
  settle(): void {
    this.databaseUp();
    this.store.locked.clear();
    for (const process of this.processes) {
      process.loseAnswers = 0;
      process.latencyMs = 5;
      this.heal(process, false);
      this.thaw(process);
      this.start(process.n);
    }
    let amiss: string | undefined;
    for (let beats = 0; beats < SETTLE_BEATS; beats += 2) {
      this.advance(2 * BEAT_MS);
      this.check();
      for (const process of this.processes) if (!process.alive) this.start(process.n);
      amiss = this.#amiss();
      if (amiss === undefined) return;
    }
    throw new Violation(`${SETTLE_BEATS} beats after the last fault ${amiss}`);
  }

  #amiss(): string | undefined {
    for (const [agent, row] of this.store.agents.entries()) {
      if (row === undefined) continue;
      const runners = this.processes.filter((p) => p.alive && p.trusted && p.roster.has(agent));
      if (row.state !== 'active') {
        if (row.holder !== undefined) return `agent ${agent} is inactive and still held`;
      } else if (runners.length !== 1) return `agent ${agent} runs ${runners.length} times`;
      else if (row.holder !== runners[0]?.host || row.epoch !== runners[0]?.roster.get(agent)?.epoch)
        return `agent ${agent} runs where it is not held`;
    }
    for (const [id, command] of this.store.commands.entries()) {
      if ((command.state === 'pending' || command.state === 'running') && this.store.agents[command.agent]?.state === 'active') {
        return `command ${id} is ${command.state}`;
      }
    }
    for (const [host, row] of this.store.hosts.entries()) {
      if (row.status === 'live' && !this.processes.some((p) => p.alive && p.host === host))
        return `host ${host} is live, and no process is behind it`;
    }
    return undefined;
  }

  joined(process: HostProcess, host: number): void {
    this.#behind[host] = process;
  }
}
