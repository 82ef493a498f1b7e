import type { Micros } from './operation.ts';

const DAY_MICROS = 86_400e6;

/** Which day (UTC) a time lies on, as days since 1970. */
export const dayOf = (at: Micros): number => Math.floor(at / DAY_MICROS);

/** `2026-11-26` */
export const dateOf = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10);

/** Of `2026-11-26`. */
export const dayOfDate = (date: string): number => Math.floor(Date.parse(`${date}T00:00:00Z`) / 86_400_000);
