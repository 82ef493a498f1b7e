import { expect, test } from 'vitest';
import { defineAgent } from './define-agent.ts';
import type { Schedule } from './schedule.ts';
import { runAgent } from './test-kit.ts';

const noting = (schedule: Schedule) => {
  const runs: {
    readonly trigger: string | null;
    readonly tick: string | null;
    readonly missed: number;
    readonly events: readonly unknown[];
  }[] = [];
  const definition = defineAgent({
    type: 'noting',
    name: 'Noting',
    description: 'An agent for a test.',
    schedule,
    async run(ctx) {
      const events = ctx.events.map((event) => event.data['n']);
      runs.push({ trigger: ctx.trigger, tick: ctx.tick === null ? null : new Date(ctx.tick).toISOString(), missed: ctx.missed, events });
    },
  });
  return { definition, runs };
};

test('a nightly agent runs at its instants, on a clock that the test moves', async () => {
  const { definition, runs } = noting({ cron: '0 3 * * *', timezone: 'Europe/Warsaw' });
  await using agent = await runAgent(definition, { at: new Date('2026-03-27T12:00:00Z') });
  await agent.advance('3d');
  expect(runs.map(({ tick }) => tick)).toEqual(['2026-03-28T02:00:00.000Z', '2026-03-29T01:00:00.000Z', '2026-03-30T01:00:00.000Z']);
});

test('what was missed while nobody ran it is made up as the schedule declares', async () => {
  const at = new Date('2026-01-05T12:00:00Z');
  const lastTick = new Date('2026-01-02T03:00:00Z');
  const once = noting({ cron: '0 3 * * *' });
  await using agent = await runAgent(once.definition, { at, lastTick });
  await agent.advance('1m');
  expect(once.runs).toEqual([{ trigger: 'first', tick: '2026-01-05T03:00:00.000Z', missed: 2, events: [] }]);

  const each = noting({ cron: '0 3 * * *', missed: 'catch_up' });
  await using other = await runAgent(each.definition, { at, lastTick });
  await other.advance('1m');
  expect(each.runs.map(({ tick }) => tick?.slice(0, 10))).toEqual(['2026-01-03', '2026-01-04', '2026-01-05']);
});

test('a delivered event sets the agent off; one that it does not run on is the test’s mistake', async () => {
  const { definition, runs } = noting({ on: 'invoice:*' });
  await using agent = await runAgent(definition);
  await agent.advance('1h');
  expect(runs).toEqual([]);
  expect(await agent.deliver({ type: 'invoice:created', data: { n: 7 }, agentId: 'billing' })).toMatchObject({ kind: 'succeeded' });
  expect(runs).toEqual([{ trigger: 'event', tick: null, missed: 0, events: [7] }]);
  await expect(agent.deliver({ type: 'order:created' })).rejects.toThrow('does not run on events order:created');
});
