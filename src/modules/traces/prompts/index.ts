export { addPromptDoors } from './langsmith-doors.ts';
