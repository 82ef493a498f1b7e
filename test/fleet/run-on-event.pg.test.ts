import { expect, test } from 'vitest';
import type { AgentContext } from '../../src/agent/context.ts';
import { defineAgent } from '../../src/agent/define-agent.ts';
import type { AnyAgentDefinition } from '../../src/agent/definition.ts';
import type { Schedule } from '../../src/agent/schedule.ts';
import { MOST_HOPS } from '../../src/fleet/event-feed.ts';
import { sql } from '../../src/db/sql.ts';
import { until } from '../support/until.ts';
import { testFleet, type TestFleet } from './support/fleet.ts';

const listener = (
  run: (ctx: AgentContext) => unknown,
  schedule: Schedule = { on: 'invoice:created' },
  type = 'listener',
): AnyAgentDefinition =>
  defineAgent({
    type,
    name: 'Listener',
    description: 'An agent for a test.',
    schedule,
    timeout: '20s',
    run: async (ctx) => run(ctx as AgentContext),
  });

const invoices = (fleet: TestFleet, from: number, count: number): Promise<void> =>
  fleet.state.events.append(Array.from({ length: count }, (_, n) => ({ type: 'invoice:created' as const, data: { n: from + n } })));

const numbersIn = (ctx: AgentContext): readonly number[] => ctx.events.map((event) => Number(event.data['n']));

/** An event from before an agent first followed is none of its business; this one is from after. */
async function following(fleet: TestFleet, agent: string): Promise<void> {
  await until(`${agent} has its place in the stream`, async () => {
    const { count } = await fleet.database.query(sql`select from muster.event_cursors where agent_id = ${agent}`);
    return count === 1;
  });
}

test('an event sets off who follows it, and nobody else; a burst makes one run, and ticks go on beside it', async () => {
  await using fleet = await testFleet();
  await fleet.agents('listener', ['listener_00']);
  await fleet.agents('both', ['both_00']);
  const heard: (readonly number[])[] = [];
  const triggers = new Set<string>();
  await invoices(fleet, -5, 5);
  await fleet.host([
    listener((ctx) => heard.push(numbersIn(ctx))),
    listener((ctx) => triggers.add(`${ctx.trigger} ${ctx.events.length > 0}`), { every: '300ms', on: ['*:created'] }, 'both'),
  ]);
  await following(fleet, 'listener_00');
  await following(fleet, 'both_00');
  await fleet.state.events.append([{ type: 'invoice:paid' }]);
  await invoices(fleet, 0, 40);
  await until('the burst has had its run', () => heard.flat().length >= 40);
  expect(heard.length).toBeLessThanOrEqual(2);
  expect(heard.flat()).toEqual(Array.from({ length: 40 }, (_, n) => n));
  await until('both ways were seen', () => triggers.has('schedule false') && [...triggers].some((told) => told.endsWith('true')));
});

test('every event sets the agent off at least once, whatever becomes of its hosts, also while there is none', async () => {
  await using fleet = await testFleet();
  await fleet.agents('listener', ['listener_00']);
  const heard: number[] = [];
  let hang = false;
  const agent = listener(async (ctx) => {
    if (hang) await ctx.clock.sleep(60_000, ctx.signal);
    else await ctx.clock.sleep(20, ctx.signal);
    heard.push(...numbersIn(ctx));
  });
  const { host: first, cut } = await fleet.severable([agent]);
  await following(fleet, 'listener_00');
  await invoices(fleet, 0, 50);
  await until('the first 50 are heard', () => heard.length >= 50);
  // The host dies in the middle of a run.
  hang = true;
  await invoices(fleet, 50, 50);
  await until('it hangs', () => first.status?.agents === 1);
  await new Promise((resolve) => setTimeout(resolve, 400));
  cut();
  hang = false;
  await invoices(fleet, 100, 50);
  const second = await fleet.host([agent]);
  await until('what the dead one did not finish, and what came meanwhile, is heard', () => new Set(heard).size >= 150, 15_000);
  // It moves while events come.
  const third = await fleet.host([agent]);
  const { agentId } = await fleet.get('listener_00');
  for (let n = 0; n < 10; n += 1) {
    await invoices(fleet, 150 + n * 10, 10);
    if (n % 3 === 0) await fleet.state.commands.submit({ agentId, command: 'move', requestedBy: 'the test' });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await until('all are heard', () => new Set(heard).size >= 250, 15_000);
  // Nobody is there.
  await Promise.all([second.stop(), third.stop()]);
  const before = heard.length;
  await invoices(fleet, 250, 50);
  await fleet.host([agent]);
  await until('what came while nobody was there is heard', () => new Set(heard).size === 300, 15_000);
  // Given back in good order, it had nothing to hear again.
  expect(heard.slice(before).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => 250 + n));
  expect((await fleet.get('listener_00')).errorCount).toBe(0);
}, 180_000);

test('more than can wait is not lost: a hundred a run, each once', async () => {
  await using fleet = await testFleet();
  await fleet.agents('listener', ['listener_00']);
  const heard: (readonly number[])[] = [];
  await fleet.host([listener((ctx) => heard.push(numbersIn(ctx)))]);
  await following(fleet, 'listener_00');
  for (let n = 0; n < 3; n += 1) await invoices(fleet, n * 1_200, 1_200);
  await until('all are heard', () => heard.flat().length >= 3_600, 20_000);
  expect(heard.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 3_600 }, (_, n) => n));
  expect(Math.max(...heard.map((batch) => batch.length))).toBe(100);
}, 180_000);

test('an agent does not set itself off, and two that answer each other come to rest', async () => {
  await using fleet = await testFleet();
  await fleet.agents('ping', ['ping_00']);
  await fleet.agents('pong', ['pong_00']);
  const said: string[] = [];
  const answering = (type: string, to: Schedule, say: 'ping:said' | 'pong:said'): AnyAgentDefinition =>
    listener(
      (ctx) => {
        said.push(say);
        ctx.emit(say);
      },
      to,
      type,
    );
  await fleet.host([
    answering('ping', { on: ['pong:said', 'ping:said'] }, 'ping:said'),
    answering('pong', { on: 'ping:said' }, 'pong:said'),
  ]);
  await following(fleet, 'ping_00');
  await following(fleet, 'pong_00');
  await fleet.state.events.append([{ type: 'pong:said' }]);
  await until('the chain is at its end', () => said.length >= MOST_HOPS, 20_000);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(said).toHaveLength(MOST_HOPS);
}, 180_000);

test('what happens during a pause is not made up', async () => {
  await using fleet = await testFleet();
  await fleet.agents('listener', ['listener_00']);
  const heard: number[] = [];
  await fleet.host([listener((ctx) => heard.push(...numbersIn(ctx)))]);
  await following(fleet, 'listener_00');
  await invoices(fleet, 0, 1);
  await until('the first is heard', () => heard.length === 1);
  const { agentId } = await fleet.get('listener_00');
  await fleet.state.agents.setState(agentId, 'paused');
  await fleet.untilAgent('listener_00', 'rests', (a) => a.status === 'stopped');
  await invoices(fleet, 1, 1);
  await fleet.state.agents.setState(agentId, 'active');
  await fleet.untilAgent('listener_00', 'runs', (a) => a.status === 'running');
  await invoices(fleet, 2, 1);
  await until('the next is heard', () => heard.length >= 2);
  expect(heard).toEqual([0, 2]);
});

test('a former holder moves nobody on in the stream', async () => {
  await using fleet = await testFleet();
  await fleet.agents('listener', ['listener_00']);
  const host = await fleet.host([listener(() => undefined)]);
  await following(fleet, 'listener_00');
  const { agentId, epoch } = await fleet.get('listener_00');
  const cursorNow = async () => (await fleet.database.one<{ cursor: string }>(sql`select cursor from muster.event_cursors`))?.cursor;
  const stale = { hostId: host.hostId, agentId, epoch: (epoch - 1) as typeof epoch };
  await fleet.state.eventCursors.advance(host.hostId, [{ ...stale, cursor: 'elsewhere' }]);
  // The holder may move on meanwhile.
  expect(await cursorNow()).not.toBe('elsewhere');
});
