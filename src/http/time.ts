import { durationMs } from '../base/duration.ts';

/** The end of the year 9999: later ones have no ISO 8601 form of four digits. */
const LATEST = 253_402_300_799_999;

/**
 * Milliseconds since 1970 of a time as people and programs write it: ISO 8601 with a zone, milliseconds since 1970, or
 * relative to now: `now`, `now-1h`, `now-1h30m`. Undefined for anything else.
 */
export function parseTime(text: string, now: number): number | undefined {
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : text.startsWith('now') ? relative(text, now) : iso(text);
  return ms !== undefined && ms >= 0 && ms <= LATEST ? ms : undefined;
}

function relative(text: string, now: number): number | undefined {
  const match = /^now(?:([+-])((?:\d{1,9}(?:ms|s|m|h|d|w))+))?$/.exec(text);
  if (match === null) return undefined;
  if (match[2] === undefined) return now;
  const offset = durationMs(match[2]);
  return match[1] === '-' ? now - offset : now + offset;
}

function iso(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)) return undefined;
  const ms = Date.parse(text);
  // Date.parse rolls 30 February over into March: a day that does not exist is a mistake, not another day.
  const day = Number(text.slice(8, 10));
  const daysInMonth = new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate();
  return Number.isNaN(ms) || day > daysInMonth ? undefined : ms;
}

export const isoTime = (ms: number): string => new Date(ms).toISOString();
export const isoTimeOrNull = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));
