import type { Column } from './codec/chunk.ts';

export const COPY_CHUNKS = 'copy muster.chunks (ts, until, series_id, n, data) from stdin (format binary)';

export interface ChunkRow {
  readonly series: number;
  readonly column: Column;
  readonly data: Buffer;
}

const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const FIXED_BYTES = 2 + (4 + 8) * 2 + (4 + 4) * 2 + 4;

/** One COPY of chunk rows in PostgreSQL's binary form. */
export function encodeChunkCopy(rows: readonly ChunkRow[]): Buffer {
  const parts: Buffer[] = [HEADER];
  for (const { series, column, data } of rows) {
    const fixed = Buffer.allocUnsafe(FIXED_BYTES);
    let at = fixed.writeInt16BE(5, 0);
    for (const time of [column.times[0] ?? 0, column.times.at(-1) ?? 0]) {
      const high = Math.floor(time / 4_294_967_296);
      at = fixed.writeInt32BE(8, at);
      at = fixed.writeInt32BE(high, at);
      at = fixed.writeUInt32BE(time - high * 4_294_967_296, at);
    }
    for (const number of [series, column.times.length]) {
      at = fixed.writeInt32BE(4, at);
      at = fixed.writeInt32BE(number, at);
    }
    fixed.writeInt32BE(data.length, at);
    parts.push(fixed, data);
  }
  parts.push(Buffer.from([0xff, 0xff]));
  return Buffer.concat(parts);
}
