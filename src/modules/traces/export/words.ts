import { RUN_STATUSES, RUN_TYPES } from '../run/run-type.ts';

export const runTypeOf = (stored: number): string => RUN_TYPES[stored] ?? 'chain';
export const statusOf = (stored: number): string => RUN_STATUSES[stored] ?? 'pending';
