import { describe, expect, it } from 'vitest';
import { dottedOrderOf, parseDottedOrder, pathOf } from './dotted-order.ts';
import { microsOf } from './times.ts';
import { readUuid, uuidOf, writeUuid } from './uuid.ts';

const A = '0199c9f0-5d3a-7000-8000-00000000000a';
const B = 'ffffffff-ffff-4fff-bfff-ffffffffffff';

describe('a dotted order', () => {
  it('comes back from its bytes as it was, and sorts like them', () => {
    const texts = [
      `20261126T071424123456Z${A}`,
      `20261126T071424123456Z${A}.20261126T071424123457Z${B}`,
      `20261126T071424123457Z${A}`,
      `19691231T235959999999Z${A}`,
      `20261126T071424123456Z${B}`,
    ];
    const paths = texts.map((text) => pathOf(parseDottedOrder(text) ?? []));
    expect(paths.map((path) => dottedOrderOf(path, 0, A))).toEqual(texts);
    const byBytes = texts.toSorted((a, b) => Buffer.compare(paths[texts.indexOf(a)] as Buffer, paths[texts.indexOf(b)] as Buffer));
    expect(byBytes).toEqual(texts.toSorted());
  });

  it('of a root follows from its start and id', () => {
    expect(dottedOrderOf(null, Date.UTC(2026, 10, 26, 7, 14, 24, 123) * 1_000 + 456, A)).toBe(`20261126T071424123456Z${A}`);
  });

  it('is none where a segment is not one', () => {
    expect(['', A, `20261126T071424Z${A}`, `20261126T071424123456Z${A}.`].map(parseDottedOrder)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('a time', () => {
  const at = Date.UTC(2026, 10, 26, 7, 14, 24, 123) * 1_000;
  it.each([
    ['2026-11-26T07:14:24.123456Z', at + 456],
    ['2026-11-26T07:14:24.123456789+00:00', at + 456],
    ['2026-11-26T09:14:24.123+02:00', at],
    ['2026-11-26T02:14:24.123-0500', at],
    ['2026-11-26T07:14:24.123', at],
    ['2026-11-26 07:14:24,123Z', at],
    [at / 1_000, at],
    [at / 1e6, at],
    [at, at],
    [at * 1_000, at],
  ])('%s', (text, micros) => expect(microsOf(text)).toBe(micros));

  it.each(['yesterday', '', '2026-13-01T00:00:00Z', '99999-01-01', Number.NaN, Number.POSITIVE_INFINITY, 1e30, null, {}])(
    'is not %s',
    (value) => expect(microsOf(value)).toBeUndefined(),
  );
});

it('a UUID is read in either case and kept in lower case', () => {
  const bytes = Buffer.alloc(20);
  for (const text of [A, B, '12345678-9ABC-4DEF-8012-3456789abcDE']) {
    writeUuid(bytes, text, 2);
    expect(readUuid(bytes, 2)).toBe(text.toLowerCase());
    expect(uuidOf(text)).toBe(text.toLowerCase());
  }
  expect([uuidOf('x'), uuidOf(7), uuidOf(`${A} `)]).toEqual([undefined, undefined, undefined]);
});
