import { openSync, writeSync } from 'node:fs';
import { silentLogger } from '../../../src/base/logger.ts';
import { PostgresAdapter } from '../../../src/db/adapter.ts';
import { FleetHost } from '../../../src/fleet/host.ts';
import { createSharedState } from '../../../src/state/create-shared-state.ts';
import { historian } from '../../support/history.ts';
import { CHAOS_BEAT_MS, CHAOS_LEASE_MS } from './timing.ts';

/** A host of historians in a process of its own. What was confirmed to them goes to a file that outlives it; stops on SIGTERM. */
export async function main([url = '', acksFile = '']: readonly string[]): Promise<void> {
  const acks = openSync(acksFile, 'a');
  const database = new PostgresAdapter({
    url,
    poolMax: 6,
    poolMin: 0,
    applicationName: 'muster chaos host',
    heartbeatTimeoutMs: CHAOS_LEASE_MS / 2,
    connectTimeoutMs: 2_000,
    queryTimeoutMs: 5_000,
  });
  await database.start();
  const host = new FleetHost({
    state: createSharedState(database, { leaseMs: CHAOS_LEASE_MS }),
    types: [historian((ack) => writeSync(acks, `${JSON.stringify(ack)}\n`))],
    beatMs: CHAOS_BEAT_MS,
    leaseMs: CHAOS_LEASE_MS,
    version: 'chaos',
    log: silentLogger,
  });
  await host.start();
  process.stdout.write(`${JSON.stringify({ hostId: host.hostId })}\n`);
  await new Promise((resolve) => process.once('SIGTERM', resolve));
  await host.stop();
  await database.stop();
}
