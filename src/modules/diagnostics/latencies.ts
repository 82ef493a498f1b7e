import type { AgentContext } from '../../agent/index.ts';
import { messageOf } from '../../base/errors.ts';
import { sql } from '../../db/sql.ts';

export const OPERATIONS = ['state_write', 'state_read', 'sql_read', 'metric_visible'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What one operation came to. */
export type Proof = { readonly operation: Operation } & ({ readonly seconds: number } | { readonly error: string });

/** How often a recorded metric is looked for, and how many times: it may take five seconds to be found. */
const LOOK_EVERY_MS = 100;
const LOOKS = 50;
/** Carries the number of the check: what is found must be what was recorded last. */
const PROBE_METRIC = 'diagnostic_probe';

type Ctx = Pick<AgentContext, 'agentId' | 'state' | 'sql' | 'fleet' | 'signal' | 'metric' | 'clock'>;

/** Does what every agent does, and measures how long it takes: what was written must be what is read. */
export async function prove(ctx: Ctx, key: string, nonce: number): Promise<readonly Proof[]> {
  return [
    await timed('state_write', async () => ctx.state.set(key, { nonce })),
    await timed('state_read', async () => {
      const found = (await ctx.state.get<{ readonly nonce: number }>(key))?.nonce;
      if (found !== nonce) throw new Error(`wrote ${nonce} and read ${String(found)}`);
    }),
    await timed('sql_read', async () => {
      const { rows } = await ctx.sql.read<{ readonly sum: number }>(sql`select ${nonce}::int + 1 as sum`);
      if (rows[0]?.sum !== nonce + 1) throw new Error(`asked for ${nonce} + 1 and got ${String(rows[0]?.sum)}`);
    }),
    await timed('metric_visible', async () => visible(ctx, nonce)),
  ];
}

async function timed(operation: Operation, work: () => Promise<void>): Promise<Proof> {
  const startedAt = performance.now();
  try {
    await work();
    return { operation, seconds: (performance.now() - startedAt) / 1_000 };
  } catch (error) {
    return { operation, error: messageOf(error) };
  }
}

/** Records a sample and asks for it until it is there: the way of every metric, batch and all. */
async function visible(ctx: Ctx, nonce: number): Promise<void> {
  ctx.metric(PROBE_METRIC, nonce);
  for (let look = 0; look < LOOKS; look += 1) {
    await ctx.clock.sleep(LOOK_EVERY_MS, ctx.signal);
    const { items } = await ctx.fleet.metrics.latest({ metricName: PROBE_METRIC, agentId: ctx.agentId }, { limit: 1 });
    if (items[0] !== undefined && items[0].value === nonce) return;
  }
  throw new Error(`a recorded metric was not to be found within ${(LOOKS * LOOK_EVERY_MS) / 1_000} s`);
}
