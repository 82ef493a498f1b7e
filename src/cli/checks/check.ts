import type { Config } from '../../config/config.ts';
import type { Finding } from '../../config/finding.ts';
import type { PostgresAdapter } from '../../db/adapter.ts';

export interface CheckContext {
  readonly config: Config;
}

/** With a database that answers. */
export interface DatabaseCheckContext extends CheckContext {
  readonly database: PostgresAdapter;
  readonly embedded: boolean;
}

export const ok = (where: string, message: string): Finding => ({ severity: 'ok', where, message });
export const note = (where: string, message: string, remedy?: string): Finding => ({
  severity: 'note',
  where,
  message,
  ...(remedy === undefined ? {} : { remedy }),
});
export const warn = (where: string, message: string, remedy: string): Finding => ({ severity: 'warning', where, message, remedy });
export const fail = (where: string, message: string, remedy: string): Finding => ({ severity: 'error', where, message, remedy });
