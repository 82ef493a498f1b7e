import { hostId, type HostId } from '../../src/base/ids.ts';
import { afterAnswer, afterStop, afterTime, mayAct, NO_LEASE, type LeaseBelief } from '../../src/fleet/lease-belief.ts';
import { claimLimit, planMoves, type PlacedHost } from '../../src/fleet/placement.ts';
import type { AgentRow, ModelSurvey, OpenWrite } from './store-model.ts';
import { BEAT_MS, LEASE_MS } from './timing.ts';
import type { World } from './world.ts';

export interface Entry {
  readonly epoch: number;
  leaving: boolean;
}

/** An agent as the database said it is held. */
export interface Held {
  readonly agent: number;
  readonly epoch: number;
  readonly state: AgentRow['state'];
}

const MOST_IN_FLIGHT = 2;
const MOST_LOOKS = 2;
const REJOIN_MS = 250;
const RETRY_MS = 1_000;
const LEAD_EVERY_POLLS = 3;
const SWEEP_EVERY_POLLS = 5;
const LOOKS_BEFORE_MOVES = 2;
/** The agent whose holder leads. */
export const COORDINATOR = 0;

/**
 * A process of Muster: what Membership, Roster and CommandInbox do, in their order, without promises, around the same pure
 * decisions. Every question to the database may be lost, answered late or never; between any two steps the process may freeze.
 */
export class HostProcess {
  readonly n: number;
  readonly world: World;
  readonly capacity: number;
  /** How fast its monotonic clock runs. */
  readonly rate: number;
  host = -1;
  alive = true;
  frozen = false;
  /** What would have happened while it was frozen. */
  deferred: (() => void)[] = [];
  /** Real time during which its monotonic clock stood still. */
  suspendedMs = 0;
  /** Its clock stood still since the last confirmed beat was sent: it may believe too long. */
  suspended = false;
  link: 'up' | 'cut' = 'up';
  held: (() => void)[] = [];
  latencyMs = 5;
  /** So many of the answers on their way to it are lost. */
  loseAnswers = 0;
  /** When something last went wrong with it: process, clock or network. */
  troubledAt = Number.NEGATIVE_INFINITY;
  belief: LeaseBelief = NO_LEASE;
  draining = false;
  readonly roster = new Map<number, Entry>();
  readonly known = new Set<number>();
  /** Counts the memberships: answers to a former one are nobody's. */
  membership = 0;
  #released = new Map<number, number>();
  #unreleased: { agent: number; epoch: number }[] = [];
  #inFlight = 0;
  #digest = '';
  #waited = 0;
  #polls = 0;
  #unbalanced = 0;

  constructor(world: World, n: number, capacity: number, rate: number) {
    this.world = world;
    this.n = n;
    this.capacity = capacity;
    this.rate = rate;
  }

  monotonic(): number {
    return (this.world.now - this.suspendedMs) * this.rate;
  }

  get trusted(): boolean {
    return this.world.flaws.noTrust
      ? this.belief.phase !== 'taken' && this.belief.phase !== 'over' && this.host >= 0
      : mayAct(this.belief, this.monotonic());
  }

  /** Begins a membership. */
  join(): void {
    const { world } = this;
    this.membership += 1;
    this.belief = NO_LEASE;
    this.host = -1;
    this.roster.clear();
    this.known.clear();
    this.#released = new Map();
    this.#unreleased = [];
    this.#inFlight = 0;
    this.#digest = '';
    this.#waited = 0;
    this.#unbalanced = 0;
    const membership = this.membership;
    world.ask(
      this,
      () => world.store.join(this.capacity),
      (host) => {
        if (!this.#isNow(membership)) return;
        this.host = host;
        world.joined(this, host);
        world.tell(this, 'joined as host', host);
        this.#beatLoop(membership);
        world.after(this, 20, () => this.#pollLoop(membership));
      },
      () => world.after(this, REJOIN_MS, () => this.#isNow(membership) && this.join()),
    );
  }

  #isNow(membership: number): boolean {
    return this.alive && this.membership === membership;
  }

  #beatLoop(membership: number): void {
    if (!this.#isNow(membership)) return;
    this.#beat(membership);
    this.world.after(this, BEAT_MS, () => this.#beatLoop(membership));
  }

  #beat(membership: number): void {
    if (this.#inFlight >= MOST_IN_FLIGHT) return;
    const { world, host } = this;
    const sentAt = this.monotonic();
    const sent = world.now;
    const beats = [...this.roster].map(([agent, { epoch }]) => ({ agent, epoch }));
    this.#inFlight += 1;
    world.ask(
      this,
      () => world.beat(host, beats),
      (answer) => {
        if (!this.#isNow(membership)) return;
        this.#inFlight -= 1;
        const now = this.monotonic();
        this.belief = afterAnswer(afterTime(this.belief, now), { held: answer.held, sentAt, leaseMs: LEASE_MS }, now);
        if (this.belief.phase === 'taken') {
          world.tell(this, 'learns that its lease was taken', host);
          if (!this.draining) this.join();
          else this.end();
          return;
        }
        if (sent >= this.troubledAt) this.suspended = false;
        for (const { agent, epoch } of beats) {
          const entry = this.roster.get(agent);
          if (answer.lost.includes(agent) && entry?.epoch === epoch && !entry.leaving) this.roster.delete(agent);
        }
      },
      () => {
        if (this.#isNow(membership)) this.#inFlight -= 1;
      },
    );
  }

  #pollLoop(membership: number): void {
    if (!this.#isNow(membership)) return;
    const again = (): void => this.world.after(this, BEAT_MS, () => this.#pollLoop(membership));
    if (!this.trusted) return again();
    this.#polls += 1;
    if (this.#unreleased.length > 0) this.#flushReleases(membership, () => this.#look(membership, 1, again), again);
    else this.#look(membership, 1, again);
  }

  #flushReleases(membership: number, then: () => void, failed: () => void): void {
    const { world, host } = this;
    const batch = this.#unreleased;
    this.#unreleased = [];
    world.ask(
      this,
      () => world.store.release(host, batch),
      (locked) => {
        if (!this.#isNow(membership)) return;
        this.#unreleased.unshift(...batch.filter((each) => locked.includes(each.agent)));
        then();
      },
      () => {
        if (!this.#isNow(membership)) return;
        this.#unreleased.unshift(...batch);
        failed();
      },
    );
  }

  #look(membership: number, looks: number, again: () => void): void {
    const { world, host } = this;
    world.ask(
      this,
      () => world.store.survey(host),
      (survey) => {
        if (!this.#isNow(membership)) return;
        const settled = (freed: boolean): void => {
          if (!this.#isNow(membership)) return;
          if (freed && looks < MOST_LOOKS) this.#look(membership, looks + 1, again);
          else this.#act(membership, survey, again);
        };
        const buried = (taken: readonly number[]): void => {
          if (!this.#isNow(membership)) return;
          if (!survey.adrift) return settled(taken.length > 0);
          world.ask(
            this,
            () => world.store.freeAdrift(),
            (freed) => settled(taken.length > 0 || freed > 0),
            again,
          );
        };
        const gone = survey.hosts.filter((other) => other.hostId !== host && world.isGone(other.hostId)).map((other) => other.hostId);
        if (gone.length > 0) world.ask(this, () => world.certify(gone), buried, again);
        else if (survey.hosts.some((other) => other.overdue && other.hostId !== host)) world.expire(this, buried, again);
        else buried([]);
      },
      again,
    );
  }

  #act(membership: number, survey: ModelSurvey, again: () => void): void {
    const { world, host } = this;
    const claim = (): void => this.#claim(membership, survey, again);
    if (survey.digest === this.#digest) return claim();
    world.ask(
      this,
      () => world.held(host),
      (rows) => {
        if (!this.#isNow(membership)) return;
        for (const each of rows) {
          const { agent, epoch, state } = each;
          const entry = this.roster.get(agent);
          if (entry === undefined) {
            if (epoch > (this.#released.get(agent) ?? 0)) this.#adopt(each);
            const adopted = this.roster.get(agent);
            if (adopted !== undefined && state === 'inactive' && !world.flaws.unwantedKept) this.#leave(agent, adopted);
          } else if (!entry.leaving) {
            if (entry.epoch !== epoch) this.#adopt(each);
            else if (state === 'inactive') this.#leave(agent, entry);
          }
        }
        this.#digest = survey.digest;
        claim();
      },
      again,
    );
  }

  #adopt({ agent, epoch }: Held): void {
    this.#released.delete(agent);
    this.roster.set(agent, { epoch, leaving: false });
  }

  #claim(membership: number, survey: ModelSurvey, again: () => void): void {
    const { world, host } = this;
    if (this.draining || survey.claimable === 0) {
      this.#waited = 0;
      return this.#commands(membership, survey, again);
    }
    const limit = claimLimit({
      active: survey.active,
      claimable: survey.claimable,
      hosts: survey.hosts.map(placed),
      host: nameOf(host),
      capacity: this.capacity,
      occupied: this.roster.size,
      waited: this.#waited,
    });
    if (limit === 0) {
      this.#waited += 1;
      return this.#commands(membership, survey, again);
    }
    world.ask(
      this,
      () => world.claim(host, limit),
      (claimed) => {
        if (!this.#isNow(membership)) return;
        this.#waited = claimed.length < survey.claimable ? this.#waited + 1 : 0;
        for (const each of claimed) this.#adopt(each);
        this.#commands(membership, survey, again);
      },
      again,
    );
  }

  #commands(membership: number, survey: ModelSurvey, again: () => void): void {
    const { world, host } = this;
    const done = (): void => {
      if (this.#polls % SWEEP_EVERY_POLLS === 0) world.ask(this, () => world.store.sweepCommands(), again, again);
      else again();
      if (this.#polls % LEAD_EVERY_POLLS === 0 && this.roster.has(COORDINATOR) && !this.draining) this.#lead(membership);
    };
    if (!survey.commands) return done();
    world.ask(
      this,
      () => world.store.claimCommands(host, this.known),
      (commands) => {
        if (!this.#isNow(membership)) return;
        for (const command of commands) {
          this.known.add(command);
          world.after(this, 50, () => this.#finish(membership, command));
        }
        done();
      },
      again,
    );
  }

  #finish(membership: number, id: number): void {
    const { world, host } = this;
    if (!this.#isNow(membership)) return;
    const command = world.store.commands[id];
    if (command === undefined) return;
    const { agent } = command;
    const epoch = this.roster.get(agent)?.epoch;
    const retry = (): void => world.after(this, RETRY_MS, () => this.#finish(membership, id));
    world.ask(
      this,
      () => ({ finished: world.finishCommand(host, id), state: command.state }),
      ({ finished, state }) => {
        if (!this.#isNow(membership)) return;
        const entry = this.roster.get(agent);
        if (!finished && state === 'running' && entry !== undefined && entry.epoch === epoch) return retry();
        this.known.delete(id);
        if (finished) world.tell(this, `finished ${command.name} of agent`, agent);
        if (finished && command.name === 'move' && entry !== undefined && !entry.leaving) this.#leave(agent, entry);
      },
      () => this.#isNow(membership) && retry(),
    );
  }

  /** Ends an agent and gives it back. */
  #leave(agent: number, entry: Entry): void {
    const { membership } = this;
    entry.leaving = true;
    this.world.tell(this, `ends agent ${agent} at epoch`, entry.epoch);
    this.world.after(this, 100, () => {
      if (!this.#isNow(membership)) return;
      if (this.roster.get(agent) === entry) {
        this.roster.delete(agent);
        this.#released.set(agent, entry.epoch);
        this.#unreleased.push({ agent, epoch: entry.epoch });
      }
      if (this.#unreleased.length > 0)
        this.#flushReleases(
          membership,
          () => undefined,
          () => undefined,
        );
    });
  }

  /** What the coordinator does, fenced like every agent. */
  #lead(membership: number): void {
    const { world, host } = this;
    const epoch = this.roster.get(COORDINATOR)?.epoch ?? 0;
    world.ask(
      this,
      () => world.store.survey(host),
      (survey) => {
        if (!this.#isNow(membership)) return;
        const unsettled =
          survey.hosts.some((other) => other.overdue) || survey.hosts.reduce((sum, other) => sum + other.agents, 0) < survey.active;
        const moves = unsettled ? [] : planMoves(survey.active, survey.hosts.map(placed));
        this.#unbalanced = moves.length === 0 ? 0 : this.#unbalanced + 1;
        if (this.#unbalanced < LOOKS_BEFORE_MOVES) return;
        this.#unbalanced = 0;
        world.ask(
          this,
          () =>
            world.submitMoves(
              host,
              epoch,
              moves.map((move) => ({ host: Number(move.hostId), count: move.count })),
            ),
          () => undefined,
          () => undefined,
        );
      },
      () => undefined,
    );
  }

  /** An agent writes: believes its host, asks for the fence, and commits. */
  write(agent: number, holdMs: number): void {
    const { world, host, membership } = this;
    const entry = this.roster.get(agent);
    if (entry === undefined || !this.trusted) return;
    const { epoch } = entry;
    // Between the look at its own clock and the send a process may freeze for any time.
    world.after(this, 1, () => {
      world.ask(
        this,
        () => world.fence(host, agent, epoch),
        (write: OpenWrite | undefined) => {
          if (write === undefined) return;
          world.after(this, holdMs, () =>
            world.ask(
              this,
              () => world.commit(this, write, membership),
              () => undefined,
              () => undefined,
            ),
          );
        },
        () => undefined,
      );
    });
  }

  /** Told to stop: gives everything back, leaves, ends. */
  drain(): void {
    if (this.draining || this.host < 0) return;
    this.draining = true;
    for (const [agent, entry] of this.roster) if (!entry.leaving) this.#leave(agent, entry);
    this.world.after(this, 600, () => this.#goodbye());
  }

  #goodbye(): void {
    const { world, host } = this;
    this.roster.clear();
    this.belief = afterStop(this.belief);
    world.ask(
      this,
      () => world.store.leave(host),
      () => this.end(),
      () => this.end(),
    );
  }

  end(): void {
    this.alive = false;
    this.roster.clear();
    this.deferred = [];
  }
}

/** Hosts are numbers here and names there. */
const names: HostId[] = [];
const nameOf = (host: number): HostId => (names[host] ??= hostId(String(host)));
const placed = (host: ModelSurvey['hosts'][number]): PlacedHost => ({
  hostId: nameOf(host.hostId),
  capacity: host.capacity,
  agents: host.agents,
});
