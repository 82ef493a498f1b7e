export { addAnnotationDoors } from './langsmith-doors.ts';
export { addAnnotationRoutes } from './routes.ts';
