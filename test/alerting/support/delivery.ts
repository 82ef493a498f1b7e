import { randomUUID } from 'node:crypto';
import { sql } from '../../../src/db/sql.ts';
import type { FleetHost } from '../../../src/fleet/host.ts';
import { alertDelivery } from '../../../src/modules/alerting/delivery/agent.ts';
import { createChannelStore, requireType, type ChannelRecord } from '../../../src/modules/alerting/delivery/channel-store.ts';
import { enqueue, type NewNotification } from '../../../src/modules/alerting/delivery/notification.ts';
import { createOutbound } from '../../../src/outbound/index.ts';
import { testFleet, type TestFleet } from '../../fleet/support/fleet.ts';
import { LocalWakeUps } from '../../server/support/test-server.ts';

export const loopback = createOutbound({ allowedNetworks: ['127.0.0.0/8'], allowCommands: true });

export interface TestDelivery extends AsyncDisposable {
  readonly fleet: TestFleet;
  readonly wake: LocalWakeUps;
  host(): Promise<FleetHost>;
  channel(name: string, type: string, settings: Readonly<Record<string, unknown>>): Promise<ChannelRecord>;
  /** Puts messages into the outbox and says so; their ids. */
  send(...notifications: readonly NewNotification[]): Promise<readonly string[]>;
  /** How many messages are in each state. */
  states(): Promise<Readonly<Record<string, number>>>;
}

/** An outbox, and hosts that run alert_delivery, which may call loopback. */
export async function testDelivery(config: Readonly<Record<string, unknown>> = {}): Promise<TestDelivery> {
  const fleet = await testFleet();
  const wake = new LocalWakeUps();
  await fleet.agents('alert_delivery', ['alert_delivery'], config);
  const store = createChannelStore(fleet.database, fleet.state.secrets);
  return {
    fleet,
    wake,
    host: () => fleet.host([alertDelivery], { outbound: loopback, wake }),
    async channel(name, type, settings) {
      const kind = requireType(type);
      const parsed = kind.settings.parse(settings);
      return store.add({ name, type: kind, settings: parsed, createdBy: 'test' });
    },
    async send(...notifications) {
      const ids = await fleet.database.transaction((tx) => enqueue(tx, notifications));
      wake.hint('notifications');
      return ids;
    },
    async states() {
      const { rows } = await fleet.database.query<{ state: string; n: number }>(
        sql`select state, count(*)::int as n from muster.notifications group by state`,
      );
      return Object.fromEntries(rows.map(({ n, state }) => [state, n]));
    },
    [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose](),
  };
}

export const message = (more: Partial<NewNotification> = {}): NewNotification => ({
  channel: 'ops',
  kind: 'firing',
  level: 'critical',
  alertId: randomUUID(),
  seq: 1,
  document: { title: 'CPU above 90% on web-1', text: 'It has been so for 5 minutes.' },
  ...more,
});
