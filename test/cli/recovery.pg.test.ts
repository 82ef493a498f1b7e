import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { testDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { Program } from './support/program.ts';

const muster = Program.forThisFile();

/** Does something, and then hangs: whoever is killed meanwhile cannot tell whether it was done. */
const OWN = `
const action = (name, idempotent) => ({
  name, title: name, description: 'For a test.', on: [{ rule: 'sick' }], idempotent, undo: 'irreversible',
  limits: { timeout: '20s', hold: '0s', verify: '2s', cooldown: '0s', longestCooldown: '0s' },
  targets: async (_, { labels }) => [{ target: 'thing=' + labels.thing, group: name }],
  steps: () => [{
    kind: 'code', describe: 'write it down, and hang the first time',
    run: async ({ database, signal }) => {
      const text = "insert into public.done (name) values ('" + name + "') returning (select count(*)::int from public.done where name = '" + name + "') as before";
      const { rows } = await database.query({ text, values: [] });
      if (rows[0].before === 0) await new Promise((resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
  }],
  symptom: async () => ({ present: true, text: 'sick' }),
});
export default { name: 'own', recoveryActions: [action('once', false), action('again', true)] };
`;

interface Run {
  readonly run_id: string;
  readonly action: string;
  readonly state: string;
  readonly reason: string | null;
  readonly attempts: number;
  readonly symptom_after: object | null;
}

test('a host killed in the middle of healing: nothing is repeated unless its action may be, and the command line tells all of it', async () => {
  await using database = await testDatabase();
  await database.database.query(sql`create table public.done (name text)`);
  const cwd = muster.folder();
  writeFileSync(join(cwd, 'own.mjs'), OWN);
  const options = { cwd, env: { DATABASE_URL: database.url, MUSTER_AGENTS: join(cwd, 'own.mjs') } };
  const done = async (name: string): Promise<number> =>
    (await database.database.query(sql`select from public.done where name = ${name}`)).count;
  const runs = async (): Promise<readonly Run[]> => (await muster.json<{ items: readonly Run[] }>(['recovery', 'runs'], options)).items;
  const of = async (action: string): Promise<Run | undefined> => (await runs()).find((run) => run.action === action);

  const first = muster.start(['launch', '--json'], options);
  await first.ready();
  await until(
    'the actions are declared',
    async () => (await database.database.query(sql`select from muster.recovery_actions where name = 'once'`)).count === 1,
    30_000,
  );
  expect(await muster.json(['recovery', 'dry-run', 'once', 'thing=a'], options)).toMatchObject({
    targets: [{ target: 'thing=a', plan: [{ text: 'write it down, and hang the first time' }], held_by: 'its mode is suggest' }],
  });
  for (const name of ['once', 'again']) {
    await muster.json(['recovery', 'mode', name, 'auto'], options);
    await muster.json(['recovery', 'propose', name, 'thing=a'], options);
  }
  await until('both have been done once and hang', async () => (await done('once')) === 1 && (await done('again')) === 1, 30_000);
  first.child.kill('SIGKILL');
  await first.ended;

  const second = muster.start(['launch', '--json'], options);
  await second.ready();
  await until(
    'both are judged',
    async () => (await of('once'))?.state === 'failed' && (await of('again'))?.state === 'ineffective',
    60_000,
  );
  expect(await of('once')).toMatchObject({ attempts: 1, reason: expect.stringContaining('not repeated') as string });
  expect(await of('again')).toMatchObject({ attempts: 2, symptom_after: { present: true, text: 'sick' } });
  expect([await done('once'), await done('again')]).toEqual([1, 2]);

  const id = (await of('again'))?.run_id ?? '';
  const shown = await muster.run(['recovery', 'show', id.slice(0, 10)], options);
  expect(shown.stdout).toMatch(/outcome +ineffective: it was carried out, and the symptom stays: sick/);
  const listed = await muster.run(['recovery', 'actions'], options);
  expect(listed.stdout).toMatch(/again +auto +auto +0% \(n = 1\)/);
  expect(listed.stdout).toMatch(/analyze_table +suggest +auto +not measured yet/);
  const refused = await muster.run(['recovery', 'mode', 'clear_stuck_slot', 'auto'], options);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('never more than approve') as string });
  await second.end();
}, 180_000);
