import { createHash } from 'node:crypto';

/** A strong ETag of a representation. */
export const etagOf = (content: string | Buffer): string => `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;

/** Whether a list of ETags as in If-None-Match names this one, or is `*`. Weak comparison: a prefix W/ does not count. */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === etag);
}
