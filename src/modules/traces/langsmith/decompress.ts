import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { MusterError } from '../../../base/errors.ts';

/** SDKs send 20 MiB at most, but for a single run that is larger. */
export const MOST_BODY_BYTES = 64 * 1_048_576;

const gunzip = promisify(zlib.gunzip);
const inflateBody = promisify(zlib.inflate);
type ZstdDecompress = (body: Buffer, options: { maxOutputLength: number }, done: (error: Error | null, whole: Buffer) => void) => void;
/** From Node 22.15 on; six times the speed of the one in JavaScript. */
const native = (zlib as unknown as { readonly zstdDecompress?: ZstdDecompress }).zstdDecompress;

/** How much is fed to the decompressor before it is looked what came out. */
const PIECE = 65_536;
/** 128 MiB: the largest window an SDK can be set to. */
const MOST_WINDOW_BYTES = 2 ** 27;

/** The body as it was before the client compressed it. Never more than MOST_BODY_BYTES: a bomb ends in TOO_LARGE. */
export async function decompress(body: Buffer, encoding: string | undefined): Promise<Buffer> {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case '':
    case 'identity':
      return body;
    case 'gzip':
    case 'x-gzip':
      return gunzip(body, { maxOutputLength: MOST_BODY_BYTES }).catch(translated('gzip'));
    case 'deflate':
      return inflateBody(body, { maxOutputLength: MOST_BODY_BYTES }).catch(translated('deflate'));
    case 'zstd':
      return native === undefined ? unzstd(body) : nativeUnzstd(body, native).catch(translated('zstd'));
    default:
      throw new MusterError('UNSUPPORTED_MEDIA', `content-encoding ${encoding} is not one that is read here`, {
        remedy: 'Send gzip, zstd, deflate or identity.',
      });
  }
}

const nativeUnzstd = (body: Buffer, unpack: ZstdDecompress): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    unpack(body, { maxOutputLength: MOST_BODY_BYTES }, (error, whole) => (error === null ? resolve(whole) : reject(error)));
  });

const translated =
  (encoding: string) =>
  (error: Error & { readonly code?: string }): never => {
    if (error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw broken(encoding, error);
  };

/** In JavaScript: 100 MB/s. Piece by piece, so that a bomb is noticed before its output is in memory. */
function unzstd(body: Buffer): Buffer {
  refuseLargeWindows(body);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const unpacking = new Decompress((chunk) => {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  });
  try {
    if (body.length === 0) throw new Error('it is empty');
    for (let at = 0; at < body.length; at += PIECE) unpacking.push(body.subarray(at, at + PIECE), at + PIECE >= body.length);
  } catch (error) {
    if (error instanceof MusterError) throw error;
    throw broken('zstd', error);
  }
  return Buffer.concat(chunks, bytes);
}

/**
 * Each frame says how much memory it needs, and that is taken before a byte of it is unpacked (RFC 8878, 3.1.1). What is no frame is left for
 * the decompressor to refuse.
 */
function refuseLargeWindows(body: Buffer): void {
  for (let at = 0; at + 6 <= body.length;) {
    const magic = body.readUInt32LE(at);
    if (magic >>> 4 === SKIPPABLE >>> 4) {
      at += 8 + (at + 8 <= body.length ? body.readUInt32LE(at + 4) : 0);
      continue;
    }
    if (magic !== FRAME) return;
    const descriptor = body[at + 4] ?? 0;
    const isSingleSegment = (descriptor & 0x20) !== 0;
    const sizeBytes = (isSingleSegment ? [1, 2, 4, 8] : [0, 2, 4, 8])[descriptor >> 6] ?? 0;
    const sizeAt = at + 5 + (isSingleSegment ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0);
    if (isSingleSegment) {
      if (body.length < sizeAt + sizeBytes) return;
      const size = sizeBytes === 8 ? Number(body.readBigUInt64LE(sizeAt)) : body.readUIntLE(sizeAt, sizeBytes);
      if (size > MOST_BODY_BYTES) throw tooLarge();
    } else {
      const window = body[at + 5] ?? 0;
      const base = 2 ** (10 + (window >> 3));
      if (base + (base / 8) * (window & 7) > MOST_WINDOW_BYTES) throw tooLarge();
    }
    at = endOfBlocks(body, sizeAt + sizeBytes) + ((descriptor & 4) === 0 ? 0 : 4);
  }
}

const FRAME = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;

/** Behind the last block of a frame. */
function endOfBlocks(body: Buffer, from: number): number {
  for (let at = from; at + 3 <= body.length;) {
    const head = body.readUIntLE(at, 3);
    // One that repeats a byte holds that byte alone.
    at += 3 + (((head >> 1) & 3) === 1 ? 1 : head >> 3);
    if ((head & 1) === 1) return at;
  }
  return body.length;
}

const tooLarge = (): MusterError =>
  new MusterError('TOO_LARGE', `unpacked, the body is larger than ${MOST_BODY_BYTES / 1_048_576} MiB`, {
    remedy: 'Send fewer runs in one request.',
  });

const broken = (encoding: string, cause: unknown): MusterError =>
  new MusterError('MALFORMED', `the body is not whole ${encoding}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    remedy: 'Send it again whole; nothing of this request was kept.',
    cause,
  });
