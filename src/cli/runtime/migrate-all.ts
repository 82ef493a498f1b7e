import type { PostgresAdapter } from '../../db/adapter.ts';
import { migrate, type MigrationReport } from '../../db/migrate.ts';
import type { Module } from '../../modules/module.ts';
import { migrationSets } from './parts.ts';
import type { Steps } from './steps.ts';

/** The core's tables and each module's, and the partitions that writes of today and tomorrow need. */
export const migrateAll = (database: PostgresAdapter, modules: readonly Module[], steps: Steps): Promise<MigrationReport> =>
  steps.run(
    'schema',
    (progress) =>
      migrate(database, migrationSets(modules), {
        onProgress: ({ set, name, index, total }) => progress(`${set}/${name}, ${index + 1} of ${total}`),
      }),
    ({ applied }) => (applied.length === 0 ? 'up to date' : `${applied.length} migrations applied`),
  );
