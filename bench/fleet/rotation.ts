import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sql } from '../../src/db/sql.ts';
import { defaultAgents } from '../../src/cli/runtime/parts.ts';
import { builtInModules } from '../../src/modules/built-in.ts';
import { createSharedState } from '../../src/state/create-shared-state.ts';
import { startProxy, throughProxy, type Proxy } from '../../test/support/proxy.ts';
import type { BenchContext, BenchDatabase } from '../support/bench.ts';
import { judgeHistory, type Verdict } from '../support/history.ts';
import { createEffects, EFFECT_SETTINGS, firstEffectsElsewhere, lastEffect, readAcquisitions, readEffects } from './effects.ts';
import { LaunchedHost } from './launched-host.ts';

/** Compiled beside this file. */
const PULSE = fileURLToPath(new URL('./agents/pulse.js', import.meta.url));
/** A take-over that takes longer than this is no figure but a failure. */
const MOVES_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 20;

export interface Seat {
  readonly host: LaunchedHost;
  readonly id: string;
  /** The only way of the host to its database, where the lane has proxies. */
  readonly proxy: Proxy | undefined;
}

/** What one take-over took. */
export interface TakeOver {
  /** Until each agent's next effect was committed elsewhere, milliseconds, in no order. */
  readonly agentsMs: readonly number[];
  /** Until the first run of a new leader was committed, where the lane has a leader. */
  readonly leaderMs: number | undefined;
}

/**
 * A fleet of its own in a database of its own: one host that holds all agents, and one that stands by. When the first is
 * gone the second has them, and another one stands by.
 */
export class Rotation {
  readonly #ctx: BenchContext;
  readonly #db: BenchDatabase;
  readonly #agents: number;
  readonly #leader: boolean;
  readonly #proxied: boolean;
  #holder: Seat | undefined;
  #standby: Seat | undefined;

  private constructor(ctx: BenchContext, db: BenchDatabase, options: RotationOptions) {
    this.#ctx = ctx;
    this.#db = db;
    this.#agents = options.agents;
    this.#leader = options.leader ?? false;
    this.#proxied = options.proxied ?? false;
  }

  static async start(ctx: BenchContext, options: RotationOptions): Promise<Rotation> {
    await ctx.server({ settings: EFFECT_SETTINGS });
    const db = await ctx.database({ poolMax: 4 });
    await createEffects(db.database);
    const rotation = new Rotation(ctx, db, options);
    const { agents } = createSharedState(db.database);
    // What comes with Muster rests: it is not what is measured. But for the coordinator, which must not move anything to the standby.
    await agents.ensure(
      defaultAgents(builtInModules, false).map((agent) =>
        agent.type === 'agent_coordinator' && rotation.#leader
          ? { ...agent, config: { ...agent.config, rebalance: false } }
          : { ...agent, state: 'inactive' as const },
      ),
    );
    rotation.#holder = await rotation.#seat();
    await agents.ensure(
      Array.from({ length: options.agents }, (_, n) => ({
        agentId: `pulse_${n}`,
        name: `Pulse ${n}`,
        type: 'pulse',
        state: 'active' as const,
      })),
    );
    await rotation.#untilHeld(rotation.#holder.id);
    rotation.#standby = await rotation.#seat();
    return rotation;
  }

  async #seat(): Promise<Seat> {
    const { database, url } = this.#db;
    const { host: target, port } = database.connection;
    const proxy = this.#proxied ? await startProxy({ host: target, port }) : undefined;
    if (proxy !== undefined) this.#ctx.defer(async () => proxy[Symbol.asyncDispose]());
    const host = new LaunchedHost(this.#ctx, {
      url: proxy === undefined ? url : throughProxy(url, proxy),
      database,
      capacity: this.#agents + 10,
      agents: [PULSE],
    });
    return { host, id: await host.joined(), proxy };
  }

  /** Waits until every agent has left an effect on this host. */
  async #untilHeld(host: string): Promise<void> {
    await this.#until(`all agents run on ${host}`, async () => {
      const row = await this.#db.database.one<{ count: number }>(
        sql`select count(distinct agent_id)::int as count from public.effects where host_id = ${host}::uuid`,
      );
      return (row?.count ?? 0) >= this.#agents && (!this.#leader || (await this.#leaderSince(0, host)) !== undefined);
    });
  }

  /**
   * Does something to the holder that it does not survive in the eyes of the fleet, and waits until its agents run on the
   * standby. `trouble` returns when it happened. Whoever is the next standby is found by `next`: the former holder that came
   * back, or a new process.
   */
  async moveAway(trouble: (holder: Seat) => number | Promise<number>, next: 'same process' | 'new process'): Promise<TakeOver> {
    const { database } = this.#db;
    const [holder, standby] = [this.#holder, this.#standby];
    if (holder === undefined || standby === undefined) throw new Error('the rotation has no hosts');
    // At any moment of its beats and polls, not always at the same one after its start.
    await delay(300 + Math.random() * 2_000, undefined, { signal: this.#ctx.signal });
    const since = await lastEffect(database);
    const at = await trouble(holder);
    let effects: readonly number[] = [];
    let leader: number | undefined;
    await this.#until('the agents run elsewhere', async () => {
      effects = await firstEffectsElsewhere(database, since, holder.id);
      if (this.#leader) leader = await this.#leaderSince(at, standby.id);
      return effects.length >= this.#agents && (!this.#leader || leader !== undefined);
    });
    this.#holder = standby;
    if (next === 'new process') {
      await holder.host.exited;
      await holder.proxy?.[Symbol.asyncDispose]();
      this.#standby = await this.#seat();
    } else {
      holder.proxy?.heal();
      holder.host.signal('SIGCONT');
      this.#standby = { ...holder, id: await holder.host.joined(holder.id) };
    }
    return { agentsMs: effects.map((effect) => effect - at), leaderMs: leader === undefined ? undefined : leader - at };
  }

  /** When a coordinator on this host last wrote its summary of the fleet, if that was after `since`. */
  async #leaderSince(since: number, host: string): Promise<number | undefined> {
    const row = await this.#db.database.one<{ at: number }>(sql`
      select (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::float8 as at
      from muster.system_state where key = 'fleet:summary' and value->'coordinator'->>'host_id' = ${host}`);
    return row === undefined || row.at < since ? undefined : row.at;
  }

  async #until(what: string, is: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + MOVES_WITHIN_MS;
    while (!(await is())) {
      if (performance.now() > end) throw new Error(`not within ${MOVES_WITHIN_MS} ms: ${what}; see ${this.#ctx.folder}`);
      await delay(LOOK_EVERY_MS, undefined, { signal: this.#ctx.signal });
    }
  }

  /** Judges everything that was committed in this lane, and ends its hosts. */
  async end(): Promise<Verdict & { readonly effects: number }> {
    const { database } = this.#db;
    for (const seat of [this.#holder, this.#standby]) {
      seat?.host.signal('SIGKILL');
      await seat?.host.exited;
      await seat?.proxy?.[Symbol.asyncDispose]();
    }
    const effects = await readEffects(database);
    const acquisitions = await readAcquisitions(database);
    return { ...judgeHistory({ effects, acquisitions, acknowledged: [] }), effects: effects.length };
  }
}

export interface RotationOptions {
  readonly agents: number;
  /** Whether an agent_coordinator runs too. */
  readonly leader?: boolean;
  /** Whether each host reaches the database through a proxy of its own. */
  readonly proxied?: boolean;
}
