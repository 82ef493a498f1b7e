import { z } from 'zod';
import { defineAgent, type AgentContext } from '../../agent/index.ts';
import { MusterError } from '../../base/errors.ts';
import { durationSetting } from '../duration-setting.ts';
import { OPERATIONS, prove, type Operation, type Proof } from './latencies.ts';
import { makeLoad, parseLoad, SyntheticWork } from './load.ts';
import { DIAGNOSTIC_METRICS } from './metrics.ts';

interface Life {
  readonly failures: Record<Operation, number>;
  readonly work: SyntheticWork;
  last: readonly Proof[];
}

const lives = new WeakMap<object, Life>();

const config = z.strictObject({ every: durationSetting(6_000, '30s') });

/** Where its last result stands in shared state. */
export const diagnosticKey = (agentId: string): string => `diagnostic:${agentId}`;

export const diagnosticTestAgent = defineAgent({
  type: 'diagnostic_test_agent',
  name: 'Diagnostic test',
  description: 'Proves by doing that shared state, SQL and metrics work, and measures how long they take. Makes synthetic load on command.',
  capabilities: { self_check: 'Round trips through state, SQL and metrics, measured', load: 'Synthetic load for validation, on command' },
  config,
  schedule: ({ every }) => ({ every }),
  // The command `load` may take ten minutes; a run takes six seconds at most.
  timeout: '11m',
  startup: (ctx) =>
    void lives.set(ctx.life, {
      failures: { state_write: 0, state_read: 0, sql_read: 0, metric_visible: 0 },
      work: new SyntheticWork(),
      last: [],
    }),
  async run(ctx) {
    const life = lifeOf(ctx);
    life.last = await prove(ctx, `${diagnosticKey(ctx.agentId)}:probe`, ctx.runs.runCount + 1);
    // A run that was told to stop half-way has proved nothing, either way.
    ctx.signal.throwIfAborted();
    for (const proof of life.last) {
      if ('error' in proof) life.failures[proof.operation] += 1;
      else
        ctx.metric('diagnostic_latency_seconds', proof.seconds, {
          unit: DIAGNOSTIC_METRICS.diagnostic_latency_seconds.unit,
          labels: { operation: proof.operation },
        });
    }
    for (const operation of OPERATIONS) ctx.metric('diagnostic_failures_total', life.failures[operation], { labels: { operation } });
    const failed = life.last.filter((proof) => 'error' in proof);
    await ctx.state.set(diagnosticKey(ctx.agentId), { checked_at: new Date(ctx.clock.now()).toISOString(), operations: life.last });
    if (failed.length > 0)
      throw new MusterError('MEASUREMENT_FAILED', failed.map(({ operation, error }) => `${operation}: ${error}`).join('; '));
    return { operations: life.last };
  },
  shutdown: (ctx) => void lives.delete(ctx.life),
  health(ctx) {
    const failed = lives.get(ctx.life)?.last.filter((proof) => 'error' in proof) ?? [];
    return {
      score: 100 - failed.length * (100 / OPERATIONS.length),
      reasons: failed.map(({ operation, error }) => `${operation}: ${error}`),
    };
  },
  commands: {
    load: (ctx, payload) => makeLoad(ctx, parseLoad(payload), lifeOf(ctx).work),
  },
});

function lifeOf(ctx: Pick<AgentContext, 'life'>): Life {
  const life = lives.get(ctx.life);
  if (life === undefined) throw new MusterError('INTERNAL', 'diagnostic_test_agent runs without its startup');
  return life;
}
