export { acknowledgeIncident, findIncidents, getIncident, listIncidents, type IncidentRecord } from '../alerts/alert-store.ts';
export type { Incident } from '../alerts/incident.ts';
export { incidentDetailView, incidentView } from '../alerts/views.ts';
export { addNote } from './note-store.ts';
export { postMortem } from './post-mortem.ts';
export { noteView } from './routes.ts';
export { readStory, timelineOfStory } from './timeline.ts';
