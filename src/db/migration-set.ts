import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { MusterError } from '../base/errors.ts';

/** A folder of numbered SQL files, `000001_core.sql`, applied in order. */
export interface MigrationSet {
  readonly name: string;
  readonly folder: URL;
}

export interface Migration {
  readonly set: string;
  readonly version: number;
  /** `000001_core` */
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
  /** Whether all of it happens, or nothing. Otherwise statement by statement, resumable. */
  readonly transactional: boolean;
  /** The oldest version of the set whose programs can work with a schema that has this migration. */
  readonly compatibleBackTo: number;
}

const FILE = /^(\d{6})_[a-z0-9_]+\.sql$/;

/**
 * Reads a set in order. A number used twice is a mistake of whoever wrote it, and told as such. One that is left out belongs to
 * a change that is under way beside this one: it is applied when it comes.
 */
export async function readMigrationSet(set: MigrationSet): Promise<readonly Migration[]> {
  const files = (await readdir(set.folder)).filter((file) => file.endsWith('.sql')).toSorted();
  const migrations: Migration[] = [];
  for (const file of files) {
    const match = FILE.exec(file);
    if (match === null) throw broken(set, `${file} is not named like 000001_what_it_does.sql`);
    const version = Number(match[1]);
    const before = migrations.at(-1);
    if (version === before?.version) throw broken(set, `${file} has the number of ${before.name}`);
    migrations.push(parseMigration(set.name, file.slice(0, -'.sql'.length), version, await readFile(new URL(file, set.folder), 'utf8')));
  }
  return migrations;
}

/**
 * The directives are comment lines at the head of the file:
 * `-- muster: no-transaction` for what cannot run in one, `-- muster: compatible-back-to 3` for an expansion that
 * programs who know only migration 3 can live with.
 */
export function parseMigration(set: string, name: string, version: number, source: string): Migration {
  const text = source.replaceAll('\r\n', '\n');
  let transactional = true;
  let compatibleBackTo = version;
  for (const line of text.split('\n')) {
    if (!line.startsWith('--')) break;
    const directive = /^-- muster: (.*)$/.exec(line)?.[1]?.trim();
    if (directive === undefined) continue;
    const back = /^compatible-back-to (\d+)$/.exec(directive);
    if (directive === 'no-transaction') transactional = false;
    else if (back !== null) compatibleBackTo = Number(back[1]);
    else
      throw new MusterError('MIGRATION_FAILED', `Migration ${set}/${name} has the unknown directive "${directive}".`, {
        remedy: 'Use no-transaction or compatible-back-to <number>.',
      });
  }
  return { set, version, name, text, transactional, compatibleBackTo, checksum: createHash('sha256').update(text).digest('hex') };
}

function broken(set: MigrationSet, why: string): MusterError {
  return new MusterError('MIGRATION_FAILED', `The migrations of "${set.name}" are not in order: ${why}.`, {
    remedy: 'Number the files 000001, 000002 and so on, each number once.',
  });
}
