import { describe, expect, test } from 'vitest';
import { agentId } from '../../src/base/ids.ts';
import { sql } from '../../src/db/sql.ts';
import { until } from '../support/until.ts';
import { testFleet, type TestFleet } from './support/fleet.ts';
import { ENTRY, isolated } from './support/isolated.ts';

const isolation = { entry: ENTRY, graceMs: 300 };
const SLOW = 60_000;

async function withEffects(): Promise<TestFleet> {
  const fleet = await testFleet();
  await fleet.database.query(sql`create table public.effects (agent_id text, epoch bigint, note text)`);
  return fleet;
}

interface Effect {
  readonly note: string;
  readonly epoch: number;
}

const effectsOf = async (fleet: TestFleet, agent: string): Promise<readonly Effect[]> =>
  (await fleet.database.query<Effect>(sql`select note, epoch::int as epoch from public.effects where agent_id = ${agent}`)).rows;

const invoices = (fleet: TestFleet, from: number, count: number): Promise<void> =>
  fleet.state.events.append(Array.from({ length: count }, (_, n) => ({ type: 'invoice:created' as const, data: { n: from + n } })));

describe.each(['thread', 'process'] as const)('in a %s of its own, by its metadata,', (kind) => {
  test(
    'an agent runs on events: all of them, each once, also after one that kills it and while there was no host',
    async () => {
      await using fleet = await withEffects();
      for (const type of ['listening', 'answering']) {
        await fleet.agents(type, [`${type}_00`]);
        await fleet.state.agents.update(agentId(`${type}_00`), { metadata: { isolation: kind } });
      }
      const types = [isolated('listening', 'none'), isolated('answering', 'none')];
      const first = await fleet.host(types, { isolation, random: () => 0.01 });
      await until(
        'both have their place in the stream',
        async () => {
          const { count } = await fleet.database.query(
            sql`select from muster.event_cursors where agent_id in ('listening_00', 'answering_00')`,
          );
          return count === 2;
        },
        SLOW,
      );
      await invoices(fleet, 0, 250);
      await until('they are heard', async () => (await effectsOf(fleet, 'listening_00')).length >= 250, SLOW);
      await fleet.state.events.append([{ type: 'ping:said' }]);
      await until('it answers', async () => (await fleet.state.events.list({ type: 'pong:said' }, { limit: 5 })).length === 1, SLOW);
      // So that agents who answer each other come to rest.
      expect(await fleet.state.events.list({ type: 'pong:said' }, { limit: 5 })).toMatchObject([{ hops: 1, data: { to: 1 } }]);

      await fleet.state.events.append([{ type: 'invoice:created', data: { die: true } }]);
      await fleet.untilAgent('listening_00', 'has died', (a) => a.errorCount === 1, SLOW);
      await invoices(fleet, 250, 10);
      await until('what came then is heard', async () => (await effectsOf(fleet, 'listening_00')).length >= 260, SLOW);

      await first.stop();
      await invoices(fleet, 260, 150);
      await fleet.host(types, { isolation });
      await until('what came while nobody was there is heard', async () => (await effectsOf(fleet, 'listening_00')).length >= 410, SLOW);
      const heard = (await effectsOf(fleet, 'listening_00')).map(({ note }) => Number(note.replace('event ', '')));
      expect(heard.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 410 }, (_, n) => n));
      expect(await fleet.get('listening_00')).toMatchObject({ errorCount: 1, status: 'running' });
    },
    4 * SLOW,
  );

  test(
    'ticks that were missed are made up as the schedule declares, and the agent is told how many',
    async () => {
      await using fleet = await withEffects();
      const policies = ['catch_up', 'run_once', 'skip'] as const;
      for (const missed of policies) {
        await fleet.agents('ticking', [missed], { missed });
        await fleet.state.agents.update(agentId(missed), { metadata: { isolation: kind } });
      }
      const runs = async (id: string, late: boolean): Promise<readonly { readonly tick: number; readonly missed: number }[]> =>
        (await effectsOf(fleet, id))
          .filter(({ epoch }) => epoch > 1 === late)
          .map(({ note }) => {
            const [tick = 0, missed = 0] = note.split(' ').map(Number);
            return { tick, missed };
          })
          .toSorted((a, b) => a.tick - b.tick);
      const first = await fleet.host([isolated('ticking', 'none')], { isolation });
      for (const id of policies) await until(`${id} runs`, async () => (await runs(id, false)).length >= 2, SLOW);
      await first.stop();
      const away = (await databaseNow(fleet)) + 3_000;
      await until('three seconds have passed', async () => (await databaseNow(fleet)) > away);
      await fleet.host([isolated('ticking', 'none')], { isolation });
      for (const [id, least] of [
        ['catch_up', 6],
        ['run_once', 3],
        ['skip', 2],
      ] as const)
        await until(`${id} runs again`, async () => (await runs(id, true)).length >= least, SLOW);

      const caughtUp = [...(await runs('catch_up', false)), ...(await runs('catch_up', true))].map(({ tick }) => tick);
      // One that the host was stopped in has its run anew.
      const each = [...new Set(caughtUp)].toSorted((a, b) => a - b);
      expect(each).toEqual(each.map((_, n) => (each[0] ?? 0) + n * 1_000));
      expect(Math.max(...(await runs('run_once', true)).map(({ missed }) => missed))).toBeGreaterThanOrEqual(2);
      const [before, after] = [(await runs('skip', false)).at(-1), (await runs('skip', true))[0]];
      expect((after?.tick ?? 0) - (before?.tick ?? 0)).toBeGreaterThanOrEqual(3_000);
    },
    4 * SLOW,
  );
});

async function databaseNow(fleet: TestFleet): Promise<number> {
  const row = await fleet.database.one<{ now: number }>(sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as now`);
  return row?.now ?? 0;
}
