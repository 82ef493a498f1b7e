import { ByteWriter, type ByteReader } from './bytes.ts';
import { readIntegerPlanes, writeIntegerPlanes } from './planes.ts';

/** Beyond it a second difference might not be exact in a double. */
const LARGEST_OFFSET = 2 ** 50;

/**
 * A sequence of integers: the first one, the greatest common divisor of the distances from it (memory comes in pages,
 * times in seconds), and then whichever is shortest: the distances themselves (a gauge), their differences (a counter),
 * or the differences of those (a clock, a steady counter).
 * Returns undefined where the numbers lie too far apart to be exact.
 */
export function encodeIntegers(values: Float64Array): Buffer | undefined {
  const first = values[0] ?? 0;
  const offsets = values.map((value) => value - first);
  let divisor = 0;
  for (const offset of offsets) {
    if (Math.abs(offset) > LARGEST_OFFSET * (divisor || 1)) return undefined;
    divisor = greatestCommonDivisor(divisor, Math.abs(offset));
  }
  for (let i = 0; i < offsets.length; i += 1) {
    offsets[i] = (offsets[i] ?? 0) / (divisor || 1);
    if (Math.abs(offsets[i] ?? 0) > LARGEST_OFFSET) return undefined;
  }

  const steps = differences(offsets);
  const candidates = [plain(first, divisor, offsets), stepwise(first, divisor, steps), clocked(first, divisor, steps)];
  return candidates.reduce((best, candidate) => (candidate.length < best.length ? candidate : best)).result();
}

function plain(first: number, divisor: number, offsets: Float64Array): ByteWriter {
  const least = offsets.reduce((a, b) => (b < a ? b : a), 0);
  const out = header(first + least * divisor, divisor, 0);
  writeIntegerPlanes(
    out,
    offsets.map((offset) => offset - least),
  );
  return out;
}

function stepwise(first: number, divisor: number, steps: Float64Array): ByteWriter {
  const out = header(first, divisor, 1);
  writeIntegerPlanes(out, steps);
  return out;
}

/** The first step goes into the header: among the second differences it would widen every plane. */
function clocked(first: number, divisor: number, steps: Float64Array): ByteWriter {
  const out = header(first, divisor, 2);
  out.signed(steps[0] ?? 0);
  writeIntegerPlanes(out, differences(steps));
  return out;
}

function header(base: number, divisor: number, order: number): ByteWriter {
  const out = new ByteWriter();
  out.byte(order);
  out.signed(base);
  out.unsigned(divisor);
  return out;
}

export function decodeIntegers(input: ByteReader, count: number): Float64Array {
  const order = input.byte();
  if (order > 2) throw new RangeError(`there are no differences of order ${order}`);
  const base = input.signed();
  const divisor = input.unsigned();
  let offsets: Float64Array;
  if (order === 0) offsets = readIntegerPlanes(input, count);
  else if (order === 1) offsets = sums(0, readIntegerPlanes(input, Math.max(0, count - 1)), count);
  else {
    const step = input.signed();
    offsets = sums(0, sums(step, readIntegerPlanes(input, Math.max(0, count - 2)), Math.max(0, count - 1)), count);
  }
  return offsets.map((offset) => base + offset * divisor);
}

/** What follows the first value, each less the one before it. */
function differences(values: Float64Array): Float64Array {
  const result = new Float64Array(Math.max(0, values.length - 1));
  for (let i = 0; i < result.length; i += 1) result[i] = (values[i + 1] ?? 0) - (values[i] ?? 0);
  return result;
}

/** The inverse of `differences`. */
function sums(first: number, steps: Float64Array, count: number): Float64Array {
  const result = new Float64Array(count);
  let sum = first;
  if (count > 0) result[0] = sum;
  for (let i = 1; i < count; i += 1) {
    sum += steps[i - 1] ?? 0;
    result[i] = sum;
  }
  return result;
}

function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
