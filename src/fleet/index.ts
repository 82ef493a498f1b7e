export { agentCoordinator } from './coordinator.ts';
export { FleetHost, type HostStatus } from './host.ts';
