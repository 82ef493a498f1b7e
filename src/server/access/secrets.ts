import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** `mst_<id>_<secret>`: the prefix lets secret scanners find a leaked key, the id lets people name one without showing it. */
const KEY = /^mst_([0-9a-z]{12})_([A-Za-z0-9_-]{43})$/;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;
const ID_ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';

export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** 256 random bits, 43 characters. A plain hash is enough to store them: nobody guesses one. */
export const newToken = (): string => randomBytes(32).toString('base64url');

export const isToken = (text: string): boolean => TOKEN.test(text);

export interface FreshKey {
  readonly keyId: string;
  /** What the holder keeps; shown once. */
  readonly key: string;
  readonly secretHash: Buffer;
}

export function newKey(): FreshKey {
  const keyId = Array.from(randomBytes(12), (byte) => ID_ALPHABET[byte % 36]).join('');
  const secret = newToken();
  return { keyId, key: `mst_${keyId}_${secret}`, secretHash: sha256(secret) };
}

/** The parts of what looks like a key of ours. */
export function parseKey(text: string): { readonly keyId: string; readonly secret: string } | undefined {
  const match = KEY.exec(text);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { keyId: match[1], secret: match[2] };
}

/** Compares in a time that tells nothing about either. */
export const equalHashes = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);
