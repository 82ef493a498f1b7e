import { z } from 'zod';
import { compileSchedule } from '../../agent/index.ts';
import type { Result } from '../../db/database.ts';
import { sql, type Sql } from '../../db/sql.ts';
import type { Component } from './component.ts';

/** A window of maintenance, once or again and again. Times are milliseconds since 1970. */
export interface Window {
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
  readonly startsAt: number | null;
  readonly endsAt: number | null;
  readonly cron: string | null;
  readonly timeZone: string;
  readonly durationMs: number | null;
}

const MOST_WINDOWS = 200;
const matcherList = z.array(z.object({ label: z.string(), operator: z.string(), value: z.string() }));

/** Those there are, where the tables of alerting are there. */
export async function readWindows(read: <Row>(statement: Sql) => Promise<Result<Row>>): Promise<readonly Window[]> {
  const { rows: found } = await read<{ readonly there: boolean }>(
    sql`select to_regclass('muster.maintenance_windows') is not null as there`,
  );
  if (found[0]?.there !== true) return [];
  const { rows } = await read<Omit<Window, 'matchers'> & { readonly matchers: unknown }>(sql`select matchers,
      (extract(epoch from starts_at) * 1000)::float8 as "startsAt", (extract(epoch from ends_at) * 1000)::float8 as "endsAt",
      cron, time_zone as "timeZone", duration_ms::float8 as "durationMs"
    from muster.maintenance_windows where deleted_at is null and (cron is not null or ends_at > clock_timestamp() - interval '14 days')
    order by created_at desc limit ${MOST_WINDOWS}`);
  return rows.flatMap((row) => {
    const matchers = matcherList.safeParse(row.matchers);
    return matchers.success ? [{ ...row, matchers: matchers.data }] : [];
  });
}

/** When the window is open that is open at `now`, or the next one; undefined where there is none any more. */
export function nextOpening(window: Window, now: number): { readonly from: number; readonly to: number } | undefined {
  const { startsAt, endsAt, cron, timeZone, durationMs } = window;
  if (cron === null || durationMs === null)
    return startsAt === null || endsAt === null || endsAt <= now ? undefined : { from: startsAt, to: endsAt };
  const from = compileSchedule({ cron, timezone: timeZone })
    .grid(0)
    .after(now - durationMs);
  return from === undefined ? undefined : { from, to: from + durationMs };
}

export const inMaintenance = (component: Component, windows: readonly Window[], now: number): boolean =>
  windows.some((window) => {
    if (!concerns(window, component)) return false;
    const opening = nextOpening(window, now);
    return opening !== undefined && opening.from <= now && now < opening.to;
  });

/**
 * Whether a window is about a component as a whole: one that names it (`component=Database`), or a database, agent, host or monitor that
 * it is made from. A window of one agent does not excuse the agents as a whole.
 */
export function concerns(
  { matchers }: Window,
  component: Pick<Component, 'name' | 'databases' | 'agents' | 'hosts' | 'monitors'>,
): boolean {
  const named = (label: string, names: readonly string[] | 'all'): readonly Readonly<Record<string, string>>[] =>
    names === 'all' ? [] : names.map((name) => ({ [label]: name, component: component.name }));
  const members: readonly Readonly<Record<string, string>>[] = [
    { component: component.name },
    ...named('database', component.databases),
    ...named('agent', component.agents),
    ...named('host', component.hosts),
    ...named('monitor', component.monitors),
  ];
  return matchers.length > 0 && members.some((labels) => matchers.every((matcher) => matches(matcher, labels[matcher.label])));
}

function matches({ operator, value }: Window['matchers'][number], actual: string | undefined): boolean {
  if (actual === undefined) return false;
  const fits = operator.endsWith('~') ? patternOf(value).test(actual) : actual === value;
  return operator.startsWith('!') ? !fits : fits;
}

/** `*` stands for anything. */
const patternOf = (text: string): RegExp =>
  new RegExp(
    `^${text
      .slice(0, 200)
      .split(/\*+/)
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[^]*?')}$`,
  );
