import { ByteWriter, type ByteReader } from './bytes.ts';
import { decodeIntegers, encodeIntegers } from './integers.ts';
import { readDoublePlanes, writeDoublePlanes } from './planes.ts';

/**
 * Doubles, bit for bit. Host metrics are seldom arbitrary doubles: they are counts, bytes, hundredths, or ratios that
 * come back. Every form that fits is tried, the shortest is kept.
 */
const CONSTANT = 0;
/** Decimals of the same scale: integers / 10^scale. */
const DECIMAL = 1;
/** Few distinct values: those, and which. */
const DICTIONARY = 2;
const PLANES = 3;

const LARGEST_SCALE = 15;
const POWERS = Array.from({ length: LARGEST_SCALE + 1 }, (_, scale) => Number(`1e${scale}`));
const LARGEST_MANTISSA = 2 ** 52;

export function writeDoubles(out: ByteWriter, values: Float64Array): void {
  const whole = constant(values);
  if (whole !== undefined) return out.bytes(whole);
  // Planes beat a decimal only where its integers are noise anyway: then by nothing worth the time to try.
  let best = decimal(values) ?? planes(values);
  const words = dictionary(values);
  if (words !== undefined && words.length < best.length) best = words;
  out.bytes(best);
}

export function readDoubles(input: ByteReader, count: number): Float64Array {
  const form = input.byte();
  switch (form) {
    case CONSTANT:
      return new Float64Array(count).fill(input.double());
    case DECIMAL: {
      const power = POWERS[input.byte()];
      if (power === undefined) throw new RangeError('a decimal has an impossible scale');
      return decodeIntegers(input, count).map((mantissa) => mantissa / power);
    }
    case DICTIONARY: {
      const words = readDoublePlanes(input, input.unsigned());
      return decodeIntegers(input, count).map((index) => {
        const word = words[index];
        if (word === undefined) throw new RangeError('a value is not in its dictionary');
        return word;
      });
    }
    case PLANES:
      return readDoublePlanes(input, count);
    default:
      throw new RangeError(`there is no form ${form} of doubles`);
  }
}

function constant(values: Float64Array): Buffer | undefined {
  const first = values[0] ?? 0;
  if (!values.every((value) => Object.is(value, first))) return undefined;
  const out = new ByteWriter(9);
  out.byte(CONSTANT);
  out.double(first);
  return out.result();
}

function decimal(values: Float64Array): Buffer | undefined {
  let scale = 0;
  for (const value of values) {
    while (!fits(value, scale)) {
      scale += 1;
      if (scale > LARGEST_SCALE) return undefined;
    }
  }
  // A value that fitted a smaller scale need not fit the final one.
  if (!values.every((value) => fits(value, scale))) return undefined;
  const power = POWERS[scale] ?? 1;
  const mantissas = encodeIntegers(values.map((value) => Math.round(value * power)));
  if (mantissas === undefined) return undefined;
  const out = new ByteWriter(mantissas.length + 2);
  out.byte(DECIMAL);
  out.byte(scale);
  out.bytes(mantissas);
  return out.result();
}

function fits(value: number, scale: number): boolean {
  const power = POWERS[scale] ?? Number.NaN;
  const mantissa = Math.round(value * power);
  // -0 has no integer.
  return Math.abs(mantissa) <= LARGEST_MANTISSA && mantissa / power === value && !Object.is(mantissa, -0);
}

function dictionary(values: Float64Array): Buffer | undefined {
  const limit = values.length / 4;
  // Keyed by bits: a Map takes -0 for 0.
  const bits = new BigInt64Array(values.buffer, values.byteOffset, values.length);
  const distinct = new Map<bigint, number>();
  for (let i = 0; i < values.length; i += 1) {
    distinct.set(bits[i] ?? 0n, values[i] ?? 0);
    if (distinct.size > limit) return undefined;
  }
  // In order, so that neighbours in value are neighbours in number.
  const words = Float64Array.from(distinct.values()).toSorted();
  const numbers = new Map(Array.from(new BigInt64Array(words.buffer), (word, index) => [word, index]));
  const indexes = encodeIntegers(Float64Array.from(bits, (word) => numbers.get(word) ?? 0));
  if (indexes === undefined) return undefined;
  const out = new ByteWriter();
  out.byte(DICTIONARY);
  out.unsigned(words.length);
  writeDoublePlanes(out, words);
  out.bytes(indexes);
  return out.result();
}

function planes(values: Float64Array): Buffer {
  const out = new ByteWriter(values.length * 8 + 32);
  out.byte(PLANES);
  writeDoublePlanes(out, values);
  return out.result();
}
