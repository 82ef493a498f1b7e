import type { Micros } from './operation.ts';
import { readUuid, writeUuid } from './uuid.ts';

/** One run on the way from the root of its trace down. */
export interface Segment {
  readonly at: Micros;
  readonly runId: string;
}

const SEGMENT = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{6})Z([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i;
const SEGMENT_BYTES = 24;
/** Deeper than anybody's tree; a path is kept with every run. */
const MOST_SEGMENTS = 100;
const SIGN = 0x8000_0000;

/** `20261126T071424123456Z<uuid>.…` by its segments, the root first. Undefined where it is none. */
export function parseDottedOrder(text: string): readonly Segment[] | undefined {
  const parts = text.split('.');
  if (parts.length > MOST_SEGMENTS) return undefined;
  const segments: Segment[] = [];
  for (const part of parts) {
    const match = SEGMENT.exec(part);
    if (match === null) return undefined;
    const [, year, month, day, hour, minute, second, micros, runId = ''] = match;
    const at = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
    segments.push({ at: at * 1_000 + Number(micros), runId: runId.toLowerCase() });
  }
  return segments;
}

/** As the database keeps it: 24 bytes a segment, which sort like the text. */
export function pathOf(segments: readonly Segment[]): Buffer {
  const path = Buffer.allocUnsafe(segments.length * SEGMENT_BYTES);
  segments.forEach(({ at, runId }, index) => {
    const start = index * SEGMENT_BYTES;
    const high = Math.floor(at / 4_294_967_296);
    path.writeUInt32BE((high ^ SIGN) >>> 0, start);
    path.writeUInt32BE(at - high * 4_294_967_296, start + 4);
    writeUuid(path, runId, start + 8);
  });
  return path;
}

export function segmentsOf(path: Buffer): readonly Segment[] {
  const segments: Segment[] = [];
  for (let start = 0; start + SEGMENT_BYTES <= path.length; start += SEGMENT_BYTES) {
    const high = (path.readUInt32BE(start) ^ SIGN) | 0;
    segments.push({ at: high * 4_294_967_296 + path.readUInt32BE(start + 4), runId: readUuid(path, start + 8) });
  }
  return segments;
}

/** The text again; without a path it is that of a root, which follows from its start and id. */
export function dottedOrderOf(path: Buffer | null, start: Micros, runId: string): string {
  const segments = path === null ? [{ at: start, runId }] : segmentsOf(path);
  return segments.map(({ at, runId: id }) => `${stampOf(at)}${id}`).join('.');
}

function stampOf(at: Micros): string {
  const ms = Math.floor(at / 1_000);
  const micros = at - ms * 1_000;
  return `${new Date(ms).toISOString().replaceAll(/[-:]/g, '').replace('.', '').slice(0, -1)}${String(micros).padStart(3, '0')}Z`;
}
