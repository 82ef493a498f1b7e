export { currentSettings, SETTINGS_TOPIC } from './current.ts';
export { effective, projectSettings, traceSettings, type ProjectSettings, type TraceSettingsDocument } from './documents.ts';
export { addDays } from './keep.ts';
export { addSettingsRoutes } from './routes.ts';
export { SettingsStore, type ProjectSettingsRow } from './store.ts';
export { addTally, readTally, type Tally } from './tally.ts';
