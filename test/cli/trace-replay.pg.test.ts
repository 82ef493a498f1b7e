import { copyFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXIT } from '../../src/base/errors.ts';
import { sql } from '../../src/db/sql.ts';
import { testDatabase } from '../support/database.ts';
import { Program } from './support/program.ts';

const muster = Program.forThisFile();

test('what SDKs could not send is taken from a folder; what is no such file stays there, and is told of', async () => {
  await using database = await testDatabase();
  const folder = muster.folder();
  await copyFile(new URL('../traces/support/python-sdk-failed-trace.json', import.meta.url), join(folder, 'trace_1.json'));
  await writeFile(join(folder, 'trace_2.json'), 'half a fi');
  const { code, stdout, stderr } = await muster.run(['traces', 'replay', '--remove', folder, '--json'], {
    env: { DATABASE_URL: database.url },
  });
  expect([code, JSON.parse(stdout)]).toMatchObject([
    EXIT.dataFormat,
    { files: 2, failed: 1, taken: 2, refused: 0, items: [{ error: null }, { error: expect.stringContaining('JSON') }] },
  ]);
  expect(stderr).not.toContain('Error');
  expect(await readdir(folder)).toEqual(['trace_2.json']);
  expect(await database.database.query(sql`select from muster.trace_runs`)).toMatchObject({ count: 2 });
  const listed = await muster.json<{ items: readonly unknown[] }>(['traces', 'list', '--since', '3650d'], {
    env: { DATABASE_URL: database.url },
  });
  expect(listed.items).toHaveLength(2);
});
