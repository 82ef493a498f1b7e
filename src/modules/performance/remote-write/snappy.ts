import { MusterError } from '../../../base/errors.ts';

const broken = (): MusterError =>
  new MusterError('MALFORMED', 'the body is not compressed with snappy (block format)', {
    remedy: 'Send content-encoding: snappy, as Prometheus does.',
  });

/**
 * Snappy's block format. The length it announces is checked before anything is made, and nothing is written beyond it, so that
 * a few bytes cannot become gigabytes. Throws MALFORMED or TOO_LARGE.
 */
export function unsnappy(input: Uint8Array, mostBytes: number): Uint8Array {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = input[at++];
    if (byte === undefined || shift > 28) throw broken();
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (length > mostBytes) throw new MusterError('TOO_LARGE', `the body holds ${length} bytes when unpacked; ${mostBytes} are taken`);
  const output = new Uint8Array(length);
  let written = 0;
  while (at < input.length) {
    const tag = input[at++] ?? 0;
    if ((tag & 3) === 0) {
      let size = (tag >> 2) + 1;
      if (size > 60) {
        const width = size - 60;
        if (at + width > input.length) throw broken();
        size = littleEndian(input, at, width) + 1;
        at += width;
      }
      if (at + size > input.length || written + size > length) throw broken();
      output.set(input.subarray(at, at + size), written);
      at += size;
      written += size;
      continue;
    }
    const { size, offset, width } = copyOf(tag, input, at);
    at += width;
    if (at > input.length || offset === 0 || offset > written || written + size > length) throw broken();
    // The source may overlap what is being written, which repeats it: byte by byte, then.
    if (offset >= size) output.copyWithin(written, written - offset, written - offset + size);
    else for (let n = 0; n < size; n += 1) output[written + n] = output[written + n - offset] ?? 0;
    written += size;
  }
  if (written !== length) throw broken();
  return output;
}

interface Copy {
  readonly size: number;
  readonly offset: number;
  /** Bytes after the tag. */
  readonly width: number;
}

function copyOf(tag: number, input: Uint8Array, at: number): Copy {
  switch (tag & 3) {
    case 1:
      return { size: ((tag >> 2) & 7) + 4, offset: ((tag >> 5) << 8) | (input[at] ?? 0), width: 1 };
    case 2:
      return { size: (tag >> 2) + 1, offset: littleEndian(input, at, 2), width: 2 };
    default:
      return { size: (tag >> 2) + 1, offset: littleEndian(input, at, 4), width: 4 };
  }
}

function littleEndian(input: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let n = 0; n < width; n += 1) value += (input[at + n] ?? 0) * 2 ** (8 * n);
  return value;
}
