import { describe, expect, it } from 'vitest';
import { Fields, FieldWriter, ProtobufBreak } from './protobuf.ts';

const written = (write: (fields: FieldWriter) => void): Fields => {
  const fields = new FieldWriter();
  write(fields);
  return new Fields(fields.end());
};

describe('fields of protobuf', () => {
  it.each([1, 127, 128, 300, 2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, -1, -(2 ** 53 - 1)])(
    'reads the integer %d as it was written',
    (value) => {
      const fields = written((writer) => writer.int64(3, value));
      expect([fields.next(), fields.int64(), fields.next()]).toEqual([3, value, 0]);
    },
  );

  it('gives digits for an integer that a double would round', () => {
    // 2^63 - 1 and -2^63.
    const most = Buffer.from('08ffffffffffffffff7f', 'hex');
    const least = Buffer.from('0880808080808080808001', 'hex');
    for (const [bytes, digits] of [
      [most, '9223372036854775807'],
      [least, '-9223372036854775808'],
    ] as const) {
      const fields = new Fields(bytes);
      fields.next();
      expect(fields.exactInt64()).toBe(digits);
    }
  });

  it('reads nanoseconds to the microsecond', () => {
    const fields = written((writer) => writer.fixed64(7, 1_795_677_264_123_456_789n));
    fields.next();
    expect(fields.nanosAsMicros()).toBe(1_795_677_264_123_456);
  });

  it('goes on behind a message whose reader left some of it unread, or threw', () => {
    const fields = written((writer) => writer.message(1, (inner) => inner.text(1, 'a').text(2, 'b')).text(2, 'after'));
    fields.next();
    expect(() =>
      fields.message((inner) => {
        inner.next();
        throw new RangeError('enough');
      }),
    ).toThrow(RangeError);
    expect([fields.next(), fields.text(), fields.next()]).toEqual([2, 'after', 0]);
  });

  it('skips what it is not asked for, of every kind', () => {
    const fields = written((writer) => writer.varint(1, 300).fixed64(2, 5n).double(3, 0.5).text(4, 'x').bool(5, true));
    const numbers: number[] = [];
    for (let field = fields.next(); field !== 0; field = fields.next()) {
      numbers.push(field);
      fields.skip();
    }
    expect(numbers).toEqual([1, 2, 3, 4, 5]);
  });

  it.each([
    ['a message that is cut', '0a05ab'],
    ['a number without an end', 'ffffffffffffffffffff'],
    ['a field number of zero', '0001'],
    ['a length beyond everything', '0affffffffffffffff7f'],
    ['a group', '0b'],
  ])('refuses %s', (_what, hex) => {
    expect(() => {
      const fields = new Fields(Buffer.from(hex, 'hex'));
      while (fields.next() !== 0) fields.skip();
    }).toThrow(ProtobufBreak);
  });
});
