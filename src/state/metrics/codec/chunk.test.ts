import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isMusterError } from '../../../base/errors.ts';
import { decodeChunk, encodeChunk, type Column } from './chunk.ts';

const SECOND = 1e6;
/** 2026-11-22T00:00:00Z in microseconds since 2000. */
const START = 848_534_400 * SECOND;

const column = (values: readonly number[], times?: readonly number[]): Column => ({
  times: Float64Array.from(times ?? values.map((_, i) => START + i * 5 * SECOND)),
  values: Float64Array.from(values),
});

const bits = (values: Float64Array): readonly bigint[] => Array.from(new BigUint64Array(values.buffer, values.byteOffset, values.length));

function expectRoundTrip(original: Column): Buffer {
  const bytes = encodeChunk(original);
  const decoded = decodeChunk(bytes);
  expect(bits(decoded.values)).toEqual(bits(original.values));
  expect(decoded.times).toEqual(original.times);
  return bytes;
}

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const hundredths = fc.integer({ min: -1e9, max: 1e9 }).map((n) => n / 100);
const few = fc.constantFrom(0.1, 0.3333333333333333, -0, 0, 5e-324, 1.7976931348623157e308);
const counter = fc.array(fc.nat(1e6)).map((steps) =>
  steps.map(
    (
      (sum) => (step: number) =>
        (sum += step)
    )(2 ** 40),
  ),
);

describe('a chunk gives back, bit for bit,', () => {
  test.each([
    ['any finite doubles', fc.array(finite)],
    ['decimals', fc.array(hundredths)],
    ['values that come back', fc.array(few, { minLength: 1, maxLength: 200 })],
    ['counters', counter],
    ['a mixture', fc.array(fc.oneof(finite, hundredths, few, fc.integer(), fc.maxSafeInteger()))],
  ])('%s', (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (values) => void expectRoundTrip(column(values))),
      { numRuns: 300 },
    );
  });

  test('any times in order, to the microsecond', () => {
    const gaps = fc.array(
      fc.oneof(fc.constant(5 * SECOND), fc.nat(3 * SECOND), fc.constant(0), fc.integer({ min: 0, max: 86_400 * SECOND })),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(gaps, fc.integer({ min: -1e15, max: 1e15 }), (steps, start) => {
        const times: number[] = [];
        let at = start;
        for (const step of steps) times.push((at += step));
        expectRoundTrip(
          column(
            times.map(() => 1),
            times,
          ),
        );
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    [
      'the edges of doubles',
      [0, -0, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -1.7976931348623157e308, Number.EPSILON],
    ],
    ['the edges of integers', [2 ** 53, -(2 ** 53), 2 ** 53 - 1, 2 ** 52, 2 ** 49, -(2 ** 49), 2 ** 50 + 1, 0, 1]],
    ['decimals that no single scale fits', [0.1, 1e15 + 0.5, 123456789.123456]],
    ['a zero among negative zeros', [-0, -0, 0, -0, -0, -0, -0, -0]],
    ['one sample', [42]],
    ['none', []],
  ])('%s', (_, values) => void expectRoundTrip(column(values)));
});

describe('a day of one sample every five seconds costs', () => {
  const day = Array.from({ length: 4096 }, (_, i) => i);

  test('some thirty bytes where nothing changes', () => {
    expect(expectRoundTrip(column(day.map(() => 0.25))).length).toBeLessThan(32);
  });

  test('no more where the times are those of a schedule that missed some', () => {
    const times = day.filter((i) => i % 1000 !== 7).map((i) => START + i * 5 * SECOND);
    expect(
      expectRoundTrip(
        column(
          times.map(() => 1),
          times,
        ),
      ).length,
    ).toBeLessThan(80);
  });

  test('less than a bit a sample for a steady counter of pages, in bytes', () => {
    expect(expectRoundTrip(column(day.map((i) => 4096 * (1_000_000 + i * 3)))).length).toBeLessThan(48);
  });

  test('about the entropy of noise: two hundred equally likely hundredths take one byte', () => {
    const random = (
      (seed: number) => () =>
        (seed = (seed * 48271) % 2147483647) / 2147483647
    )(7);
    const bytes = expectRoundTrip(column(day.map(() => Math.floor(random() * 200) / 100)));
    expect(bytes.length / day.length).toBeLessThan(1.05);
  });
});

describe('bytes that are not a chunk', () => {
  test('are refused with the remedy, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, versioned) => {
        const bytes = Buffer.from(versioned ? [1, ...noise] : noise);
        try {
          decodeChunk(bytes);
        } catch (error) {
          expect(isMusterError(error, 'INTERNAL')).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a chunk cut short is refused', () => {
    const bytes = encodeChunk(column([1, 2, 3.5, 4, 5]));
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeChunk(bytes.subarray(0, length))).toThrow(/cannot be read/);
    }
  });
});
