import { join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import type { Module } from '../module.ts';
import { alertingSystem } from './alerts/agent.ts';
import { addAcknowledgeDoor } from './alerts/acknowledge-door.ts';
import { addAlertRoutes } from './alerts/routes.ts';
import { alertDelivery } from './delivery/agent.ts';
import { AwayAlarm } from './delivery/away/away-alarm.ts';
import { Spool } from './delivery/away/spool.ts';
import { addDeliveryRoutes } from './delivery/routes.ts';
import { addIncidentRoutes } from './incidents/routes.ts';
import { addOnCallRoutes } from './oncall/routes.ts';
import { createRuleEvaluator } from './rules/index.ts';
import { addRuleRoutes } from './rules/routes.ts';

/** Turns what is measured into alerts, and brings word of them to people. */
export const alertingModule: Module = {
  name: 'alerting',
  migrations: new URL('./migrations/', import.meta.url),
  agentTypes: [alertingSystem((ctx) => createRuleEvaluator(ctx.fleet)), alertDelivery],
  defaultAgents: [
    { agentId: 'alerting_system', name: 'Alerting system', type: 'alerting_system' },
    { agentId: 'alert_delivery', name: 'Alert delivery', type: 'alert_delivery' },
  ],
  services: ({ databaseLost, dataDir, hostId, log, outbound, state, wake }) => [
    new AwayAlarm({
      state,
      outbound,
      wake,
      clock: systemClock,
      log,
      host: hostId,
      lost: databaseLost,
      spool: new Spool(join(dataDir, 'spool')),
    }),
  ],
  doors: (app, services) => addAcknowledgeDoor(app, services),
  routes(app, services) {
    addDeliveryRoutes(app, services);
    addRuleRoutes(app, services);
    addAlertRoutes(app, services);
    addIncidentRoutes(app, services);
    addOnCallRoutes(app, services);
  },
};

export { channelDelivery } from './delivery/channel-delivery.ts';
export type { ChannelRecord, ChannelStore, Settings } from './delivery/channel-store.ts';
export type { NotificationRecord } from './delivery/notification-store.ts';
export type { Alert } from './alerts/alert.ts';
export { TRANSITIONS_TOPIC } from './alerts/watch.ts';
export { acknowledge, findAlerts, listAlerts, timelineOf, toldOf, unacknowledge } from './alerts/alert-store.ts';
export { impactLine, impactOf } from './alerts/impact.ts';
export { matcherText, parseMatcher, type Matcher } from './alerts/matcher.ts';
export { addSilence, addWindow, deleteWindow, endSilence, listSilences, listWindows, type NewWindow } from './alerts/quiet-store.ts';
export { isCron } from './alerts/quiet.ts';
export { alertDetailView, alertView, silenceView, windowView } from './alerts/views.ts';
