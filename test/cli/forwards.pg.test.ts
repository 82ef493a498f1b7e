import { expect, it } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { testDatabase } from '../support/database.ts';
import { Program } from './support/program.ts';

const muster = Program.forThisFile();

interface Shown {
  readonly name: string;
  readonly state: string;
  readonly has_key: boolean;
  readonly target_project: string | null;
  readonly patience_seconds: number;
}

it('forwards are added, changed, paused, resumed and removed in a terminal, and no key is shown again', async () => {
  await using database = await testDatabase();
  const options = { env: { DATABASE_URL: database.url } };
  const secret = 'a-key-that-nobody-sees';
  const endpoint = 'https://api.smith.langchain.example';
  const added = await muster.json<Shown>(
    ['forwards', 'add', 'out', endpoint, '--key', secret, '--header', 'x-one: two: three', '--patience', '10m', '--from', 'beginning'],
    options,
  );
  expect(added).toMatchObject({ name: 'out', kind: 'langsmith', endpoint, state: 'running', has_key: true, patience_seconds: 600 });

  expect((await muster.json<{ items: Shown[] }>(['forwards'], options)).items).toMatchObject([{ name: 'out', project: null }]);
  expect(await muster.json<Shown>(['forwards', 'change', 'out', '--target-project', 'there'], options)).toMatchObject({
    target_project: 'there',
    has_key: true,
  });
  expect(await muster.json<Shown>(['forwards', 'change', 'out', '--target-project', ''], options)).toMatchObject({ target_project: null });
  expect(await muster.json<Shown>(['forwards', 'pause', 'out'], options)).toMatchObject({ state: 'paused' });
  expect(await muster.json<Shown>(['forwards', 'resume', 'out'], options)).toMatchObject({ state: 'running' });

  await database.database.query(sql`update muster.trace_forwards
    set failures = 3, failing_since = clock_timestamp(), last_error = ${'it says \u001b[31m401'}, last_refusal = 'too large', refused = 2`);
  const shown = await muster.run(['forwards', 'show', 'out'], options);
  expect(shown.stdout).toMatch(/state +failing\n/);
  expect(shown.stdout).toMatch(/refused +2, last: too large\n/);
  expect(shown.stdout).toMatch(/fails +since .*, 3 times: it says 401\n/);
  const listed = await muster.run(['forwards', 'list'], options);
  expect(listed.stdout).toMatch(/out +failing +https:/);
  expect(added.name + shown.stdout + listed.stdout + JSON.stringify(added)).not.toContain(secret);

  expect(await muster.json(['forwards', 'remove', 'out'], options)).toEqual({ name: 'out', removed: true });
  expect((await muster.run(['forwards'], options)).stdout).toContain('Nothing is passed on.');
}, 120_000);

it('a forward that cannot be is refused with what to do instead', async () => {
  await using database = await testDatabase();
  const options = { env: { DATABASE_URL: database.url } };
  const refused = async (...words: string[]) => {
    const { code, stderr } = await muster.run(['forwards', ...words], options);
    expect(code).not.toBe(0);
    return stderr;
  };
  expect(await refused('add', 'not a name', 'https://a.example')).toContain('name: letters, digits, _ . - only');
  expect(await refused('add', 'a', 'ftp://a.example')).toContain('Write it as https://host/path.');
  expect(await refused('add', 'a', 'http://127.0.0.1:4680/langsmith')).toContain('is this Muster itself');
  expect(await refused('add', 'a', 'https://a.example', '--kind', 'kafka')).toContain('muster help forwards add');
  expect(await refused('add', 'a', 'https://a.example', '--project', 'none')).toContain('there is no project none');
  expect(await refused('pause', 'a')).toContain('there is no forward a');
}, 120_000);

it('what a project is to say for itself may be said before its first run, but not asked', async () => {
  await using database = await testDatabase();
  const options = { env: { DATABASE_URL: database.url } };
  const asked = await muster.run(['traces', 'settings', '--project', 'to come'], options);
  expect([asked.code === 0, asked.stderr]).toEqual([false, expect.stringContaining('--retention')]);
  const made = await muster.run(['traces', 'settings', '--project', 'to come', '--retention', '7', '--leave', 'phone', '--json'], options);
  expect(made.stderr).toContain('There was no project to come');
  expect(JSON.parse(made.stdout)).toMatchObject({ project: 'to come', own: { retention: { days: 7 }, redaction: { phone: false } } });
  const again = await muster.run(['traces', 'settings', '--project', 'to come', '--sampling', '0.5', '--json'], options);
  expect(again.stderr).not.toContain('There was no project');
  expect(JSON.parse(again.stdout)).toMatchObject({ own: { retention: { days: 7 }, sampling: { rate: 0.5 } } });
}, 120_000);
