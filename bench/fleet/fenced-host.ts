import { openSync, writeSync } from 'node:fs';
import { defineAgent, type AgentContext } from '../../src/agent/index.ts';
import { isMusterError } from '../../src/base/errors.ts';
import { createLogger } from '../../src/base/logger.ts';
import { PostgresAdapter } from '../../src/db/adapter.ts';
import { sql, type Sql } from '../../src/db/sql.ts';
import { WakeUps } from '../../src/db/wake-ups.ts';
import { FleetHost } from '../../src/fleet/host.ts';
import { createSharedState } from '../../src/state/create-shared-state.ts';
import { fenced } from '../../src/state/fence.ts';

/**
 * A host in a process of its own, with leases shorter than `muster launch` allows, whose agents write in a tight loop, and go on
 * writing for a while when they are told that they may not. `node fenced-host.js <url> <journal> <beat ms> <lease ms> <log>`.
 */
const [url = '', journalFile = '', beatMs, leaseMs, logFile = ''] = process.argv.slice(2);
/** Writes that an agent tries after it was told to end, or after the first that was refused. */
const STUBBORN_WRITES = 20;

const journal = openSync(journalFile, 'a');
/** What the agent believes, in a file: a process that is killed or frozen has told what it was told. */
const note = (ctx: AgentContext, what: string, seq: number): void =>
  void writeSync(journal, `${what} ${ctx.agentId} ${ctx.epoch} ${seq}\n`);

const log = createLogger({ level: 'warn', file: logFile });
const database = new PostgresAdapter({
  url,
  poolMax: 8,
  poolMin: 0,
  applicationName: 'bench host',
  queryTimeoutMs: 10_000,
  statementTimeoutMs: 8_000,
});

/** By the door that agents use, which asks the host's own clock first; and past it, so that the database alone decides. */
const doors: readonly ((ctx: AgentContext, statement: Sql) => Promise<unknown>)[] = [
  (ctx, statement) => ctx.sql.write(statement),
  (ctx, statement) =>
    fenced(database, ctx.hostId, [{ hostId: ctx.hostId, agentId: ctx.agentId, epoch: ctx.epoch }], (tx) => tx.query(statement)),
];

const scribe = defineAgent({
  type: 'scribe',
  name: 'Scribe',
  description: 'Writes in a tight loop.',
  schedule: { every: '10ms' },
  timeout: '1h',
  async run(ctx) {
    let stubborn = 0;
    for (let seq = 1, n = 0; stubborn < STUBBORN_WRITES; n += 1) {
      if (ctx.signal.aborted) stubborn += 1;
      const door = doors[n % doors.length];
      try {
        await door?.(
          ctx as AgentContext,
          sql`insert into public.effects (agent_id, host_id, epoch, seq) values (${ctx.agentId}, ${ctx.hostId}, ${ctx.epoch}, ${seq})`,
        );
        note(ctx as AgentContext, 'written', seq);
        seq += 1;
      } catch (error) {
        // Anything but a refusal leaves open whether it was written: it is written again under the same number.
        if (!isMusterError(error, 'LEASE_LOST')) continue;
        note(ctx as AgentContext, n % doors.length === 0 ? 'withheld' : 'refused', seq);
        if (!ctx.signal.aborted) stubborn += 1;
      }
    }
  },
});

await database.start();
const wake = new WakeUps(database, { log });
await wake.start();
const host = new FleetHost({
  state: createSharedState(database, { leaseMs: Number(leaseMs), wake }),
  wake,
  types: [scribe],
  capacity: 100,
  beatMs: Number(beatMs),
  leaseMs: Number(leaseMs),
  version: 'bench',
  log,
});
await host.start();
