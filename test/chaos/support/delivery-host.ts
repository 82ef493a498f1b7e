import { silentLogger } from '../../../src/base/logger.ts';
import { PostgresAdapter } from '../../../src/db/adapter.ts';
import { WakeUps } from '../../../src/db/wake-ups.ts';
import { FleetHost } from '../../../src/fleet/host.ts';
import { alertDelivery } from '../../../src/modules/alerting/delivery/agent.ts';
import { createOutbound, type Outbound } from '../../../src/outbound/index.ts';
import { createSharedState } from '../../../src/state/create-shared-state.ts';
import { CHAOS_BEAT_MS, CHAOS_LEASE_MS } from './timing.ts';

const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('killed');
};

/** A host that runs alert_delivery in a process of its own, and dies right before or right after it has sent for the nth time. */
export async function main([url = '', point = '', nth = '0']: readonly string[]): Promise<void> {
  const loopback = createOutbound({ allowedNetworks: ['127.0.0.0/8'], allowCommands: false });
  let sent = 0;
  const outbound: Outbound = {
    ...loopback,
    async request(request) {
      sent += 1;
      const fatal = sent === Number(nth);
      if (fatal && point === 'before send') die();
      try {
        return await loopback.request(request);
      } finally {
        // Also where the connection broke: it may have arrived.
        if (fatal && point === 'after send') die();
      }
    },
  };
  const database = new PostgresAdapter({
    url,
    poolMax: 6,
    poolMin: 0,
    applicationName: 'muster chaos delivery',
    heartbeatTimeoutMs: CHAOS_LEASE_MS / 2,
    connectTimeoutMs: 2_000,
  });
  await database.start();
  const wake = new WakeUps(database);
  await wake.start();
  const host = new FleetHost({
    state: createSharedState(database, { leaseMs: CHAOS_LEASE_MS, wake }),
    wake,
    outbound,
    types: [alertDelivery],
    beatMs: CHAOS_BEAT_MS,
    leaseMs: CHAOS_LEASE_MS,
    version: 'chaos',
    log: silentLogger,
  });
  await host.start();
  process.stdout.write(`${JSON.stringify({ hostId: host.hostId })}\n`);
  await new Promise((resolve) => process.once('SIGTERM', resolve));
  await host.stop();
  await wake.stop();
  await database.stop();
}
