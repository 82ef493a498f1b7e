import type { Isolation } from '../../../src/agent/isolation.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { PostgresAdapter } from '../../../src/db/adapter.ts';
import { FleetHost } from '../../../src/fleet/host.ts';
import { createSharedState } from '../../../src/state/create-shared-state.ts';
import { BEAT_MS, LEASE_MS } from './fleet-settings.ts';
import { ENTRY, isolated } from './isolated.ts';

/** A host in a process of its own whose agents run apart from it. Says its id once it runs agents. */
export async function main([url = '', kind = 'thread']: readonly string[]): Promise<void> {
  const database = new PostgresAdapter({ url, poolMax: 5, poolMin: 0, applicationName: 'muster test host' });
  await database.start();
  const host = new FleetHost({
    state: createSharedState(database, { leaseMs: LEASE_MS }),
    types: [isolated('scribbling', kind as Isolation)],
    beatMs: BEAT_MS,
    leaseMs: LEASE_MS,
    version: 'test',
    log: silentLogger,
    isolation: { entry: ENTRY },
  });
  await host.start();
  process.stdout.write(`${JSON.stringify({ hostId: host.hostId })}\n`);
  await new Promise((resolve) => process.once('SIGTERM', resolve));
  await host.stop();
  await database.stop();
}
