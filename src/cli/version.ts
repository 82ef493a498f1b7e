import { readFileSync } from 'node:fs';

/** The version of the package this file belongs to; the same path from the source and from the build. */
export function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}
