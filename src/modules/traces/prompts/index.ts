export { addPromptDoors } from './langsmith-doors.ts';
export { addPromptRoutes } from './routes.ts';
