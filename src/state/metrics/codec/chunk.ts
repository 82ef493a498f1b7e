import { MusterError } from '../../../base/errors.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { writeDoubles, readDoubles } from './doubles.ts';
import { decodeIntegers, encodeIntegers } from './integers.ts';

/** The samples of one series in order of time. Times are microseconds since 2000-01-01, PostgreSQL's own. */
export interface Column {
  readonly times: Float64Array;
  readonly values: Float64Array;
}

const VERSION = 1;

/** Packs a column into bytes that `decodeChunk` turns back into exactly these times and values, bit for bit. */
export function encodeChunk({ times, values }: Column): Buffer {
  const instants = encodeIntegers(times);
  if (instants === undefined) throw new MusterError('INTERNAL', 'the samples of a chunk lie more than 35 years apart');
  const out = new ByteWriter(instants.length + values.length * 2 + 32);
  out.byte(VERSION);
  out.unsigned(times.length);
  out.bytes(instants);
  writeDoubles(out, values);
  return Buffer.from(out.result());
}

/** Throws INTERNAL where the bytes are not a chunk of ours. */
export function decodeChunk(bytes: Buffer): Column {
  try {
    const input = new ByteReader(bytes);
    const version = input.byte();
    if (version !== VERSION) throw new RangeError(`version ${version} is not known`);
    const count = input.unsigned();
    if (count > LARGEST_COUNT) throw new RangeError(`${count} samples are too many`);
    const column = { times: decodeIntegers(input, count), values: readDoubles(input, count) };
    if (!input.atEnd) throw new RangeError('bytes are left over');
    return column;
  } catch (cause) {
    throw new MusterError('INTERNAL', `A chunk of metrics cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`, {
      remedy: 'Check the disk and the server log for corruption, then restore table muster.chunks from a backup.',
      cause,
    });
  }
}

/** Far above what compaction writes; keeps a corrupt count from asking for all the memory there is. */
const LARGEST_COUNT = 4_000_000;
