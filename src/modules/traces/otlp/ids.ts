import { hash } from 'node:crypto';

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** A span's id written as LangSmith's SDK writes it where it knows no run. */
const PADDED = /^00000000-0000-0000-([0-9a-f]{4})-([0-9a-f]{12})$/i;

export const isTraceId = (text: string): boolean => TRACE_ID.test(text);
export const isSpanId = (text: string): boolean => SPAN_ID.test(text);

export const uuidOf = (text: unknown): string | undefined => (typeof text === 'string' && UUID.test(text) ? text.toLowerCase() : undefined);

const dashed = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;

/** A trace's id is a UUID already, but for its dashes. */
export const traceUuid = (traceId: string): string => dashed(traceId);

/**
 * A run's id from its span's. A span's id is unique within its trace alone, so both count; a span that comes in another request, or
 * again, finds the same. The version is 8: made to a rule of one's own.
 */
export function runUuid(traceId: string, spanId: string): string {
  return eighth(hash('md5', traceId + spanId, 'hex'));
}

/** The same for what hangs on a run: its nth evaluation. */
export const partUuid = (runId: string, part: string): string => eighth(hash('md5', `${runId}/${part}`, 'hex'));

function eighth(hex: string): string {
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** LangSmith's SDK in its OpenTelemetry mode tells the user this as the id of the run, and feedback names it. */
export const paddedUuid = (spanId: string): string => `00000000-0000-0000-${spanId.slice(0, 4)}-${spanId.slice(4)}`;

/** The span's id in a padded UUID. */
export function paddedSpanId(uuid: string): string | undefined {
  const [, first, second] = PADDED.exec(uuid) ?? [];
  return first === undefined || second === undefined ? undefined : `${first}${second}`.toLowerCase();
}
