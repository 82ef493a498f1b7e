import type { Module } from '../module.ts';
import { statusRecorder } from './agent.ts';
import { addStatusDoors } from './doors.ts';

/** The public status page, and the record it is made from. */
export const statusModule: Module = {
  name: 'status',
  migrations: new URL('./migrations/', import.meta.url),
  agentTypes: [statusRecorder],
  defaultAgents: [{ agentId: 'status_recorder', name: 'Status recorder', type: 'status_recorder' }],
  doors: (app, services) => addStatusDoors(app, services),
};
