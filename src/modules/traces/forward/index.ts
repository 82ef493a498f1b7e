export { ForwardService } from './forward-service.ts';
export { addForwardRoutes } from './routes.ts';
