import type { AnyAgentDefinition } from '../../src/agent/definition.ts';
import { defineAgent } from '../../src/agent/define-agent.ts';
import type { Database } from '../../src/db/database.ts';
import { sql } from '../../src/db/sql.ts';

/** One write that was committed in an agent's name. */
export interface Write {
  readonly agentId: string;
  readonly hostId: string;
  readonly epoch: number;
  /** The writer's own count, under one epoch. */
  readonly seq: number;
  /** The place in the order of commits of this agent, from 1. */
  readonly n: number;
  /** The agent's epoch in the truth, as the writing statement saw it. */
  readonly epochThen: number;
  /** The server's clock, milliseconds. */
  readonly at: number;
}

/** A write that its writer was told is done. */
export interface Ack {
  readonly agentId: string;
  readonly epoch: number;
  readonly seq: number;
}

/**
 * The tables of a recorded history. Each write first counts up its agent's row, and keeps that row locked until it commits: so
 * the count is the order of commits, which neither an identity nor a time stamp is.
 */
export async function createHistory(database: Database): Promise<void> {
  await database.query(sql`create table public.history_order (agent_id text primary key, n bigint not null default 0)`);
  await database.query(sql`create table public.history (
    agent_id text not null, host_id uuid not null, epoch bigint not null, seq bigint not null, n bigint not null, epoch_then bigint,
    at timestamptz not null default clock_timestamp(), primary key (agent_id, n))`);
}

/** An agent that writes its history as fast as it can, and tells of each write that was confirmed to it. */
export function historian(acknowledged: (ack: Ack) => void): AnyAgentDefinition {
  const counts = new Map<string, number>();
  return defineAgent({
    type: 'historian',
    name: 'Historian',
    description: 'Writes in a tight loop, under its fence.',
    schedule: { every: '20ms' },
    timeout: '60s',
    run: async (ctx) => {
      const key = `${ctx.agentId} ${ctx.epoch}`;
      while (!ctx.signal.aborted) {
        const seq = (counts.get(key) ?? 0) + 1;
        counts.set(key, seq);
        await ctx.sql.write(sql`with place as (
            insert into public.history_order as o (agent_id, n) values (${ctx.agentId}, 1)
            on conflict (agent_id) do update set n = o.n + 1 returning n
          )
          insert into public.history (agent_id, host_id, epoch, seq, n, epoch_then)
          select ${ctx.agentId}, ${ctx.hostId}::uuid, ${ctx.epoch}, ${seq}, n,
            (select epoch from muster.agent_leases where agent_id = ${ctx.agentId})
          from place`);
        acknowledged({ agentId: ctx.agentId, epoch: ctx.epoch, seq });
      }
    },
  });
}

export async function readHistory(database: Database): Promise<readonly Write[]> {
  const { rows } =
    await database.query<Write>(sql`select agent_id as "agentId", host_id as "hostId", epoch::float8 as epoch, seq::float8 as seq,
    n::float8 as n, epoch_then::float8 as "epochThen", (extract(epoch from at) * 1000)::float8 as at
    from public.history order by agent_id, n`);
  return rows;
}

/** What is wrong with a history, in words; nothing where every agent was one at a time and nothing confirmed is missing. */
export function faultsOf(writes: readonly Write[], acks: readonly Ack[] = []): readonly string[] {
  const faults: string[] = [];
  const holders = new Map<string, string>();
  const present = new Set<string>();
  let last: Write | undefined;
  for (const write of writes.toSorted((a, b) => (a.agentId === b.agentId ? a.n - b.n : a.agentId < b.agentId ? -1 : 1))) {
    const where = `${write.agentId}, write ${write.n}`;
    const before = last?.agentId === write.agentId ? last : undefined;
    last = write;
    present.add(keyOf(write));
    if (write.epochThen !== write.epoch)
      faults.push(`${where}: accepted at epoch ${write.epoch} while the agent was at epoch ${write.epochThen}`);
    const holder = holders.get(`${write.agentId} ${write.epoch}`);
    if (holder !== undefined && holder !== write.hostId) faults.push(`${where}: epoch ${write.epoch} was written by two hosts`);
    holders.set(`${write.agentId} ${write.epoch}`, write.hostId);
    if (before === undefined) {
      if (write.n !== 1) faults.push(`${where}: the history does not begin at 1`);
      continue;
    }
    if (write.n !== before.n + 1) faults.push(`${where}: follows write ${before.n}`);
    if (write.epoch < before.epoch) faults.push(`${where}: epoch ${write.epoch} after epoch ${before.epoch}`);
    if (write.epoch === before.epoch && write.seq <= before.seq) faults.push(`${where}: its ${write.seq}th after its ${before.seq}th`);
  }
  for (const ack of acks)
    if (!present.has(keyOf(ack))) faults.push(`${ack.agentId}: write ${ack.seq} at epoch ${ack.epoch} was confirmed and is missing`);
  return faults;
}

const keyOf = ({ agentId, epoch, seq }: Ack): string => `${agentId} ${epoch} ${seq}`;
