import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { launchedHost } from '../fleet/support/launched-host.ts';
import { testFleet } from '../fleet/support/fleet.ts';
import { until } from '../support/until.ts';

const agent = (type: string, said: string): string => `
  import { defineAgent } from 'muster-agents';
  import { twice } from './lib/twice';
  export default defineAgent({
    type: '${type}', name: 'Agent ${type}', description: 'For a test.', schedule: { every: '100ms' },
    async run(ctx) { await ctx.state.set('said:${type}', twice('${said}')); },
  });`;

test('agents of one’s own are started anew when a file changes; a mistake is told, and what ran goes on', async () => {
  await using fleet = await testFleet();
  const folder = await mkdtemp(join(tmpdir(), 'muster-watch-'));
  try {
    const agents = join(folder, 'agents');
    await mkdir(join(agents, 'lib'), { recursive: true });
    const write = (name: string, text: string): Promise<void> => writeFile(join(agents, name), text);
    const said = async (type: string): Promise<unknown> => (await fleet.state.systemState.get(`said:${type}`))?.value;
    const untilSaid = (type: string, what: string): Promise<void> =>
      until(`${type} says ${what}`, async () => (await said(type)) === what, 30_000);
    await write('lib/twice.ts', 'export const twice = (text: string): string => text + text;');
    await write('one.ts', agent('one', 'a'));
    await using host = await launchedHost(fleet.url, folder, ['--agents', agents, '--watch']);
    const reloads = (): readonly unknown[] => host.said.flatMap(({ reload }) => (reload === undefined ? [] : [reload]));

    await untilSaid('one', 'aa');
    await write('one.ts', agent('one', 'b'));
    await untilSaid('one', 'bb');
    expect(reloads()).toMatchObject([{ types: ['one'], error: null }]);

    await write('one.ts', 'export default {');
    await until('the mistake is told', () => reloads().length === 2, 30_000);
    expect(reloads()[1]).toMatchObject({ types: ['one'], error: expect.stringMatching(/one\.ts:1:\d+: /) });
    const { runCount } = await fleet.get('one');
    await fleet.untilAgent('one', 'goes on', (row) => row.runCount > runCount, 30_000);
    expect(await said('one')).toBe('bb');

    // What it imports counts as well, and so does a file that is new.
    await write('one.ts', agent('one', 'c'));
    await untilSaid('one', 'cc');
    await write('lib/twice.ts', 'export const twice = (text: string): string => `${text}, ${text}`;');
    await untilSaid('one', 'c, c');
    await write('two.ts', agent('two', 'd'));
    await untilSaid('two', 'd, d');
  } finally {
    await rm(folder, { recursive: true });
  }
}, 300_000);
