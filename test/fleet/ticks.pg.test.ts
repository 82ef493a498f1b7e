import { expect, test } from 'vitest';
import type { AgentContext } from '../../src/agent/context.ts';
import { defineAgent } from '../../src/agent/define-agent.ts';
import type { AnyAgentDefinition } from '../../src/agent/definition.ts';
import type { Schedule } from '../../src/agent/schedule.ts';
import { systemClock } from '../../src/base/clock.ts';
import { sql } from '../../src/db/sql.ts';
import { until } from '../support/until.ts';
import { testFleet, type TestFleet } from './support/fleet.ts';

interface Begun {
  readonly tick: number;
  readonly missed: number;
  readonly hostId: string;
  ended: boolean;
}

/** An agent that keeps a list of its runs; every agent of a test has its own, whichever host runs it. */
function ticker(schedule: Schedule, begun: Begun[], run: (ctx: AgentContext) => unknown = () => undefined): AnyAgentDefinition {
  return defineAgent({
    type: 'ticker',
    name: 'Ticker',
    description: 'An agent for a test.',
    schedule,
    timeout: '20s',
    async run(ctx) {
      const entry: Begun = { tick: ctx.tick ?? Number.NaN, missed: ctx.missed, hostId: ctx.hostId, ended: false };
      begun.push(entry);
      await run(ctx as AgentContext);
      entry.ended = true;
    },
  });
}

const everySecond = { cron: '* * * * * *', missed: 'catch_up' } as const;

/** All seconds from the first to the last, each once: none was lost and none came twice. */
function expectEverySecond(ticks: readonly number[]): void {
  const sorted = ticks.toSorted((a, b) => a - b);
  expect(sorted).toEqual(sorted.map((_, n) => (sorted[0] ?? 0) + n * 1_000));
}

async function databaseNow(fleet: TestFleet): Promise<number> {
  const row = await fleet.database.one<{ now: number }>(sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as now`);
  return row?.now ?? 0;
}

test('a host that dies between the begin and the end of a tick: the next one runs it again, loses none, and no error is counted', async () => {
  await using fleet = await testFleet();
  const begun: Begun[] = [];
  let hang = false;
  const agent = ticker(everySecond, begun, async (ctx) => {
    if (hang) await ctx.clock.sleep(60_000, ctx.signal);
  });
  await fleet.agents('ticker', ['ticker_00']);
  const { host: first, cut } = await fleet.severable([agent]);
  await until('it has run twice', () => begun.length >= 2 && begun.every(({ ended }) => ended));
  hang = true;
  await until('it hangs in a tick', () => begun.at(-1)?.ended === false);
  const interrupted = begun.at(-1)?.tick;
  const firstId = first.hostId;
  cut();
  hang = false;
  const second = await fleet.host([agent]);
  await until(
    'it has run on for three ticks',
    () => begun.filter(({ hostId, ended }) => ended && hostId === second.hostId).length >= 4,
    15_000,
  );
  const completed = begun.filter(({ ended }) => ended).map(({ tick }) => tick);
  expectEverySecond(completed);
  expect(begun.filter(({ tick }) => tick === interrupted).map(({ hostId }) => hostId)).toEqual([firstId, second.hostId]);
  expect((await fleet.get('ticker_00')).errorCount).toBe(0);
}, 180_000);

test('moved back and forth between two hosts in the middle of its runs, an agent completes every tick once', async () => {
  await using fleet = await testFleet();
  const begun: Begun[] = [];
  const agent = ticker(everySecond, begun, (ctx) => ctx.clock.sleep(300, ctx.signal));
  await fleet.agents('ticker', ['ticker_00']);
  await fleet.host([agent]);
  await fleet.host([agent]);
  for (let move = 1; move <= 4; move += 1) {
    const before = begun.length;
    await until('a run is under way', () => begun.length > before && begun.at(-1)?.ended === false, 10_000);
    const { agentId, epoch } = await fleet.get('ticker_00');
    await fleet.state.commands.submit({ agentId, command: 'move', requestedBy: 'the test' });
    await fleet.untilAgent('ticker_00', 'is held anew', (a) => a.epoch > epoch && a.hostId !== null, 10_000);
  }
  const last = begun.length;
  await until('it runs on', () => begun.filter(({ ended }) => ended).length > last, 15_000);
  expectEverySecond(begun.filter(({ ended }) => ended).map(({ tick }) => tick));
  const twice = begun.filter((one, n) => begun.some((other, m) => m > n && other.tick === one.tick));
  expect(twice.filter(({ ended }) => ended)).toEqual([]);
}, 180_000);

test('a host whose wall clock is an hour wrong fires at the right moment all the same', async () => {
  await using fleet = await testFleet();
  const begun: Begun[] = [];
  const at = Math.ceil((await databaseNow(fleet)) / 1_000) * 1_000 + 4_000;
  const when = new Date(at);
  const agent = ticker({ cron: `${when.getUTCSeconds()} ${when.getUTCMinutes()} ${when.getUTCHours()} * * *` }, begun);
  await fleet.agents('ticker', ['ticker_00']);
  await fleet.host([agent], { clock: { ...systemClock, now: () => systemClock.now() - 3_600_000 } });
  await until('it has run', () => begun.length > 0, 10_000);
  expect(begun[0]?.tick).toBe(at);
  // Not an hour late; a second or two are the machine's.
  expect((await databaseNow(fleet)) - at).toBeLessThan(15_000);
  expect((await databaseNow(fleet)) - at).toBeGreaterThanOrEqual(-20);
});

test('after the whole fleet was away, ticks are made up as the schedule declares', async () => {
  await using fleet = await testFleet();
  const caughtUp: Begun[] = [];
  const once: Begun[] = [];
  const skipped: Begun[] = [];
  const kinds = (): AnyAgentDefinition[] => [
    ticker(everySecond, caughtUp),
    { ...ticker({ cron: '* * * * * *' }, once), type: 'once' },
    { ...ticker({ cron: '* * * * * *', missed: 'skip' }, skipped), type: 'skipped' },
  ];
  await fleet.agents('ticker', ['ticker_00']);
  await fleet.agents('once', ['once_00']);
  await fleet.agents('skipped', ['skipped_00']);
  const first = await fleet.host(kinds());
  await until('all have run', () => [caughtUp, once, skipped].every((list) => list.length >= 2));
  await first.stop();
  const until3 = (await databaseNow(fleet)) + 3_000;
  await until('three seconds have passed', async () => (await databaseNow(fleet)) > until3);
  const second = await fleet.host(kinds());
  const late = (list: readonly Begun[]): readonly Begun[] => list.filter(({ hostId }) => hostId === second.hostId);
  await until('all have run again', () => late(caughtUp).length >= 6 && late(once).length >= 2 && late(skipped).length >= 2, 20_000);
  expectEverySecond(caughtUp.map(({ tick }) => tick));
  expect(caughtUp.every(({ missed }) => missed === 0)).toBe(true);
  // A tick that the first host had claimed when it was stopped comes again, and only then the one for all that passed.
  const missed = late(once)
    .slice(0, 2)
    .map((run) => run.missed);
  expect(Math.max(...missed)).toBeGreaterThanOrEqual(2);
  expect(new Set(once.map(({ tick }) => tick)).size).toBe(once.length);
  const [before, after] = [skipped.findLast(({ hostId }) => hostId !== second.hostId)?.tick ?? 0, late(skipped)[0]?.tick ?? 0];
  expect(after - before).toBeGreaterThanOrEqual(3_000);
}, 180_000);

test('what is beyond the bound of catching up is told', async () => {
  await using fleet = await testFleet();
  const begun: Begun[] = [];
  const agent = (): AnyAgentDefinition => ticker({ ...everySecond, catchUpLimit: 2 }, begun);
  await fleet.agents('ticker', ['ticker_00']);
  const first = await fleet.host([agent()]);
  await until('it has run', () => begun.length >= 1);
  await first.stop();
  const until5 = (await databaseNow(fleet)) + 5_000;
  await until('five seconds have passed', async () => (await databaseNow(fleet)) > until5);
  await fleet.host([agent()]);
  await until('the rest is told', async () => (await fleet.eventsOf('ticker_00')).includes('agent:ticks_missed'), 15_000);
  const [told] = await fleet.state.events.list({ type: 'agent:ticks_missed' }, { limit: 1 });
  expect(told?.data.count).toBeGreaterThanOrEqual(3);
});

test('a pause is not made up', async () => {
  await using fleet = await testFleet();
  const begun: Begun[] = [];
  await fleet.agents('ticker', ['ticker_00']);
  await fleet.host([ticker(everySecond, begun)]);
  await until('it has run', () => begun.length >= 1);
  const { agentId } = await fleet.get('ticker_00');
  await fleet.state.agents.setState(agentId, 'paused');
  await fleet.untilAgent('ticker_00', 'rests', (a) => a.status === 'stopped');
  const paused = begun.length;
  const until3 = (await databaseNow(fleet)) + 3_000;
  await until('three seconds have passed', async () => (await databaseNow(fleet)) > until3);
  await fleet.state.agents.setState(agentId, 'active');
  await until('it runs again', () => begun.length > paused);
  expect((begun[paused]?.tick ?? 0) - (begun[paused - 1]?.tick ?? 0)).toBeGreaterThanOrEqual(3_000);
});
