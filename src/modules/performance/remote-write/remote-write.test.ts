import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { literalSnappy, writeRequest } from '../../../../test/support/remote-write.ts';
import { isMusterError } from '../../../base/errors.ts';
import { samplesOf } from './routes.ts';
import { unsnappy } from './snappy.ts';
import { readWriteRequest } from './write-request.ts';

const text = (block: readonly number[]): string => Buffer.from(unsnappy(Uint8Array.from(block), 1_000)).toString();

describe('snappy', () => {
  it('unpacks literals and copies, also those that overlap what they write', () => {
    expect(text([3, 2 << 2, 97, 98, 99])).toBe('abc');
    // "ab", then a copy of 6 bytes from 2 back, with a one-byte offset: abababab.
    expect(text([8, 1 << 2, 97, 98, (2 << 2) | 1, 2])).toBe('abababab');
    // The same with an offset of two bytes, and of four.
    expect(text([8, 1 << 2, 97, 98, (5 << 2) | 2, 2, 0])).toBe('abababab');
    expect(text([8, 1 << 2, 97, 98, (5 << 2) | 3, 2, 0, 0, 0])).toBe('abababab');
  });

  it('gives back what was packed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        expect(Buffer.from(unsnappy(literalSnappy(Buffer.from(bytes)), 1_000))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('refuses before it makes anything what would become too large', () =>
    expect(() => unsnappy(Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0]), 1_000)).toThrow(/1000 are taken/));

  it.each([
    ['nothing', []],
    ['a length without an end', [0xff]],
    ['less than announced', [5, 0, 97]],
    ['more than announced', [1, 2 << 2, 97, 98, 99]],
    ['a copy from before the beginning', [8, 1 << 2, 97, 98, (2 << 2) | 1, 3]],
    ['a copy of nothing', [8, 1 << 2, 97, 98, (2 << 2) | 1, 0]],
    ['a literal that ends early', [9, 8 << 2, 97]],
  ])('refuses %s', (_, block) => expect(() => text(block)).toThrow(/snappy/));

  it('refuses whatever else arrives with an error of its own', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          unsnappy(bytes, 1_000);
        } catch (error) {
          expect(isMusterError(error)).toBe(true);
        }
      }),
    );
  });
});

describe('a write request', () => {
  it('is read into series', () => {
    const request = writeRequest([
      {
        labels: { __name__: 'up', job: 'x' },
        samples: [
          [1, 1_700_000_000_000],
          [0.5, -5],
        ],
      },
      { labels: { __name__: 'größe_bytes' }, samples: [[Number.NaN, 1]] },
    ]);
    const { series, histograms } = readWriteRequest(request, 10);
    expect(histograms).toBe(0);
    expect(series[0]).toEqual({
      labels: [
        ['__name__', 'up'],
        ['job', 'x'],
      ],
      samples: [
        { value: 1, at: 1_700_000_000_000 },
        { value: 0.5, at: -5 },
      ],
    });
    expect(samplesOf({ series, histograms })).toEqual({
      nameless: 0,
      samples: [
        { metricName: 'up', agentId: '', unit: '', labels: { job: 'x' }, at: 1_700_000_000_000, value: 1 },
        { metricName: 'up', agentId: '', unit: '', labels: { job: 'x' }, at: -5, value: 0.5 },
      ],
    });
  });

  it('is refused with more samples than are taken', () =>
    expect(() =>
      readWriteRequest(
        writeRequest([
          {
            labels: { __name__: 'a' },
            samples: [
              [1, 1],
              [2, 2],
              [3, 3],
            ],
          },
        ]),
        2,
      ),
    ).toThrow(/more than 2 samples/));

  it('is refused with an error of its own where it is none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          readWriteRequest(bytes, 10);
        } catch (error) {
          expect(isMusterError(error)).toBe(true);
        }
      }),
    );
  });
});
