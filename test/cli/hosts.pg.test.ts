import { expect, test } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { DEFAULT_AGENTS_AT_WORK } from './support/default-agents.ts';
import { Program } from './support/program.ts';

const muster = Program.forThisFile();

interface Host {
  readonly host_id: string;
  readonly status: string;
  readonly desired: string;
  readonly agents: number;
  readonly capacity: number;
  readonly labels: Readonly<Record<string, string>>;
}
interface Steered {
  readonly host: Host;
  readonly effective: boolean | null;
  readonly message: string;
}

test('hosts are listed, drained, resumed, restarted and stopped, each seen to happen; a stopped one ends with exit code 0', async () => {
  await using database = await testDatabase();
  const env = { DATABASE_URL: database.url };
  const cwd = muster.folder();
  const launched = muster.start(['launch', '--label', 'zone=a', '--json'], { cwd, env });
  const { host_id: id } = await launched.ready();
  const watcher = muster.start(['launch', '--capacity', '0', '--json'], { cwd, env: { ...env, MUSTER_LABELS: 'zone=b' } });
  const { host_id: watcherId } = await watcher.ready();
  const hosts = async (): Promise<readonly Host[]> =>
    (await muster.json<{ items: readonly Host[] }>(['hosts', 'list'], { cwd, env })).items;
  await until(
    'the first has the default agents',
    async () => (await hosts()).some((host) => host.host_id === id && host.agents === DEFAULT_AGENTS_AT_WORK),
    30_000,
  );
  expect(await hosts()).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ host_id: id, labels: { zone: 'a' }, desired: 'run' }),
      expect.objectContaining({ host_id: watcherId, labels: { zone: 'b' }, capacity: 0, agents: 0 }),
    ]),
  );

  const steer = (verb: string, host: string): Promise<Steered> => muster.json<Steered>(['hosts', verb, host], { cwd, env });
  expect(await steer('drain', id.slice(0, 13))).toMatchObject({ effective: true, host: { desired: 'drain', agents: 0 } });
  expect(await steer('resume', id)).toMatchObject({ effective: true, host: { desired: 'run' } });
  const shown = await muster.json<Host & { readonly held: readonly object[] }>(['hosts', 'show', id], { cwd, env });
  expect(shown).toMatchObject({ host_id: id, status: 'live' });

  expect(await steer('restart', watcherId)).toMatchObject({
    effective: true,
    message: expect.stringMatching(/^it is there again as /) as string,
  });
  expect(watcher.child.exitCode).toBeNull();
  expect(await steer('stop', id)).toMatchObject({ effective: true, host: { status: 'stopped' } });
  expect((await launched.ended).code).toBe(0);

  const late = await muster.run(['hosts', 'drain', id], { cwd, env });
  expect(late).toMatchObject({ code: 1, stderr: expect.stringMatching(/is stopped[\s\S]*comes back under another id/) as string });
  const unknown = await muster.run(['hosts', 'show', 'ffff'], { cwd, env });
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('muster hosts list --all') as string });
  await watcher.end();
}, 300_000);

test('a capacity or label that is none is told before anything starts', async () => {
  const cwd = muster.folder();
  for (const [args, said] of [
    [['launch', '--capacity', '-1'], /--capacity/],
    [['launch', '--capacity', '200000'], /at most 100000 agents/],
    [['launch', '--label', 'zone'], /"zone" is no label/],
  ] as const) {
    const { code, stderr } = await muster.run(args, { cwd });
    expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringMatching(said) as string });
  }
}, 180_000);
