export { addAnnotationDoors } from './langsmith-doors.ts';
