import { MusterError } from '../base/errors.ts';
import type { LedgerRow } from './migration-ledger.ts';
import type { Migration } from './migration-set.ts';

/** What to do about one set, decided from what the program brings and what the database says. Pure. */
export interface SchemaPlan {
  /** In order; the first may be one that was begun and not finished. */
  readonly pending: readonly Migration[];
  /** Newer than this program, and declared to be compatible with it. */
  readonly ahead: readonly LedgerRow[];
}

/** Throws SCHEMA_NEWER where the database is ahead and not compatible, MIGRATION_FAILED where an applied file was changed. */
export function planSchema(set: string, known: readonly Migration[], ledger: readonly LedgerRow[]): SchemaPlan {
  const rows = ledger.filter((row) => row.set === set);
  const done = new Map(rows.map((row) => [row.version, row]));
  for (const migration of known) {
    const row = done.get(migration.version);
    if (row !== undefined && row.checksum !== migration.checksum) {
      throw new MusterError(
        'MIGRATION_FAILED',
        `Migration ${set}/${migration.name} was changed after it had been ${row.finished ? 'applied' : 'begun'}.`,
        {
          remedy: 'Restore the file as it was, and put the change into a new migration.',
          data: { set, migration: migration.name, applied: row.checksum, file: migration.checksum },
        },
      );
    }
  }
  const newestKnown = known.at(-1)?.version ?? 0;
  const ahead = rows.filter((row) => row.version > newestKnown);
  const needed = Math.max(0, ...ahead.map((row) => row.compatibleBackTo));
  if (needed > newestKnown) {
    const newest = ahead.at(-1);
    throw new MusterError(
      'SCHEMA_NEWER',
      `The schema has migration ${set}/${newest?.name ?? ''}, this program knows ${set} up to ${newestKnown} and it needs ${needed}.`,
      {
        data: { set, schema: newest?.version, program: newestKnown, needed },
      },
    );
  }
  return { pending: known.filter((migration) => done.get(migration.version)?.finished !== true), ahead };
}

/** The relations in schema public that a migration creates under a name of their own choosing. */
export function publicRelationsOf(migrations: readonly Migration[]): readonly string[] {
  const names = new Set<string>();
  for (const { text } of migrations) {
    for (const match of text.matchAll(/^create\s+(?:table|view|materialized\s+view)\s+public\.(\w+)/gim))
      if (match[1] !== undefined) names.add(match[1]);
  }
  return [...names];
}
