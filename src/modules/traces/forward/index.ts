export { ForwardService } from './forward-service.ts';
export { addForwardRoutes } from './routes.ts';
export { ForwardChanges, Forwards, GivenForward } from './set-up.ts';
export type { ForwardView } from './views.ts';
