import { silentLogger } from '../../../src/base/logger.ts';
import { PostgresAdapter } from '../../../src/db/adapter.ts';
import { WakeUps } from '../../../src/db/wake-ups.ts';
import { FleetHost } from '../../../src/fleet/host.ts';
import { createSharedState } from '../../../src/state/create-shared-state.ts';
import { worker } from './fleet-settings.ts';

/** Leases so long that a death found sooner was not found by them. */
export const LONG_LEASE = { beatMs: 2_000, leaseMs: 60_000 };

/** A host in a process of its own that others watch. Says its id once it runs; stops on SIGTERM. */
export async function main([url = '']: readonly string[]): Promise<void> {
  const database = new PostgresAdapter({ url, poolMax: 5, poolMin: 1 });
  await database.start();
  const wake = new WakeUps(database);
  await wake.start();
  const host = new FleetHost({
    state: createSharedState(database, { leaseMs: LONG_LEASE.leaseMs, wake }),
    wake,
    direct: database,
    types: [worker()],
    ...LONG_LEASE,
    version: 'test',
    log: silentLogger,
  });
  await host.start();
  process.stdout.write(`${JSON.stringify({ hostId: host.hostId })}\n`);
  await new Promise((resolve) => process.once('SIGTERM', resolve));
  await host.stop();
  await wake.stop();
  await database.stop();
}
