import { z } from 'zod';
import type { SharedState } from '../../state/shared-state.ts';
import { sql } from '../../db/sql.ts';
import { daysOf } from './availability.ts';
import { DAYS_SHOWN, readComponents, readPieces, type StoredComponent } from './intervals.ts';
import { concerns, nextOpening, readWindows } from './maintenance.ts';

/** Where the recorder says how the page is to be. */
export const STATUS_KEY = 'status:page';

const DayShape = z.object({
  day: z.string(),
  up: z.number(),
  degraded: z.number(),
  down: z.number(),
  maintenance: z.object({ up: z.number(), degraded: z.number(), down: z.number() }),
  length: z.number(),
});

export const COMPONENT_STATES = ['up', 'degraded', 'down', 'maintenance', 'unknown'] as const;
export type ComponentState = (typeof COMPONENT_STATES)[number];

const ComponentShape = z.object({
  key: z.string(),
  name: z.string(),
  state: z.enum(COMPONENT_STATES),
  since: z.number().nullable(),
  days: z.array(DayShape),
});

const IncidentShape = z.object({
  id: z.string(),
  about: z.string(),
  level: z.enum(['critical', 'emergency']),
  startedAt: z.number(),
  resolvedAt: z.number().nullable(),
});

const MaintenanceShape = z.object({ components: z.array(z.string()), from: z.number(), to: z.number() });

const SnapshotShape = z.object({
  version: z.literal(1),
  enabled: z.boolean(),
  title: z.string(),
  asOf: z.number(),
  components: z.array(ComponentShape),
  incidents: z.array(IncidentShape),
  maintenance: z.array(MaintenanceShape),
});

/** All that the page shows, with nothing private in it: what is not here cannot be shown. Times are milliseconds since 1970. */
export type Snapshot = z.output<typeof SnapshotShape>;
export type ShownComponent = Snapshot['components'][number];
export type ShownIncident = Snapshot['incidents'][number];

/** One that was kept in a file; undefined for anything else. */
export const parseSnapshot = (value: unknown): Snapshot | undefined => SnapshotShape.safeParse(value).data;

const INCIDENT_DAYS = 14;
const MOST_INCIDENTS = 30;
const MAINTENANCE_AHEAD_MS = 14 * 86_400_000;

const pageSettings = z.object({ enabled: z.boolean(), title: z.string().max(200), every_ms: z.number().positive() });
const DEFAULTS = { enabled: true, title: 'Status', every_ms: 15_000 } as const;
/** So many rounds of the recorder may be missed before nobody knows how things stand. */
const ROUNDS = 4;

export async function readSnapshot(state: SharedState): Promise<Snapshot> {
  const { database } = state;
  const [row, stored, pieces, kept] = await Promise.all([
    database.one<{ readonly now: number }>(sql`select extract(epoch from clock_timestamp())::float8 * 1000 as now`),
    readComponents(database),
    readPieces(database),
    state.systemState.get(STATUS_KEY),
  ]);
  const now = row?.now ?? Date.now();
  const parsed = pageSettings.safeParse(kept?.value);
  const settings = parsed.success ? parsed.data : DEFAULTS;
  const freshMs = ROUNDS * settings.every_ms;
  return {
    version: 1,
    enabled: settings.enabled,
    title: settings.title,
    asOf: now,
    components: stored.map((component) => ({
      key: component.key,
      name: component.name,
      ...standing(component, now, freshMs),
      days: daysOf(pieces.get(component.key) ?? [], { now, begun: component.begunAt, count: DAYS_SHOWN }).map((day) => ({ ...day })),
    })),
    incidents: await readIncidents(state),
    maintenance: await readMaintenance(state, stored, now),
  };
}

function standing(
  { state, inMaintenance, seenAt, since }: StoredComponent,
  now: number,
  freshMs: number,
): { readonly state: ComponentState; readonly since: number | null } {
  if (state === null || seenAt === null || now - seenAt > freshMs) return { state: 'unknown', since: seenAt };
  return { state: inMaintenance ? 'maintenance' : state, since };
}

/**
 * What was grave, where the tables of alerting are there. Titles name hosts and agents: the public reads only what kind of thing it
 * was about.
 */
async function readIncidents({ database }: SharedState): Promise<Snapshot['incidents']> {
  const there = await database.one<{ readonly there: boolean }>(sql`select to_regclass('muster.incidents') is not null as there`);
  if (there?.there !== true) return [];
  const { rows } = await database.query<
    Omit<ShownIncident, 'about'> & { readonly cause: string }
  >(sql`select incident_id::text as id, cause, level,
      (extract(epoch from started_at) * 1000)::float8 as "startedAt", (extract(epoch from resolved_at) * 1000)::float8 as "resolvedAt"
    from muster.incidents
    where level in ('critical', 'emergency') and (resolved_at is null or resolved_at > clock_timestamp() - ${INCIDENT_DAYS} * interval '1 day')
    order by started_at desc limit ${MOST_INCIDENTS}`);
  return rows.map(({ cause, ...rest }) => ({ ...rest, about: aboutOf(cause) }));
}

const aboutOf = (cause: string): string =>
  cause === 'database:fleet' ? 'the database' : (ABOUT[cause.split(':', 1)[0] ?? ''] ?? 'a component');

const ABOUT: Readonly<Record<string, string>> = {
  agent: 'an agent',
  host: 'a host',
  database: 'a database',
  fleet: 'the fleet',
  monitor: 'a scheduled job',
  probe: 'an endpoint',
};

async function readMaintenance(state: SharedState, components: readonly StoredComponent[], now: number): Promise<Snapshot['maintenance']> {
  const windows = await readWindows((statement) => state.database.query(statement));
  return windows
    .flatMap((window) => {
      const names = components
        .filter(({ name }) => concerns(window, { name, databases: [], agents: [], hosts: [], monitors: [] }))
        .map(({ name }) => name);
      const opening = nextOpening(window, now);
      return names.length === 0 || opening === undefined || opening.from > now + MAINTENANCE_AHEAD_MS
        ? []
        : [{ components: names, from: opening.from, to: opening.to }];
    })
    .toSorted((a, b) => a.from - b.from);
}
