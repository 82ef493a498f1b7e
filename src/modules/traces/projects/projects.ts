import { randomUUID } from 'node:crypto';
import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { dayOfDate } from '../run/days.ts';

/** From which day on (days since 1970) runs are kept how long. */
export interface Keep {
  readonly from: number;
  readonly days: number;
}

export interface Project {
  readonly projectId: string;
  readonly projectNo: number;
  readonly name: string;
  /** Oldest first. */
  readonly keep: readonly Keep[];
}

export type ProjectKey = { readonly name: string } | { readonly id: string };

/** Where neither the project nor the settings say how long. */
export const DEFAULT_KEEP_DAYS = 30;
/** The project of runs that name none. */
export const DEFAULT_PROJECT = 'default';
export const LONGEST_NAME = 512;
/** How long what was read stands: a change of retention counts from the next day on. */
const FRESH_MS = 10_000;
const MOST_CACHED = 10_000;

interface ProjectRow {
  readonly project_id: string;
  readonly project_no: number;
  readonly name: string;
  readonly keep: readonly { readonly from: string; readonly days: number }[];
}

const COLUMNS = { text: 'project_id, project_no, name, keep', values: [] };

/** The projects that runs belong to, found by name or id and made by their first run. */
export class Projects {
  readonly #db: Database;
  readonly #cached = new Map<string, { readonly project: Project; readonly readAt: number }>();
  #defaultKeep: { readonly days: number; readonly readAt: number } | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  /** What was read lately; undefined: ask `resolve`. */
  cached(key: ProjectKey): Project | undefined {
    const found = this.#cached.get(cacheKey(key));
    return found !== undefined && performance.now() - found.readAt < FRESH_MS ? found.project : undefined;
  }

  async byId(projectId: string): Promise<Project | undefined> {
    return this.#remember(
      await this.#db.one<ProjectRow>(sql`select ${COLUMNS} from muster.trace_projects where project_id = ${projectId}`),
    );
  }

  async byName(name: string): Promise<Project | undefined> {
    return this.#remember(await this.#db.one<ProjectRow>(sql`select ${COLUMNS} from muster.trace_projects where name = ${name}`));
  }

  async byNo(projectNo: number): Promise<Project | undefined> {
    return this.#remember(
      await this.#db.one<ProjectRow>(sql`select ${COLUMNS} from muster.trace_projects where project_no = ${projectNo}`),
    );
  }

  /** The project a run names; by name it is made where it is not there. Undefined for an id that nobody has. */
  async resolve(key: ProjectKey): Promise<Project | undefined> {
    const known = this.cached(key);
    if (known !== undefined) return known;
    if ('id' in key) return this.byId(key.id);
    const found = await this.byName(key.name);
    if (found !== undefined) return found;
    // Another server may make it at the same moment: whoever comes second reads the first one's.
    await this.#db.query(
      sql`insert into muster.trace_projects (project_id, name) values (${randomUUID()}, ${key.name}) on conflict (name) do nothing`,
    );
    return this.byName(key.name);
  }

  /** The same without asking; undefined: ask. */
  knownKeepDays(project: Project, day: number): number | undefined {
    const own = project.keep.length === 0 ? undefined : project.keep.findLast(({ from }) => from <= day);
    if (own !== undefined) return own.days;
    const read = this.#defaultKeep;
    return read !== undefined && performance.now() - read.readAt < FRESH_MS ? read.days : undefined;
  }

  /** How many days a run of that day is kept. */
  async keepDays(project: Project, day: number): Promise<number> {
    const own = project.keep.findLast(({ from }) => from <= day);
    return own?.days ?? this.defaultKeepDays();
  }

  /** As the settings say (`{"days": 30}` under `retention`), for projects that say nothing. */
  async defaultKeepDays(): Promise<number> {
    const read = this.#defaultKeep;
    if (read !== undefined && performance.now() - read.readAt < FRESH_MS) return read.days;
    const row = await this.#db.one<{ days: number | null }>(
      sql`select case when jsonb_typeof(value -> 'days') = 'number' then (value ->> 'days')::int end as days from muster.trace_settings where topic = 'retention'`,
    );
    const days = row?.days ?? DEFAULT_KEEP_DAYS;
    this.#defaultKeep = { days, readAt: performance.now() };
    return days;
  }

  #remember(row: ProjectRow | undefined): Project | undefined {
    if (row === undefined) return undefined;
    const keep = row.keep.map(({ from, days }) => ({ from: dayOfDate(from), days }));
    const project: Project = { projectId: row.project_id, projectNo: row.project_no, name: row.name, keep };
    if (this.#cached.size >= MOST_CACHED) this.#cached.clear();
    const entry = { project, readAt: performance.now() };
    this.#cached.set(cacheKey({ name: project.name }), entry);
    this.#cached.set(cacheKey({ id: project.projectId }), entry);
    return project;
  }
}

const cacheKey = (key: ProjectKey): string => ('name' in key ? `n${key.name}` : `i${key.id}`);
