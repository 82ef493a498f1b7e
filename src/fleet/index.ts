export { activateSlot, registerImplementation, requireSlot, type Registration } from './activation.ts';
export { agentCoordinator } from './coordinator.ts';
export { FleetHost, type HostStatus } from './host.ts';
