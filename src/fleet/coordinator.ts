import { z } from 'zod';
import type { AgentContext } from '../agent/context.ts';
import { defineAgent } from '../agent/define-agent.ts';
import { healthOfRuns, type HealthReport } from '../agent/health.ts';
import { sql } from '../db/sql.ts';
import { surveyFleet, type Survey } from '../state/survey.ts';
import { fairShare, planMoves, type Surplus } from './placement.ts';

/** Where the summary of the fleet stands in system_state. */
export const FLEET_SUMMARY_KEY = 'fleet:summary';
/** The summary is written when it changed, and at least this often. */
const SUMMARY_EVERY_MS = 60_000;
/** Hosts must be out of balance this many looks in a row before agents move: a host that has just joined is still claiming. */
const LOOKS_BEFORE_MOVES = 2;

const config = z.strictObject({
  /** Whether agents are moved from hosts with more than their share to hosts with room. */
  rebalance: z.boolean().default(true),
});
type Config = z.output<typeof config>;

/** What the coordinator remembers from look to look. Losing it costs nothing but a little time. */
interface Memory {
  unbalancedLooks: number;
  summary: string;
  writtenAt: number;
  survey: Survey | undefined;
}

const memories = new WeakMap<object, Memory>();

function memoryOf(ctx: AgentContext<Config>): Memory {
  let memory = memories.get(ctx.life);
  if (memory === undefined) {
    memory = { unbalancedLooks: 0, summary: '', writtenAt: Number.NEGATIVE_INFINITY, survey: undefined };
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
  description: 'Leads the fleet: declares silent hosts lost, evens out where agents run, and publishes a summary of the fleet.',
  capabilities: {
    lifecycle_management: 'Frees the agents of hosts that stopped answering, so that others take them',
    health_monitoring: 'Tells when agents wait because no host has room for them',
    resource_optimization: 'Moves a few agents at a time from hosts with more than their share',
    performance_coordination: 'Publishes which host carries how much',
  },
  config,
  schedule: { every: '5s' },
  timeout: '20s',
  // Last to stop: it is of use while the others move.
  priority: 90,

  async run(ctx) {
    const memory = memoryOf(ctx);
    const survey = await look(ctx);
    memory.survey = survey;
    if (survey.hosts.some((host) => host.overdue)) {
      const lost = await ctx.fleet.hosts.expire();
      if (lost.length > 0) ctx.log.warn({ hosts: lost }, 'hosts declared lost');
    }
    const moves = ctx.config.rebalance ? plannedMoves(survey) : [];
    memory.unbalancedLooks = moves.length === 0 ? 0 : memory.unbalancedLooks + 1;
    if (memory.unbalancedLooks >= LOOKS_BEFORE_MOVES) for (const move of moves) await askToMove(ctx, move);
    await publish(ctx, memory, survey);
    return { hosts: survey.hosts.length, active: survey.active, waiting: survey.claimable, moves: moves.length };
  },

  health(ctx) {
    const runs = healthOfRuns(ctx.runs);
    const waiting = healthOfPlacement(memoryOf(ctx).survey);
    return runs.score <= waiting.score ? runs : waiting;
  },
});

const look = (ctx: AgentContext<Config>): Promise<Survey> => surveyFleet({ query: (statement) => ctx.sql.read(statement) }, ctx.hostId, []);

/** While agents wait to be claimed, or a host is overdue, the picture is not settled. */
function plannedMoves(survey: Survey): readonly Surplus[] {
  const held = survey.hosts.reduce((sum, host) => sum + host.agents, 0);
  return held < survey.active || survey.hosts.some((host) => host.overdue) ? [] : planMoves(survey.active, survey.hosts);
}

/** Asks through the inbox of each agent: the host that holds it ends it and gives it back, and who has room takes it. */
async function askToMove(ctx: AgentContext<Config>, move: Surplus): Promise<void> {
  const agents = await ctx.fleet.agents.list({ hostId: move.hostId, state: 'active' }, { limit: 1_000 });
  // Who came last has the least to lose. The coordinator does not move itself.
  const newest = agents.filter((agent) => agent.agentId !== ctx.agentId).toSorted((a, b) => (b.acquiredAt ?? 0) - (a.acquiredAt ?? 0));
  const reason = `rebalancing: its host runs ${agents.length} agents and its share is ${move.share}`;
  for (const agent of newest.slice(0, move.count)) {
    await ctx.fleet.commands.submit({
      agentId: agent.agentId,
      command: 'move',
      payload: { reason },
      requestedBy: ctx.agentId,
      dedupeKey: 'move',
      ttlMs: 60_000,
    });
  }
  ctx.log.info({ host_id: move.hostId, agents: move.count }, reason);
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
      held: survey.hosts.reduce((sum, host) => sum + host.agents, 0),
      by_status: rows,
    },
    hosts: survey.hosts
      .toSorted((a, b) => a.hostId.localeCompare(b.hostId))
      .map((host) => ({
        host_id: host.hostId,
        agents: host.agents,
        capacity: host.capacity,
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
