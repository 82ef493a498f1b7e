import { MusterError } from '../base/errors.ts';

export const OLDEST_MAJOR = 14;

/** `180004` → `18.4`. */
export const versionText = (versionNumber: number): string => `${Math.floor(versionNumber / 10_000)}.${versionNumber % 10_000}`;

/** Refuses a server that lacks what our SQL uses. */
export function checkServerVersion(versionNumber: number): void {
  if (versionNumber >= OLDEST_MAJOR * 10_000) return;
  throw new MusterError(
    'SERVER_TOO_OLD',
    `The server is PostgreSQL ${versionText(versionNumber)}; Muster needs ${OLDEST_MAJOR} or newer.`,
    {
      data: { serverVersion: versionNumber, oldest: OLDEST_MAJOR },
    },
  );
}
