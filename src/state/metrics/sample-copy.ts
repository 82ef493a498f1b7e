import { hourOf, microsecondsOf } from './pg-time.ts';

export const COPY_SAMPLES = 'copy muster.samples (ts, value, series_id, hour) from stdin (format binary)';

const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const ROW_BYTES = 2 + (4 + 8) + (4 + 8) + (4 + 4) + (4 + 4);

/** One COPY in PostgreSQL's binary form: 42 bytes a row, written by hand into one buffer. `order` says which samples, and in what order. */
export function encodeSampleCopy(
  samples: readonly { readonly at: number; readonly value: number }[],
  ids: Int32Array,
  order: Uint32Array,
): Buffer {
  const buffer = Buffer.allocUnsafe(HEADER.length + order.length * ROW_BYTES + 2);
  HEADER.copy(buffer);
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  let at = HEADER.length;
  for (const index of order) {
    const sample = samples[index];
    if (sample === undefined) throw new RangeError(`there is no sample ${index}`);
    const microseconds = microsecondsOf(sample.at);
    const high = Math.floor(microseconds / 4_294_967_296);
    view.setInt16(at, 4);
    view.setInt32(at + 2, 8);
    view.setInt32(at + 6, high);
    view.setUint32(at + 10, microseconds - high * 4_294_967_296);
    view.setInt32(at + 14, 8);
    view.setFloat64(at + 18, sample.value);
    view.setInt32(at + 26, 4);
    view.setInt32(at + 30, ids[index] ?? 0);
    view.setInt32(at + 34, 4);
    view.setInt32(at + 38, hourOf(sample.at));
    at += ROW_BYTES;
  }
  view.setInt16(at, -1);
  return buffer;
}

/**
 * The places of `wanted` in order of series: neighbours in the index are then written together. The keys carry series and
 * place in one double (31 and 22 bits), so that the sort is the native one of numbers.
 */
export function bySeries(ids: Int32Array, wanted: Uint32Array): Uint32Array {
  const keys = new Float64Array(wanted.length);
  for (let i = 0; i < wanted.length; i += 1) keys[i] = (ids[wanted[i] ?? 0] ?? 0) * PLACES + (wanted[i] ?? 0);
  keys.sort();
  const order = new Uint32Array(wanted.length);
  for (let i = 0; i < keys.length; i += 1) order[i] = (keys[i] ?? 0) % PLACES;
  return order;
}

const PLACES = 2 ** 22;
