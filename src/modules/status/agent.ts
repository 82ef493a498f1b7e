import { z } from 'zod';
import { defineAgent, type AgentContext } from '../../agent/index.ts';
import { durationMs } from '../../base/duration.ts';
import { isMusterError } from '../../base/errors.ts';
import { sql } from '../../db/sql.ts';
import { durationSetting } from '../duration-setting.ts';
import { faded, HEALTH_KEY, judgedLast, Scores } from '../health/index.ts';
import { Monitors } from '../watch/index.ts';
import { componentsOf, stateOf, type Component, type Standing, type State } from './component.ts';
import { foldDays, recordOutage, recordSightings, writeComponents, type Sighting } from './intervals.ts';
import { inMaintenance, readWindows } from './maintenance.ts';
import { STATUS_KEY } from './snapshot.ts';

const names = z.array(z.string()).optional();

const statusConfig = z.strictObject({
  every: durationSetting(1_000, '15s'),
  enabled: z.boolean().default(true),
  title: z.string().min(1).max(200).default('Status'),
  /** None: the database, and hosts, agents and jobs as a whole. */
  components: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(100),
        database: z.boolean().optional(),
        databases: names,
        agents: names,
        hosts: names,
        monitors: names,
      }),
    )
    .max(100)
    .default([]),
});
type StatusConfig = z.output<typeof statusConfig>;

/** So many rounds may be missed before the time between counts as unknown. */
const GAP_ROUNDS = 4;
const FOLD_EVERY_MS = 600_000;
const PAGE = 1_000;
const MOST_AGENTS = 10_000;
/** An agent that should run may take so long to begin. */
const PATIENCE_MS = 60_000;
/** After this a lost host is taken for one that was switched off. */
const LOST_MATTERS_MS = 900_000;

interface Life {
  foldedAt: number;
  components: readonly Component[];
}
const lives = new WeakMap<object, Life>();

/** When agents of this process found the database away, by their ids: their next life must tell of it too. */
const foundAway = new Map<string, number>();
const AWAY: readonly string[] = ['DATABASE_UNREACHABLE', 'DATABASE_TIMEOUT'];

/** Writes down how the components of the status page stand. */
export const statusRecorder = defineAgent({
  type: 'status_recorder',
  name: 'Status recorder',
  description: 'Writes down how the components of the public status page stand, from when to when.',
  capabilities: { status_page: 'Intervals of every component, with time nobody knows as unknown' },
  config: statusConfig,
  schedule: ({ every }) => ({ every }),
  timeout: '30s',
  async startup(ctx) {
    const components = componentsOf(ctx.config.components);
    await ctx.sql.transaction((tx) => writeComponents(tx, components));
    const { enabled, title } = ctx.config;
    await ctx.state.set(STATUS_KEY, { enabled, title, every_ms: durationMs(ctx.config.every) });
    lives.set(ctx.life, { components, foldedAt: Number.NEGATIVE_INFINITY });
  },
  async run(ctx) {
    const life = lives.get(ctx.life);
    if (life === undefined) return undefined;
    try {
      return await look(ctx, life);
    } catch (error) {
      if (isMusterError(error) && AWAY.includes(error.code)) foundAway.set(ctx.agentId, ctx.clock.now());
      throw error;
    }
  },
  shutdown: (ctx) => void lives.delete(ctx.life),
});

async function look(ctx: AgentContext<StatusConfig>, life: Life): Promise<object> {
  const [standing, windows] = [await standingNow(ctx, life), await readWindows((statement) => ctx.sql.read(statement))];
  const now = ctx.clock.now();
  const sightings = life.components.flatMap((component): readonly Sighting[] => {
    const state = stateOf(component, standing);
    return state === undefined ? [] : [{ component: component.key, state, inMaintenance: inMaintenance(component, windows, now) }];
  });
  const isFolding = ctx.clock.monotonic() - life.foldedAt > FOLD_EVERY_MS;
  await ctx.sql.transaction(async (tx) => {
    const away = foundAway.get(ctx.agentId);
    if (away !== undefined) for (const { key, database } of life.components) if (database) await recordOutage(tx, key, away);
    await recordSightings(tx, sightings, GAP_ROUNDS * durationMs(ctx.config.every));
    if (isFolding) await foldDays(tx);
  });
  foundAway.delete(ctx.agentId);
  if (isFolding) life.foldedAt = ctx.clock.monotonic();
  return Object.fromEntries(sightings.map(({ component, state }) => [component, state]));
}

async function standingNow(ctx: AgentContext<StatusConfig>, { components }: Life): Promise<Standing> {
  const agents = new Map<string, State>();
  const now = await databaseNow(ctx);
  for (let after: string | undefined; agents.size < MOST_AGENTS;) {
    const page = await ctx.fleet.agents.list({ state: 'active' }, after === undefined ? { limit: PAGE } : { limit: PAGE, after });
    for (const { agentId, status, updatedAt, lastHeartbeatAt } of page) {
      const isAtWork = status === 'running' || status === 'degraded';
      const isBeginning = (status === 'stopped' || status === 'starting') && now - Math.max(updatedAt, lastHeartbeatAt ?? 0) < PATIENCE_MS;
      if (isAtWork || !isBeginning) agents.set(agentId, status === 'degraded' ? 'degraded' : isAtWork ? 'up' : 'down');
    }
    after = page.at(-1)?.agentId;
    if (page.length < PAGE) break;
  }
  const hosts = new Map<string, State>();
  const listed = await ctx.fleet.hosts.list();
  const gone = new Set<string>();
  for (const { hostname, status, lastBeatAt } of listed) {
    if (status !== 'lost') continue;
    hosts.set(hostname, 'down');
    if (now - lastBeatAt > LOST_MATTERS_MS) gone.add(hostname);
  }
  for (const { hostname, status } of listed) if (status === 'live') hosts.set(hostname, 'up');
  const monitors = new Map<string, State>();
  for (const { name, state } of await new Monitors(ctx.fleet.database).list())
    if (state === 'up' || state === 'down') monitors.set(name, state);
  const named = components.flatMap(({ databases }) => databases);
  return { database: await databaseState(ctx, now), databases: await otherDatabases(ctx, named, now), agents, hosts, gone, monitors };
}

const healthReport = z.object({
  good_until: z.iso.datetime().transform((text) => Date.parse(text)),
  subjects: z.array(z.object({ subject: z.string(), level: z.string().nullable() })),
});

/** It answers, so it is not down; what is gravely wrong with it makes it degraded. */
async function databaseState(ctx: AgentContext<StatusConfig>, now: number): Promise<State> {
  const report = healthReport.safeParse(await ctx.state.get(HEALTH_KEY));
  if (!report.success || report.data.good_until < now) return 'up';
  const level = report.data.subjects.find(({ subject }) => subject === 'database')?.level;
  return level === 'critical' || level === 'emergency' ? 'degraded' : 'up';
}

/** How the databases that components name are judged: down while they do not answer, unknown while nobody judges them. */
async function otherDatabases(ctx: AgentContext<StatusConfig>, named: readonly string[], now: number): Promise<ReadonlyMap<string, State>> {
  const states = new Map<string, State>();
  if (named.length === 0) return states;
  const [scores, judged] = [new Scores(ctx.fleet.database), await judgedLast(ctx.fleet, now)];
  for (const name of new Set(named)) {
    const stored = await scores.of(`database:${name}`);
    const record = stored === undefined ? undefined : faded(stored, judged);
    if (record === undefined || record.score === null) continue;
    const isAway = record.findings.some(({ check }) => check === 'database.up');
    states.set(name, isAway ? 'down' : record.level === 'critical' || record.level === 'emergency' ? 'degraded' : 'up');
  }
  return states;
}

async function databaseNow(ctx: AgentContext<StatusConfig>): Promise<number> {
  const { rows } = await ctx.sql.read<{ readonly now: number }>(sql`select extract(epoch from clock_timestamp())::float8 * 1000 as now`);
  return rows[0]?.now ?? ctx.clock.now();
}
