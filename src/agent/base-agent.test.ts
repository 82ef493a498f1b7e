import { expect, test } from 'vitest';
import { z } from 'zod';
import { BaseAgent } from './base-agent.ts';
import type { AnyAgentDefinition } from './definition.ts';
import { runAgent } from './test-kit.ts';

const config = z.strictObject({ step: z.number().default(2) });

class Counter extends BaseAgent<z.output<typeof config>> {
  static override readonly capabilities = { counting: 'Counts in steps' };
  count = 0;
  closed = false;

  override startup(): void {
    this.emit('counter:opened', { capabilities: Object.keys(this.getCapabilities()) });
  }
  override async run(): Promise<number> {
    this.count += this.config.step;
    if (this.count > 100) throw new Error('too far');
    this.metric('count', this.count, { labels: { way: 'up' } });
    return this.count;
  }
  override shutdown(): void {
    this.emit('counter:closed', { count: this.count, errors: this.errorCount });
  }
  override getBusinessContext() {
    return { team: 'billing' };
  }
}

const counter = Counter.define({
  type: 'counter',
  name: 'Counter',
  description: 'Counts.',
  config,
  schedule: { every: '1m' },
  commands: {
    jump: (agent, payload) => {
      agent.count = z.object({ to: z.number() }).parse(payload).to;
      return Promise.resolve(agent.count);
    },
  },
});

test('a class keeps its own fields from startup to shutdown', async () => {
  const agent = await runAgent(counter, { config: { step: 5 } });
  await agent.tick();
  await agent.tick();
  expect(agent.metrics).toMatchObject([
    { name: 'count', value: 5, labels: { team: 'billing', way: 'up' } },
    { name: 'count', value: 10 },
  ]);
  await agent.stop();
  expect(agent.events).toMatchObject([
    { type: 'counter:opened', data: { capabilities: ['counting'] } },
    { type: 'counter:closed', data: { count: 10, errors: 0 } },
  ]);
});

test('two agents of one class share nothing', async () => {
  await using one = await runAgent(counter, { agentId: 'one' });
  await using two = await runAgent(counter, { agentId: 'two' });
  await one.tick();
  await one.tick();
  await two.tick();
  expect([one.metric('count'), two.metric('count')]).toEqual([4, 2]);
});

test('health follows the runs, and commands reach the object', async () => {
  await using agent = await runAgent(counter);
  expect(await agent.command('jump', { to: 100 })).toBe(100);
  expect(await agent.tick()).toMatchObject({ kind: 'failed' });
  expect(agent.health().score).toBe(0);
});

test('definitions of different configurations fit in one list', () => {
  const types: readonly AnyAgentDefinition[] = [counter];
  expect(types.map((type) => type.type)).toEqual(['counter']);
  expect(counter.capabilities).toEqual({ counting: 'Counts in steps' });
});
