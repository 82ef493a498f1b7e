import { pathToFileURL } from 'node:url';
import { PostgresAdapter } from '../../src/db/adapter.ts';
import { migrate } from '../../src/db/migrate.ts';

/** Migrates a database with the set `test` of a folder, telling each step. */
export async function main([url = '', folder = '']: readonly string[]): Promise<void> {
  await using database = new PostgresAdapter({ url, poolMax: 1, poolMin: 0 });
  await migrate(database, [{ name: 'test', folder: pathToFileURL(`${folder}/`) }], {
    onProgress: ({ name }) => process.stdout.write(`${JSON.stringify(name)}\n`),
  });
}
