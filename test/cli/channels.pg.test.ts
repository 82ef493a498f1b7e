import { expect, test } from 'vitest';
import { Receiver } from '../alerting/support/receiver.ts';
import { testDatabase } from '../support/database.ts';
import { Program } from './support/program.ts';

const muster = Program.forThisFile();

test('a channel is made, tried out, listed and removed; what does not arrive is told with its reason', async () => {
  await using receiver = await new Receiver().start();
  await using database = await testDatabase();
  const env = { DATABASE_URL: database.url, MUSTER_ALLOWED_NETWORKS: '127.0.0.0/8', MUSTER_SECRET_KEY: 'k'.repeat(32) };
  const cwd = muster.folder();
  const launched = muster.start(['launch', '--json'], { cwd, env });
  await launched.ready();

  const added = await muster.json<{ made: { secret: string } }>(['channels', 'add', 'ops', 'webhook', `url=${receiver.url}`], { cwd, env });
  expect(added.made.secret).toMatch(/^whsec_/);
  const tried = await muster.json(['alerts', 'test-channel', 'ops'], { cwd, env });
  expect(tried).toMatchObject({ channel: 'ops', delivered: true, status: 200, error: null });
  expect(receiver.received[0]?.body).toMatchObject({ type: 'muster.test', data: { title: 'channel "ops" can be reached' } });

  // A secret may be a number.
  const changed = await muster.json(['channels', 'set', 'ops', 'secret=12345678', 'enabled=false'], { cwd, env });
  expect(changed).toMatchObject({ enabled: false, revision: 2, sealed: true });
  const off = await muster.run(['alerts', 'test-channel', 'ops'], { cwd, env });
  expect(off).toMatchObject({ code: 1, stderr: expect.stringContaining('muster channels set ops enabled=true') as string });
  await muster.json(['channels', 'set', 'ops', 'enabled=true'], { cwd, env });

  const listed = await muster.run(['channels', 'list'], { cwd, env });
  expect(listed.stdout).toMatch(/ops +webhook +works +0/);
  expect(listed.stdout).not.toContain('whsec_');
  await receiver.stop();
  const failed = await muster.run(['alerts', 'test-channel', 'ops'], { cwd, env });
  expect(failed).toMatchObject({ code: 1, stdout: expect.stringMatching(/not delivered by "ops": .*ECONNREFUSED/) as string });

  const refused = await muster.run(['channels', 'add', 'inside', 'webhook', 'url=https://10.0.0.1/'], { cwd, env });
  expect(refused).toMatchObject({ code: 77, stderr: expect.stringContaining('MUSTER_ALLOWED_NETWORKS') as string });
  const unknown = await muster.run(['alerts', 'test-channel', 'opps'], { cwd, env });
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('Did you mean ops?') as string });
  expect(await muster.json(['channels', 'remove', 'ops'], { cwd, env })).toEqual({ name: 'ops', removed: true, cancelled: 1 });
  expect((await launched.stop()).code).toBe(0);
});
