import type { Module } from '../module.ts';
import { deadManWatch } from './agent.ts';
import { addPushRoutes } from './push.ts';
import { addWatchRoutes } from './routes.ts';

/** Dead man's switches, both ways: who must call Muster, and whom Muster must call. */
export const watchModule: Module = {
  name: 'watch',
  migrations: new URL('./migrations/', import.meta.url),
  agentTypes: [deadManWatch],
  defaultAgents: [{ agentId: 'dead_man_watch', name: "Dead man's watch", type: 'dead_man_watch' }],
  routes: (app, services) => addWatchRoutes(app, services),
  doors: (app, services) => addPushRoutes(app, services),
};

export { expectationOf, originOf, within } from './expectation.ts';
export { Monitors } from './monitors.ts';
export { monitorView, pingView, watcherView } from './views.ts';
export { sealedAs, Watchers } from './watchers.ts';
