import type { Module } from '../module.ts';
import { alertDelivery } from './delivery/agent.ts';
import { addDeliveryRoutes } from './delivery/routes.ts';
import { addRuleRoutes } from './rules/routes.ts';

/** Turns what is measured into alerts, and brings word of them to people. */
export const alertingModule: Module = {
  name: 'alerting',
  migrations: new URL('./migrations/', import.meta.url),
  agentTypes: [alertDelivery],
  defaultAgents: [{ agentId: 'alert_delivery', name: 'Alert delivery', type: 'alert_delivery' }],
  routes(app, services) {
    addDeliveryRoutes(app, services);
    addRuleRoutes(app, services);
  },
};

export { channelDelivery } from './delivery/channel-delivery.ts';
export type { ChannelRecord, ChannelStore, Settings } from './delivery/channel-store.ts';
export type { NotificationRecord } from './delivery/notification-store.ts';
export { enqueue } from './delivery/notification.ts';
