import { describe, expect, it } from 'vitest';
import { boundaryOf, splitMultipart } from './multipart.ts';

const BOUNDARY = 'b7';
const part = (name: string, body: Buffer, { length }: { readonly length?: number | undefined } = {}): Buffer =>
  Buffer.concat([
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\nContent-Type: application/json${length === undefined ? '' : `; length=${length}`}\r\n\r\n`,
    ),
    body,
    Buffer.from('\r\n'),
  ]);
const END = Buffer.from(`--${BOUNDARY}--\r\n`);
const split = (...parts: readonly Buffer[]) => splitMultipart(Buffer.concat([...parts, END]), BOUNDARY);

/** Numbers from a seed (mulberry32). */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

describe('a form', () => {
  it('is split into its parts, whatever bytes they hold', () => {
    const random = seeded(7);
    // Bytes of which delimiters are made, so that beginnings of them turn up everywhere.
    const alphabet = Buffer.from(`\r\n-${BOUNDARY}\0\xff{"`, 'latin1');
    for (let round = 0; round < 300; round += 1) {
      const bodies = Array.from({ length: 1 + random(5) }, () =>
        Buffer.from(Array.from({ length: random(60) }, () => alphabet[random(alphabet.length)] ?? 0)),
      );
      const parts = bodies.map((body, index) => part(`post.${index}`, body, { length: body.length }));
      expect(split(...parts).map(({ body }) => body.toString('latin1'))).toEqual(bodies.map((body) => body.toString('latin1')));
    }
  });

  it('goes by a length only where the part ends there', () => {
    const holdsDelimiter = Buffer.from(`a\r\n--${BOUNDARY}\r\nb`);
    expect(split(part('post.1', holdsDelimiter, { length: holdsDelimiter.length })).map(({ body }) => body.toString())).toEqual([
      holdsDelimiter.toString(),
    ]);
    for (const length of [0, 1, 3, 1_000_000, 9_999_999_999])
      expect(
        split(part('post.1', Buffer.from('{}'), { length }), part('post.2', Buffer.from('[]'))).map(({ body }) => body.toString()),
      ).toEqual(['{}', '[]']);
  });

  it('is refused where it was cut off, wherever that was', () => {
    const whole = Buffer.concat([part('post.1', Buffer.from('{"a":1}')), part('post.2', Buffer.from('{}')), END]);
    for (let length = 0; length < whole.length - 4; length += 1)
      expect(() => splitMultipart(whole.subarray(0, length), BOUNDARY)).toThrow(expect.objectContaining({ code: 'MALFORMED' }));
  });

  it('names its boundary quoted or not', () => {
    expect(boundaryOf('multipart/form-data; boundary=----LangSmithFormBoundary1')).toBe('----LangSmithFormBoundary1');
    expect(boundaryOf('multipart/form-data; charset=utf-8; boundary="a b"')).toBe('a b');
    expect(boundaryOf('application/json')).toBeUndefined();
  });
});
