export { addDatasetDoors } from './doors.ts';
export { addDatasetRoutes } from './routes.ts';
export type { Example } from './dataset.ts';
export { Datasets } from './datasets.ts';
export { Examples } from './examples.ts';
