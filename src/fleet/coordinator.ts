import { z } from 'zod';
import type { AgentContext } from '../agent/context.ts';
import { defineAgent } from '../agent/define-agent.ts';
import { healthOfRuns, type HealthReport } from '../agent/health.ts';
import type { AgentId, Epoch } from '../base/ids.ts';
import { sql } from '../db/sql.ts';
import { surveyFleet, type Survey } from '../state/survey.ts';
import { chooseMovers } from './movers.ts';
import { openHosts } from './open-hosts.ts';
import { fairShare, planMoves, type Surplus } from './placement.ts';
import type { Pressure } from './pressure.ts';
import { shed } from './pressure-watch.ts';
import { explainWaiting } from './waiting-agents.ts';

/** Where the summary of the fleet stands in system_state. */
export const FLEET_SUMMARY_KEY = 'fleet:summary';
/** The summary is written when it changed, and at least this often. */
const SUMMARY_EVERY_MS = 60_000;
/** Hosts must be out of balance this many looks in a row before agents move: a host that has just joined is still claiming. */
const LOOKS_BEFORE_MOVES = 2;
/** After a look that found hosts out of balance and no agent that could mend it, the next is so far off at least. */
const FRUITLESS_PAUSE_MS = 60_000;
/** A move that its host has not carried out by then is off. */
const MOVE_TTL_MS = 60_000;

const config = z.strictObject({
  /** Whether agents are moved from hosts with more than their share to hosts with room. */
  rebalance: z.boolean().default(true),
  /** Whether runs are stretched, those of the lowest priority first, while the database is under pressure. */
  shed_load: z.boolean().default(true),
});
type Config = z.output<typeof config>;

/** What the coordinator remembers from look to look. Losing it costs nothing but a little time. */
interface Memory {
  unbalancedLooks: number;
  summary: string;
  writtenAt: number;
  survey: Survey | undefined;
  /** Agents that were asked to move, at which epoch; further moves wait until these have happened. */
  asked: ReadonlyMap<AgentId, Epoch>;
  askedAt: number;
  /** Until then no move is looked for again, as long as the hosts are these. */
  restUntil: number;
  restHosts: string;
  pressure: Pressure | undefined;
}

const memories = new WeakMap<object, Memory>();

function memoryOf(ctx: AgentContext<Config>): Memory {
  let memory = memories.get(ctx.life);
  if (memory === undefined) {
    memory = {
      unbalancedLooks: 0,
      summary: '',
      writtenAt: Number.NEGATIVE_INFINITY,
      survey: undefined,
      asked: new Map(),
      askedAt: Number.NEGATIVE_INFINITY,
      restUntil: Number.NEGATIVE_INFINITY,
      restHosts: '',
      pressure: undefined,
    };
    memories.set(ctx.life, memory);
  }
  return memory;
}

/**
 * The coordinator: what is better done by one than by all. Whoever holds the lease of this agent leads. Hosts claim, expire
 * and supervise by themselves, so without a leader nothing is lost, and a second one is refused by its epoch.
 */
export const agentCoordinator = defineAgent({
  type: 'agent_coordinator',
  name: 'Agent coordinator',
  description:
    'Leads the fleet: declares silent hosts lost, says why agents wait, evens out where agents run, and slows the fleet down while the database is under pressure.',
  capabilities: {
    lifecycle_management: 'Frees the agents of hosts that stopped answering, so that others take them',
    health_monitoring: 'Tells when agents wait because no host has room for them',
    resource_optimization: 'Moves a few agents at a time from hosts with more than their share',
    performance_coordination: 'Publishes which host carries how much',
  },
  config,
  schedule: { every: '5s' },
  // Who takes office acts: its agents were somebody else's a moment ago.
  runsAtStart: true,
  timeout: '20s',
  // Last to stop: it is of use while the others move.
  priority: 90,

  // A new leader looks at once: its first run may be seconds away, because first runs are spread.
  async startup(ctx) {
    await agentCoordinator.run(ctx);
  },

  async run(ctx) {
    const memory = memoryOf(ctx);
    const before = ctx.clock.monotonic();
    const survey = await look(ctx);
    const lookMs = ctx.clock.monotonic() - before;
    memory.survey = survey;
    memory.pressure = await shed(ctx, memory.pressure, survey, lookMs, ctx.config.shed_load);
    if (survey.hosts.some((host) => host.overdue)) {
      const lost = await ctx.fleet.hosts.expire();
      if (lost.length > 0) ctx.log.warn({ hosts: lost }, 'hosts declared lost');
    }
    const { waiting, unplaceable } = await explainWaiting(ctx);
    // While agents wait that somebody can take, or a host is overdue, the picture is not settled.
    const settled = waiting === unplaceable && !survey.hosts.some((host) => host.overdue);
    const mayMove = settled && ctx.config.rebalance && !isResting(ctx, memory, survey) && !(await stillMoving(ctx, memory));
    const moves = mayMove ? planMoves(heldIn(survey), survey.hosts) : [];
    memory.unbalancedLooks = moves.length === 0 ? 0 : memory.unbalancedLooks + 1;
    if (memory.unbalancedLooks >= LOOKS_BEFORE_MOVES) await askToMove(ctx, memory, moves, survey);
    await publish(ctx, memory, survey);
    return { hosts: survey.hosts.length, active: survey.active, held: heldIn(survey), unplaceable, moves: moves.length };
  },

  health(ctx) {
    const runs = healthOfRuns(ctx.runs);
    const waiting = healthOfPlacement(memoryOf(ctx).survey);
    return runs.score <= waiting.score ? runs : waiting;
  },
});

const look = (ctx: AgentContext<Config>): Promise<Survey> =>
  surveyFleet({ query: (statement) => ctx.sql.read(statement) }, ctx.hostId, [], { count: true });

const heldIn = (survey: Survey): number => survey.hosts.reduce((sum, host) => sum + host.agents, 0);

const hostsIn = (survey: Survey): string =>
  survey.hosts
    .map(({ hostId, desired }) => `${hostId}:${desired}`)
    .toSorted()
    .join();

/** The last look at these hosts found nothing that could move. */
const isResting = (ctx: AgentContext<Config>, memory: Memory, survey: Survey): boolean =>
  ctx.clock.monotonic() < memory.restUntil && memory.restHosts === hostsIn(survey);

/** Whether agents that were asked to move have not moved yet. After their commands have expired they are not waited for. */
async function stillMoving(ctx: AgentContext<Config>, memory: Memory): Promise<boolean> {
  if (memory.asked.size === 0) return false;
  const { count } = await ctx.sql.read(
    sql`select 1 from muster.agent_leases l join unnest(${[...memory.asked.keys()]}::text[], ${[...memory.asked.values()]}::bigint[]) as asked (agent_id, epoch)
      using (agent_id, epoch)`,
  );
  if (count > 0 && ctx.clock.monotonic() - memory.askedAt < MOVE_TTL_MS) return true;
  memory.asked = new Map();
  return false;
}

/** Asks through the inbox of each agent: the host that holds it ends it and gives it back, and who has room takes it. */
async function askToMove(ctx: AgentContext<Config>, memory: Memory, moves: readonly Surplus[], survey: Survey): Promise<void> {
  const asked = new Map<AgentId, Epoch>();
  const lacking = new Map(survey.hosts.map((host) => [host.hostId, fairShare(heldIn(survey), survey.hosts, host.hostId) - host.agents]));
  const receivers = (await openHosts(ctx, true)).map((host) => ({ ...host, room: lacking.get(host.hostId) ?? 0 }));
  for (const { hostId, count, share } of moves) {
    const agents = await ctx.fleet.agents.list({ hostId, state: 'active' }, { limit: 1_000 });
    // Who came last has the least to lose. The coordinator does not move itself.
    const free = await notLocked(ctx, agents);
    const newest = agents
      .filter((agent) => agent.agentId !== ctx.agentId && free.has(agent.agentId))
      .toSorted((a, b) => (b.acquiredAt ?? 0) - (a.acquiredAt ?? 0));
    const slow = (survey.hosts.find((host) => host.hostId === hostId)?.weight ?? 1) < 1 ? ', for it is overloaded' : '';
    const reason = `rebalancing: its host runs ${agents.length} agents and its share is ${share}${slow}`;
    const movers = chooseMovers(newest, receivers, count);
    for (const { agentId, epoch } of movers) {
      await ctx.fleet.commands.submit({
        agentId,
        command: 'move',
        payload: { reason },
        requestedBy: ctx.agentId,
        dedupeKey: 'move',
        ttlMs: MOVE_TTL_MS,
      });
      asked.set(agentId, epoch);
    }
    if (movers.length > 0) ctx.log.info({ host_id: hostId, agents: movers.length }, reason);
  }
  if (asked.size === 0) {
    memory.restUntil = ctx.clock.monotonic() + FRUITLESS_PAUSE_MS;
    memory.restHosts = hostsIn(survey);
  }
  memory.asked = asked;
  memory.askedAt = ctx.clock.monotonic();
  memory.unbalancedLooks = 0;
}

/** Those that nobody is about to delete: a command to such an agent would wait for somebody who may be at lunch. */
async function notLocked(ctx: AgentContext<Config>, agents: readonly { readonly agentId: AgentId }[]): Promise<ReadonlySet<string>> {
  const { rows } = await ctx.sql.write<{ agent_id: string }>(
    sql`select agent_id from muster.agents where agent_id = any (${agents.map(({ agentId }) => agentId)}::text[]) for key share skip locked`,
  );
  return new Set(rows.map((row) => row.agent_id));
}

async function publish(ctx: AgentContext<Config>, memory: Memory, survey: Survey): Promise<void> {
  const { rows } = await ctx.sql.read<{ state: string; status: string; count: number }>(
    sql`select state, status, count(*)::int as count from muster.fleet group by state, status order by state, status`,
  );
  const summary = {
    coordinator: { agent_id: ctx.agentId, host_id: ctx.hostId, epoch: ctx.epoch },
    agents: {
      total: rows.reduce((sum, row) => sum + row.count, 0),
      active: survey.active,
      held: heldIn(survey),
      by_status: rows,
    },
    shedding: { level: memory.pressure?.level ?? 0, reason: memory.pressure?.level ? memory.pressure.reason : null },
    hosts: survey.hosts
      .toSorted((a, b) => a.hostId.localeCompare(b.hostId))
      .map((host) => ({
        host_id: host.hostId,
        agents: host.agents,
        capacity: host.capacity,
        weight: host.weight,
        share: fairShare(survey.active, survey.hosts, host.hostId),
      })),
  };
  const text = JSON.stringify(summary);
  const now = ctx.clock.monotonic();
  if (text === memory.summary && now - memory.writtenAt < SUMMARY_EVERY_MS) return;
  await ctx.state.set(FLEET_SUMMARY_KEY, summary);
  memory.summary = text;
  memory.writtenAt = now;
}

function healthOfPlacement(survey: Survey | undefined): HealthReport {
  if (survey === undefined || survey.active === 0) return { score: 100 };
  const capacity = survey.hosts.reduce((sum, host) => sum + host.capacity, 0);
  if (capacity >= survey.active) return { score: 100 };
  return {
    score: Math.round((100 * capacity) / survey.active),
    reasons: [`${survey.active} agents are active and the hosts have room for ${capacity}: start another host, or raise a capacity`],
  };
}
