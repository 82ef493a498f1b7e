export { calendarReports } from './calendar-store.ts';
export { escalateByHand, listEscalations, type EscalationRecord } from './escalation-store.ts';
export { whoIsOnCall } from './on-call.ts';
export { addOverride } from './override-store.ts';
export { readRoster } from './roster-store.ts';
export { applyOnCall, onCallFile, peopleOf, policiesOf, schedulesOf } from './set-up.ts';
export { shiftsOf } from './shifts.ts';
export { escalationView, namedView, onCallView, overrideView, shiftView } from './views.ts';
