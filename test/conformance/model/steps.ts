import { expect } from 'vitest';
import fc from 'fast-check';
import { BLOCKED, type OpenWrite, type StoreModel } from '../../simulation/store-model.ts';
import type { HeldEpoch, RealStore, RealWrite } from './real-store.ts';

/** What the model plays on, with what a sequence has under way in both worlds. */
export interface Play {
  readonly store: StoreModel;
  readonly writes: { readonly model: OpenWrite; readonly real: RealWrite; readonly since: number }[];
  /** What each host's last survey said of its agents. */
  readonly digests: Map<number, { readonly model: string; readonly real: string }>;
}

/** Whole steps of time: none of their sums comes within 700 ms of a limit, so that the real server may be that slow. */
const STEP_MS = 3_200;
/** A command waits for two steps, not for three. */
const TTL_MS = 8_000;
const AGENTS = 4;
const MOST_HOSTS = 4;
/** A step that took longer than this on the real server proves nothing: time has passed there and not in the model. */
const SLOW_MS = 600;
/** The server ends a fenced transaction that sits idle for four seconds; in the model no such time passes. */
const STALE_MS = 3_000;

/** One step, taken in both worlds; the answers must be the same. Undefined: there is nothing to take it with. */
type Take = (play: Play, real: RealStore, pick: Pick) => (() => Promise<void>) | undefined;

/** Whatever numbers a step needs, from those it was drawn with. */
class Pick {
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  below(limit: number): number {
    return (this.#numbers[this.#at++ % this.#numbers.length] ?? 0) % limit;
  }
}

const hostOf = (play: Play, pick: Pick): number | undefined => {
  const count = play.store.hosts.length;
  return count === 0 ? undefined : pick.below(count);
};

/** An agent at its epoch, or at the one before. */
const epochOf = (play: Play, pick: Pick, agent: number): HeldEpoch => ({
  agent,
  epoch: Math.max(0, (play.store.agents[agent]?.epoch ?? 0) - (pick.below(4) === 3 ? 1 : 0)),
});
const anyAgents = (play: Play, pick: Pick): readonly HeldEpoch[] =>
  Array.from({ length: AGENTS }, (_, agent) => agent)
    .filter(() => pick.below(4) > 0)
    .map((agent) => epochOf(play, pick, agent));

const sorted = (numbers: readonly number[] | typeof BLOCKED): unknown =>
  numbers === BLOCKED ? 'blocked' : numbers.toSorted((a, b) => a - b);
const held = (play: Play, agents: readonly number[]): readonly HeldEpoch[] =>
  agents.map((agent) => ({ agent, epoch: play.store.agents[agent]?.epoch ?? -1 }));

const pass =
  (ms: number): Take =>
  (play, real) =>
  async () => {
    play.store.now += ms;
    await real.pass(ms);
  };

/** A step of a host that exists. */
const byHost =
  (take: (play: Play, real: RealStore, pick: Pick, host: number) => Promise<void>): Take =>
  (play, real, pick) => {
    const host = hostOf(play, pick);
    return host === undefined ? undefined : () => take(play, real, pick, host);
  };

/** A step with an agent that exists. */
const withAgent =
  (take: (play: Play, real: RealStore, pick: Pick, agent: number) => Promise<void>): Take =>
  (play, real, pick) => {
    const agent = pick.below(AGENTS);
    return play.store.agents[agent] === undefined ? undefined : () => take(play, real, pick, agent);
  };

const STEPS: Readonly<Record<string, { readonly take: Take; readonly weight: number }>> = {
  'time passes': { take: pass(STEP_MS), weight: 6 },
  'a lease passes': { take: pass(3 * STEP_MS), weight: 3 },
  'the clock goes back': { take: pass(-STEP_MS), weight: 1 },
  join: {
    weight: 3,
    take: (play, real) =>
      play.store.hosts.length >= MOST_HOSTS
        ? undefined
        : async () => {
            play.store.join(4);
            await real.join();
          },
  },
  beat: {
    weight: 8,
    take: byHost(async (play, real, pick, host) => {
      const beats = anyAgents(play, pick);
      const [model, server] = [play.store.beat(host, beats), await real.beat(host, beats)];
      expect({ ...server, lost: sorted(server.lost), untold: sorted(server.untold) }).toEqual({
        ...model,
        lost: sorted(model.lost),
        untold: sorted(model.untold),
      });
    }),
  },
  claim: {
    weight: 8,
    take: byHost(async (play, real, pick, host) => {
      const limit = 1 + pick.below(AGENTS);
      const model = held(play, play.store.claim(host, limit));
      expect(await real.claim(host, limit)).toEqual(model);
    }),
  },
  held: {
    weight: 1,
    take: byHost(async (play, real, _, host) => expect(await real.held(host)).toEqual(held(play, play.store.held(host)))),
  },
  release: {
    weight: 4,
    take: byHost(async (play, real, pick, host) => {
      const agents = anyAgents(play, pick);
      const idle = !agents.some(
        ({ agent, epoch }) => play.store.agents[agent]?.holder === host && play.store.agents[agent].epoch === epoch,
      );
      const model = play.store.release(host, agents);
      const server = await real.release(host, agents);
      // Whether the host's row is locked where there is nothing to give back is the planner's to say.
      if (!(idle && server === BLOCKED)) expect(sorted(server)).toEqual(sorted(model));
    }),
  },
  leave: {
    weight: 1,
    take: byHost(async (play, real, _, host) => {
      const model = play.store.leave(host);
      expect(await real.leave(host)).toBe(model);
    }),
  },
  expire: {
    weight: 5,
    take: (play, real) => async () => {
      const model = play.store.expire();
      expect(sorted(await real.expire())).toEqual(sorted(model));
    },
  },
  certify: {
    weight: 1,
    take: byHost(async (play, real, _, host) => {
      const model = play.store.take([host], false);
      expect(await real.certify(host)).toEqual(model);
    }),
  },
  'free what is adrift': {
    weight: 2,
    take: (play, real) => async () => {
      const model = play.store.freeAdrift();
      expect(await real.freeAdrift()).toBe(model);
    },
  },
  survey: {
    weight: 4,
    take: byHost(async (play, real, _, host) => {
      const [model, server] = [play.store.survey(host), await real.survey(host)];
      const before = play.digests.get(host);
      play.digests.set(host, { model: model.digest, real: server.heldDigest });
      if (before !== undefined) expect(before.real === server.heldDigest).toBe(before.model === model.digest);
      const { active, claimable, commands, adrift } = server;
      expect({
        active,
        claimable,
        commands,
        adrift,
        hosts: server.hosts.map(({ n, agents, overdue }) => ({ hostId: n, agents, overdue })).toSorted((a, b) => a.hostId - b.hostId),
      }).toEqual({
        active: model.active,
        claimable: model.claimable,
        commands: model.commands,
        adrift: model.adrift,
        hosts: model.hosts.map(({ hostId, agents, overdue }) => ({ hostId, agents, overdue })),
      });
    }),
  },
  'begin a write': {
    weight: 4,
    take: byHost(async (play, real, pick, host) => {
      const of = epochOf(play, pick, pick.below(AGENTS));
      const [model, server] = [play.store.fence(host, of.agent, of.epoch), await real.fence(host, of)];
      if (model !== undefined && server !== undefined) play.writes.push({ model, real: server, since: performance.now() });
      expect(server === undefined ? 'refused' : 'accepted').toBe(model === undefined ? 'refused' : 'accepted');
    }),
  },
  'commit a write': {
    weight: 4,
    take: (play) => {
      const write = play.writes.shift();
      return write === undefined
        ? undefined
        : async () => {
            expect(play.store.commit(write.model)).toBe(true);
            await write.real.commit();
          };
    },
  },
  'send a command': {
    weight: 3,
    take: withAgent(async (play, real, _, agent) => {
      if (play.store.agents[agent]?.state === 'inactive') return;
      play.store.submit(agent, 'probe', TTL_MS);
      await real.submit(agent, TTL_MS);
    }),
  },
  'claim commands': {
    weight: 3,
    take: byHost(async (play, real, pick, host) => {
      const known = play.store.commands.flatMap((command, n) => (command.agent >= 0 && pick.below(2) === 0 ? [n] : []));
      const model = play.store.claimCommands(host, new Set(known));
      expect(sorted(await real.claimCommands(host, known))).toEqual(sorted(model));
    }),
  },
  'finish a command': {
    weight: 3,
    take: byHost(async (play, real, pick, host) => {
      const there = play.store.commands.flatMap((command, n) => (command.agent >= 0 ? [n] : []));
      const n = there[pick.below(Math.max(1, there.length))];
      if (n === undefined) return;
      const model = play.store.finishCommand(host, n);
      expect(await real.finishCommand(host, n)).toBe(model);
    }),
  },
  'sweep commands': {
    weight: 2,
    take: (play, real) => async () => {
      play.store.sweepCommands();
      await real.sweepCommands();
    },
  },
  'make an agent': {
    weight: 4,
    take: (play, real, pick) => async () => {
      const agent = pick.below(AGENTS);
      play.store.addAgent(agent);
      await real.addAgent(agent);
    },
  },
  'delete an agent': {
    weight: 2,
    take: withAgent(async (play, real, _, agent) => {
      const blocked = play.store.locked.has(agent);
      if (!blocked) play.store.removeAgent(agent);
      expect(await real.removeAgent(agent)).toBe(blocked ? BLOCKED : undefined);
    }),
  },
  'change what is desired': {
    weight: 3,
    take: withAgent(async (play, real, pick, agent) => {
      const state = (['active', 'inactive', 'active', 'paused'] as const)[pick.below(4)] ?? 'active';
      play.store.setState(agent, state);
      await real.setState(agent, state);
    }),
  },
  'leave a transaction open': {
    weight: 1,
    take: withAgent(async (play, real, _, agent) => {
      if (play.store.locked.has(agent)) return;
      play.store.locked.add(agent);
      await real.lock(agent);
    }),
  },
  'come back to it': {
    weight: 1,
    take: (play, real) => {
      const [agent] = play.store.locked;
      return agent === undefined
        ? undefined
        : async () => {
            play.store.locked.delete(agent);
            await real.unlock(agent);
          };
    },
  },
};

/** Two hosts and three agents, of which the first has two: sequences need not begin in an empty house. */
export async function begin(store: StoreModel, real: RealStore): Promise<void> {
  for (let agent = 0; agent < 3; agent += 1) {
    store.addAgent(agent);
    await real.addAgent(agent);
  }
  for (let host = 0; host < 2; host += 1) {
    store.join(4);
    await real.join();
  }
  store.claim(0, 2);
  await real.claim(0, 2);
}

class Step implements fc.AsyncCommand<Play, RealStore> {
  readonly #name: string;
  readonly #numbers: readonly number[];

  constructor(name: string, numbers: readonly number[]) {
    this.#name = name;
    this.#numbers = numbers;
  }

  check(): boolean {
    return true;
  }

  async run(play: Play, real: RealStore): Promise<void> {
    const run = STEPS[this.#name]?.take(play, real, new Pick(this.#numbers));
    if (run === undefined) return;
    const began = performance.now();
    fc.pre(!isStale(play));
    await real.pass(0);
    try {
      await run();
      expect(await tablesOf(real)).toEqual(modelTables(play));
    } catch (error) {
      fc.pre(performance.now() - began < SLOW_MS && !isStale(play));
      throw error;
    }
  }

  toString(): string {
    return `${this.#name}(${this.#numbers.join()})`;
  }
}

const isStale = (play: Play): boolean => play.writes.some(({ since }) => performance.now() - since > STALE_MS);

/** Times as whole steps: to a second or so. */
const roughly = (ms: number): number => Math.round(Math.max(ms, -20 * STEP_MS) / (STEP_MS / 2)) + 0;

async function tablesOf(real: RealStore): Promise<unknown> {
  const { hosts, agents, commands, lastTick, grace } = await real.tables();
  return {
    hosts: hosts.map(({ status, lastBeat, expires }) => ({ status, lastBeat: roughly(lastBeat), expires: roughly(expires) })),
    agents: Array.from({ length: AGENTS }, (_, agent) => agents[agent] ?? null),
    commands,
    lastTick: roughly(lastTick),
    grace: roughly(grace),
  };
}

function modelTables({ store }: Play): unknown {
  return {
    hosts: store.hosts.map(({ status, lastBeat, expires }) => ({
      status,
      lastBeat: roughly(lastBeat - store.now),
      expires: roughly(expires - store.now),
    })),
    agents: Array.from({ length: AGENTS }, (_, n) => {
      const agent = store.agents[n];
      return agent === undefined ? null : { state: agent.state, holder: agent.holder ?? null, epoch: agent.epoch };
    }),
    commands: store.commands.map(({ agent, state, host, epoch }) =>
      agent < 0 ? null : { state, host: host ?? null, epoch: epoch ?? null },
    ),
    lastTick: roughly(store.lastTick - store.now),
    grace: roughly(store.graceUntil - store.now),
  };
}

/** Sequences of steps, each drawn as often as it weighs. `replayPath`: as a failure printed it. */
export const sequences = (replayPath?: string): ReturnType<typeof fc.commands<Play, RealStore, false>> =>
  fc.commands<Play, RealStore, false>(
    Object.entries(STEPS).flatMap(([name, { weight }]) =>
      Array.from({ length: weight }, () =>
        fc.array(fc.nat(23), { minLength: 10, maxLength: 10 }).map((numbers) => new Step(name, numbers)),
      ),
    ),
    { maxCommands: 60, size: 'max', ...(replayPath === undefined ? {} : { replayPath }) },
  );
