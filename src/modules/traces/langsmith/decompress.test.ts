import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decompress, MOST_BODY_BYTES } from './decompress.ts';

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

/** `{"post":[]}` a hundred times, by zstd at level 1 and with its check: what SDKs send. */
const AS_THE_SDK_DOES = 'KLUv/QRIlQAAWHsicG9zdCI6W119AQA++C9eHFo/lg==';

/** A frame of zstd with what it holds as it is, or repeated (RFC 8878, 3.1.1). */
function zstd(blocks: readonly (Buffer | { readonly byte: number; readonly times: number })[]): Buffer {
  const parts = blocks.map((block, index) => {
    const isLast = index === blocks.length - 1 ? 1 : 0;
    const [type, size] = Buffer.isBuffer(block) ? [0, block.length] : [1, block.times];
    const head = Buffer.alloc(3);
    head.writeUIntLE(isLast | (type << 1) | (size << 3), 0, 3);
    return Buffer.concat([head, Buffer.isBuffer(block) ? block : Buffer.from([block.byte])]);
  });
  return Buffer.concat([Buffer.from([...MAGIC, 0, 0x38]), ...parts]); // a window of 128 KiB
}

describe('a body is unpacked', () => {
  const text = Buffer.from('{"post":[]}'.repeat(100));
  it.each([
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['zstd', zstd([text.subarray(0, 500), text.subarray(500)])],
    ['zstd', Buffer.concat([zstd([text.subarray(0, 500)]), zstd([text.subarray(500)])])],
    ['zstd', Buffer.from(AS_THE_SDK_DOES, 'base64')],
    ['identity', text],
    [undefined, text],
  ])('%s', async (encoding, body) => {
    expect((await decompress(body, encoding)).equals(text)).toBe(true);
  });

  it.each([
    ['gzip', gzipSync(text)],
    ['zstd', zstd([text])],
  ])('%s, but not where it was cut off', async (encoding, body) => {
    for (const length of [0, 1, 5, 9, body.length - 1])
      await expect(decompress(body.subarray(0, length), encoding)).rejects.toMatchObject({ code: 'MALFORMED' });
  });

  it.each([
    ['gzip', gzipSync(Buffer.alloc(MOST_BODY_BYTES + 1))],
    ['zstd', zstd(Array.from({ length: 1_000 }, () => ({ byte: 0, times: 131_072 })))],
    ['zstd', Buffer.from([...MAGIC, 0, 0xf8, 0, 0, 0])], // a window of 2 TiB
    ['zstd', Buffer.concat([zstd([text]), Buffer.from([...MAGIC, 0, 0xa0, 0x13, 0, 0, 65])])], // a second frame with a window of 1 GiB
    ['zstd', Buffer.concat([Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]), Buffer.from([...MAGIC, 0, 0xa0, 0x13, 0, 0, 65])])], // behind one that is skipped
    ['zstd', Buffer.from([...MAGIC, 0xe0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0])], // says it holds a TiB
  ])('%s, but not to more than may be in memory', async (encoding, body) => {
    await expect(decompress(body, encoding)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });

  it('not where nobody here knows how', async () => {
    await expect(decompress(text, 'br')).rejects.toMatchObject({ code: 'UNSUPPORTED_MEDIA' });
  });
});
