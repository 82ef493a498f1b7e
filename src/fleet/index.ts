export { agentCoordinator, FLEET_SUMMARY_KEY } from './coordinator.ts';
export type { AgentEvent, FleetEvent, HostEvent } from './fleet-event.ts';
export { FleetHost, type FleetHostOptions, type HostStatus } from './host.ts';
