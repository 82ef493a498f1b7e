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
  refuseLargeWindow(body);
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

/** The first frame says how much memory it needs, and that is taken before a byte is unpacked (RFC 8878, 3.1.1.1). */
function refuseLargeWindow(body: Buffer): void {
  if (body.length < 6 || body.readUInt32LE(0) !== 0xfd2fb528) return;
  const descriptor = body[4] ?? 0;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  if (!isSingleSegment) {
    const window = body[5] ?? 0;
    const base = 2 ** (10 + (window >> 3));
    if (base + (base / 8) * (window & 7) > MOST_WINDOW_BYTES) throw tooLarge();
    return;
  }
  const sizeBytes = [1, 2, 4, 8][descriptor >> 6] ?? 1;
  const at = 5 + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  if (body.length < at + sizeBytes) return;
  const size = sizeBytes === 8 ? Number(body.readBigUInt64LE(at)) : body.readUIntLE(at, sizeBytes);
  if (size > MOST_BODY_BYTES) throw tooLarge();
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
