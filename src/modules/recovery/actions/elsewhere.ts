import type { Labels } from '../action.ts';

/** Whether an alert is about another monitored database: what is found here would be innocent. */
export const isElsewhere = (labels: Labels): boolean => labels['database'] !== undefined;
