import type { AgentContext } from '../agent/context.ts';
import { sql } from '../db/sql.ts';
import type { Survey } from '../state/survey.ts';
import { judgePressure, NO_PRESSURE, type Pressure } from './pressure.ts';

/** What was published ends after so long unless it is published anew. */
const VALID_MS = 30_000;

interface Reading {
  readonly connections: number;
  readonly active: number;
  readonly max_connections: number;
  readonly published: number;
}

/**
 * Looks at how the database is, publishes where every host reads it how far runs are to be stretched, and tells when that
 * begins, changes and ends. A new leader goes on from what the former one has published.
 */
export async function shed(
  ctx: Pick<AgentContext, 'sql' | 'emit' | 'log'>,
  before: Pressure | undefined,
  survey: Survey,
  lookMs: number,
  enabled: boolean,
): Promise<Pressure> {
  const { rows } = await ctx.sql.read<Reading>(sql`
    select count(*) filter (where backend_type = 'client backend')::int as connections,
      count(*) filter (where backend_type = 'client backend' and state = 'active' and pid <> pg_backend_pid())::int as active,
      current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as max_connections,
      (select shed_level from muster.fleet_clock)::int as published
    from pg_stat_activity`);
  const reading = rows[0];
  if (reading === undefined) return before ?? NO_PRESSURE;
  const known = before ?? { ...NO_PRESSURE, level: survey.shedLevel, reason: 'found by the coordinator before' };
  const latencyMs = Math.max(lookMs, median(survey.hosts.flatMap(({ beatMs }) => (beatMs === null ? [] : [beatMs]))));
  const pressure = judgePressure(known, {
    latencyMs,
    connections: reading.connections,
    maxConnections: reading.max_connections,
    active: reading.active,
  });
  const level = enabled ? pressure.level : 0;
  if (level > 0 || reading.published > 0) await publish(ctx, level);
  if (level !== reading.published) {
    const what = level === 0 ? 'ended' : reading.published === 0 ? 'started' : 'changed';
    ctx.emit(`fleet:shedding_${what}`, level === 0 ? { level } : { level, reason: pressure.reason });
    ctx.log.warn(
      { level },
      level === 0 ? 'the database has recovered: runs are as often as they should be' : `runs are stretched: ${pressure.reason}`,
    );
  }
  return pressure;
}

async function publish(ctx: Pick<AgentContext, 'sql'>, level: number): Promise<void> {
  await ctx.sql.write(sql`update muster.fleet_clock set shed_level = ${level},
    shed_until = case when ${level} = 0 then '-infinity' else clock_timestamp() + ${VALID_MS} * interval '1 millisecond' end`);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
