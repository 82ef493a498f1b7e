import type { Micros } from './operation.ts';

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?)?\s*(Z|[+-]\d\d:?\d\d)?$/i;
/** The years 1 to 9999: what dates of every language hold. */
const EARLIEST = Date.parse('0001-01-01T00:00:00Z') * 1_000;
const LATEST = Date.parse('9999-12-31T00:00:00Z') * 1_000;

/**
 * A time as clients write it: ISO 8601 (without a zone: UTC), or a number since 1970 in milliseconds, seconds, microseconds or nanoseconds,
 * whichever lies near our time. Undefined where it is none.
 */
export function microsOf(value: unknown): Micros | undefined {
  if (typeof value === 'number') return within(fromNumber(value));
  if (typeof value !== 'string') return undefined;
  const match = ISO.exec(value);
  if (match === null) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = match;
  const at = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  if (Number(month) > 12 || Number(day) > 31 || Number(hour) > 24 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const micros = fraction === '' ? 0 : Number(fraction.slice(0, 6).padEnd(6, '0'));
  return within((at - offsetMs(zone)) * 1_000 + micros);
}

function offsetMs(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

/** Which unit is meant shows in the size: milliseconds are those of 1973 to 5138. */
function fromNumber(value: number): number {
  const size = Math.abs(value);
  if (size < 1e11) return Math.round(value * 1e6);
  if (size < 1e14) return Math.round(value * 1e3);
  return size < 1e17 ? Math.round(value) : Math.round(value / 1e3);
}

const within = (micros: number): Micros | undefined => (micros >= EARLIEST && micros <= LATEST ? micros : undefined);
