import { expect, test } from 'vitest';
import { z } from 'zod';
import type { AgentContext } from '../agent/context.ts';
import { defineAgent } from '../agent/define-agent.ts';
import type { AnyAgentDefinition } from '../agent/definition.ts';
import { settled, VirtualClock } from '../agent/virtual-clock.ts';
import { agentId, epoch } from '../base/ids.ts';
import { silentLogger } from '../base/logger.ts';
import type { AgentRecord } from '../state/agents.ts';
import type { AgentEvent } from './fleet-event.ts';
import { Supervisor } from './supervisor.ts';

const base = { type: 'sample', name: 'Sample', description: 'An agent for a test.', schedule: { every: '1s' } } as const;

function supervised(definition: AnyAgentDefinition, row: Partial<AgentRecord> = {}, after?: Promise<unknown>) {
  const clock = new VirtualClock();
  const events: AgentEvent[] = [];
  const record: AgentRecord = {
    agentId: agentId('sample_1'),
    name: 'Sample',
    type: 'sample',
    state: 'active',
    slotStatus: null,
    config: {},
    metadata: {},
    createdAt: 0,
    updatedAt: 0,
    status: 'starting',
    healthScore: null,
    lastHeartbeatAt: null,
    hostId: null,
    epoch: epoch(1),
    acquiredAt: 0,
    errorCount: 0,
    runCount: 0,
    lastError: null,
    reason: null,
    ticks: { begun: null, done: null, schedule: null, activeSince: 0 },
    ...row,
  };
  const supervisor = new Supervisor({
    definition,
    record,
    epoch: record.epoch,
    clock,
    random: () => 0.5,
    log: silentLogger,
    // What these agents use of their context; the rest is the host's affair.
    contexts: (call, config) =>
      ({ ...call, config, clock, log: silentLogger, agentId: record.agentId }) as unknown as AgentContext<typeof config>,
    emit: (event) => void events.push(event),
    began: () => undefined,
    ran: () => undefined,
    after,
  });
  return { supervisor, clock, events, record, types: () => events.map((event) => event.type) };
}

test('a crashed startup is tried again after pauses that grow, and a good one ends the matter', async () => {
  let tries = 0;
  const { supervisor, clock, types } = supervised(
    defineAgent({
      ...base,
      startup: () => {
        tries += 1;
        if (tries < 4) throw new Error(`try ${tries}`);
      },
      run: () => Promise.resolve(),
    }),
  );
  supervisor.start();
  await settled();
  expect(supervisor.beat()).toMatchObject({ status: 'starting', healthScore: 0, errorCount: 1, lastError: 'try 1' });
  await clock.advance(499);
  expect(tries).toBe(1);
  await clock.advance(1);
  expect(tries).toBe(2);
  await clock.advance(1_000);
  expect(tries).toBe(3);
  await clock.advance(10_000);
  expect(types()).toEqual(['agent:crashed', 'agent:crashed', 'agent:crashed', 'agent:started']);
  expect(supervisor.beat()).toMatchObject({ status: 'running', healthScore: 100, errorCount: 3, reason: null });
  await supervisor.stop('done');
});

test('a crash loop is tried at long intervals and has recovered with its first good run', async () => {
  let broken = true;
  const { supervisor, clock, types } = supervised(
    defineAgent({
      ...base,
      startup: () => {
        if (broken) throw new Error('no');
      },
      run: () => Promise.resolve(),
    }),
  );
  supervisor.start();
  await clock.advance(30_000);
  expect(supervisor.beat()).toMatchObject({ status: 'crash_looping', healthScore: 0, errorCount: 5 });
  await clock.advance(190_000);
  expect(supervisor.beat().errorCount).toBe(5);
  broken = false;
  await clock.advance(60_000);
  expect(supervisor.beat()).toMatchObject({ status: 'running', healthScore: 100 });
  expect(types().slice(-3)).toEqual(['agent:crash_looping', 'agent:started', 'agent:recovered']);
  await supervisor.stop('done');
});

test('a restart ends a pause at once and says what came of it', async () => {
  let broken = true;
  const { supervisor, clock } = supervised(
    defineAgent({
      ...base,
      startup: () => {
        if (broken) throw new Error('no');
      },
      run: () => Promise.resolve(),
    }),
  );
  supervisor.start();
  await clock.advance(30_000);
  expect(supervisor.status).toBe('crash_looping');
  broken = false;
  const status = supervisor.restart();
  await settled();
  expect(await status).toBe('running');
  await supervisor.stop('done');
});

test('counts go on where the holder before stopped', async () => {
  const { supervisor, clock } = supervised(defineAgent({ ...base, run: () => Promise.resolve() }), {
    runCount: 41,
    errorCount: 7,
    lastError: 'of old',
  });
  supervisor.start();
  await clock.advance(400);
  expect(supervisor.beat()).toMatchObject({ runCount: expect.any(Number), errorCount: 7, lastError: 'of old' });
  await clock.advance(10_000);
  expect(supervisor.beat().runCount).toBeGreaterThan(48);
  await supervisor.stop('done');
});

test('an agent is not started beside its former self', async () => {
  let release: (() => void) | undefined;
  const former = new Promise<void>((resolve) => (release = resolve));
  let started = false;
  const { supervisor, clock } = supervised(
    defineAgent({ ...base, startup: () => void (started = true), run: () => Promise.resolve() }),
    {},
    former,
  );
  supervisor.start();
  await clock.advance(60_000);
  expect(started).toBe(false);
  release?.();
  await settled();
  expect(started).toBe(true);
  await supervisor.stop('done');
});

test('stopped and started again it runs on: trust that ended and came back', async () => {
  let lives = 0;
  const { supervisor, clock, record } = supervised(
    defineAgent({ ...base, startup: () => void (lives += 1), run: () => Promise.resolve() }),
  );
  supervisor.start();
  await clock.advance(3_000);
  void supervisor.stop('isolated');
  supervisor.start();
  await clock.advance(3_000);
  expect(lives).toBe(2);
  expect(supervisor.beat()).toMatchObject({ status: 'running', epoch: record.epoch });
  const ended = supervisor.stop('isolated again');
  await ended;
  expect(supervisor.busy).toBe(false);
  expect(supervisor.beat()).toMatchObject({ status: 'stopped', reason: 'isolated again', healthScore: null });
});

test('configurations that change in quick succession end with the last one', async () => {
  const seen: string[] = [];
  const definition = defineAgent({
    ...base,
    config: z.object({ word: z.string() }),
    reconfigure: async (ctx) => {
      await ctx.clock.sleep(100);
      seen.push(ctx.config.word);
    },
    run: () => Promise.resolve(),
  });
  const { supervisor, clock, record } = supervised(definition, { config: { word: 'one' } });
  supervisor.start();
  await clock.advance(1_000);
  for (const word of ['two', 'three', 'four']) void supervisor.take({ ...record, config: { word } });
  void supervisor.take({ ...record, config: { word: 'four' } });
  await clock.advance(1_000);
  expect(seen.at(-1)).toBe('four');
  await supervisor.stop('done');
});

test('an error text is bounded', async () => {
  const { supervisor, clock } = supervised(defineAgent({ ...base, run: () => Promise.reject(new Error('x'.repeat(1_000_000))) }));
  supervisor.start();
  await clock.advance(1_000);
  expect(supervisor.beat().lastError?.length).toBe(2_000);
  expect(supervisor.beat().reason?.length).toBeLessThanOrEqual(2_000);
  await supervisor.stop('done');
});
