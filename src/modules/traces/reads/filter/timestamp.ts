import type { Micros } from '../../run/operation.ts';

const FORM = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d\d:?\d\d)?$/i;
/** The year 9999. */
const LATEST = 253_402_300_800_000_000;

/**
 * Microseconds since 1970 of a time as the SDKs write it: ISO 8601, UTC where no zone stands (Python's `datetime.utcnow().isoformat()`), or a
 * number of milliseconds since 1970. Undefined for anything else.
 */
export function parseTimestamp(value: unknown): Micros | undefined {
  if (typeof value === 'number') return within(Math.round(value * 1_000));
  const match = typeof value === 'string' ? FORM.exec(value.trim()) : null;
  if (match === null) return undefined;
  const [, day = '', minutes = '00:00', seconds = '00', fraction = '', zone = 'Z'] = match;
  const offset = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  const ms = Date.parse(`${day}T${minutes}:${seconds}${offset}`);
  // Date.parse rolls 30 February over into March: a day that does not exist is a mistake, not another day.
  const dayMs = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(ms) || Number.isNaN(dayMs) || new Date(dayMs).toISOString().slice(0, 10) !== day) return undefined;
  return within(ms * 1_000 + Number(fraction.padEnd(6, '0').slice(0, 6)));
}

const within = (micros: number): Micros | undefined => (micros >= 0 && micros < LATEST ? micros : undefined);

/** `2026-11-26T07:14:24.123456Z` */
export const isoMicros = (micros: Micros): string =>
  `${new Date(Math.floor(micros / 1_000)).toISOString().slice(0, 23)}${String(micros % 1_000).padStart(3, '0')}Z`;
