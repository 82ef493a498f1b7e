import { randomBytes, randomUUID } from 'node:crypto';
import { MusterError } from '../../../base/errors.ts';
import type { Database, Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import type { Secrets } from '../../../state/secrets.ts';
import { readTopics, TOPICS, traceSettings, type ProjectSettings, type TraceSettingsDocument } from './documents.ts';
import { FIRST_DAY, withKeep, type KeepEntry } from './keep.ts';

export interface ProjectSettingsRow {
  readonly projectNo: number;
  readonly name: string;
  readonly settings: ProjectSettings;
  readonly keep: readonly KeepEntry[];
}

interface ProjectRow {
  readonly project_no: number;
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly keep: readonly KeepEntry[];
}

const SEALED_AS = 'traces pseudonyms';

/** What is settled for conversations: in general, and by project. */
export class SettingsStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async general(on: Queryable = this.#db): Promise<TraceSettingsDocument> {
    const { rows } = await on.query<{ topic: string; value: unknown }>(
      sql`select topic, value from muster.trace_settings where topic = any(${TOPICS})`,
    );
    return traceSettings.parse(readTopics(Object.fromEntries(rows.map(({ topic, value }) => [topic, value]))));
  }

  /** Undefined where there is no such project. */
  async ofProject(name: string, on: Queryable = this.#db): Promise<ProjectSettingsRow | undefined> {
    const { rows } = await on.query<ProjectRow>(
      sql`select project_no, name, settings, keep from muster.trace_projects where name = ${name}`,
    );
    return rows.map(projectRow)[0];
  }

  /** The projects that say something for themselves, of whatever topic. */
  async ofProjects(): Promise<readonly ProjectSettingsRow[]> {
    const { rows } = await this.#db.query<ProjectRow>(
      sql`select project_no, name, settings, keep from muster.trace_projects where settings <> '{}' order by name limit 10000`,
    );
    return rows.map(projectRow);
  }

  /** Puts settings in force, all topics of them. How long runs are kept changes from tomorrow on, for all projects that say nothing of it. */
  async setGeneral(settings: TraceSettingsDocument, by: string): Promise<void> {
    await this.#db.transaction(async (tx) => {
      await tx.query(sql`select pg_advisory_xact_lock(hashtextextended('muster trace settings', 0))`);
      const before = await this.general(tx);
      if (before.retention.days !== settings.retention.days) {
        const days = await nextDays(tx);
        const { rows } = await tx.query<{ project_no: number; keep: readonly KeepEntry[] }>(
          sql`select project_no, keep from muster.trace_projects where settings -> 'retention' is null for update`,
        );
        for (const { project_no, keep } of rows)
          await writeKeep(tx, project_no, withKeep(keep, { ...days, days: settings.retention.days, until: before.retention.days }));
      }
      for (const topic of TOPICS)
        await tx.query(sql`insert into muster.trace_settings (topic, value, updated_by) values (${topic}, ${JSON.stringify(settings[topic])}::jsonb, ${by})
          on conflict (topic) do update set value = excluded.value, updated_by = excluded.updated_by, updated_at = clock_timestamp()
          where trace_settings.value <> excluded.value`);
    });
  }

  /**
   * Replaces what a project says for itself. One that has no run yet is made: what must not be stored has to be said before the first
   * comes. Answers whether it was.
   */
  async setProject(name: string, settings: ProjectSettings): Promise<{ readonly isNew: boolean }> {
    return this.#db.transaction(async (tx) => {
      await tx.query(sql`select pg_advisory_xact_lock(hashtextextended('muster trace settings', 0))`);
      const general = await this.general(tx);
      const isNew = (await this.ofProject(name, tx)) === undefined && (await madeProject(tx, name));
      const project = await this.ofProject(name, tx);
      if (project === undefined) throw new MusterError('CONFLICT', `project "${name}" was removed at the same moment`);
      const before = (project.settings.retention ?? general.retention).days;
      const after = (settings.retention ?? general.retention).days;
      // Where no run can be there yet, it counts at once.
      if (isNew && before !== after) await writeKeep(tx, project.projectNo, [{ from: FIRST_DAY, days: after }]);
      else if (before !== after)
        await writeKeep(tx, project.projectNo, withKeep(project.keep, { ...(await nextDays(tx)), days: after, until: before }));
      await tx.query(sql`update muster.trace_projects set settings = (settings - ${TOPICS}::text[]) || ${JSON.stringify(settings)}::jsonb,
        modified_at = clock_timestamp() where project_no = ${project.projectNo}`);
      return { isNew };
    });
  }

  /** What makes pseudonyms; made when it is needed first. */
  async pseudonymKey(secrets: Secrets): Promise<Buffer> {
    const stored = async (): Promise<string | undefined> =>
      (await this.#db.one<{ sealed: string }>(sql`select sealed from muster.trace_pseudonym_key`))?.sealed;
    let sealed = await stored();
    if (sealed === undefined) {
      const fresh = await secrets.seal(randomBytes(32).toString('base64url'), SEALED_AS);
      await this.#db.query(sql`insert into muster.trace_pseudonym_key (sealed) values (${fresh}) on conflict do nothing`);
      sealed = await stored();
    }
    if (sealed === undefined) throw new MusterError('INTERNAL', 'the key of pseudonyms was not stored');
    return Buffer.from(await secrets.open(sealed, SEALED_AS), 'base64url');
  }

  /** Changes with every erasure, and when parts of texts were deleted, which may be long after: whoever remembers what is stored forgets it then. */
  async lastDeletion(): Promise<string> {
    const row = await this.#db.one<{ last: string }>(sql`
      select (select coalesce(max(no), 0) from muster.trace_erasures) || ' ' || last_value || ' ' || is_called as last from muster.trace_parts_deleted`);
    return row?.last ?? '';
  }
}

const projectRow = ({ project_no, name, settings, keep }: ProjectRow): ProjectSettingsRow => ({
  projectNo: project_no,
  name,
  settings: readTopics(settings),
  keep,
});

/** Today, and the day from which on every server has heard of a change, also of one made just before midnight. */
async function nextDays(tx: Queryable): Promise<{ readonly today: string; readonly from: string }> {
  const { rows } = await tx.query<{ today: string; from: string }>(sql`
    select to_char(t, 'YYYY-MM-DD') as today, to_char(t + interval '1 day 1 minute', 'YYYY-MM-DD') as from
    from (select clock_timestamp() at time zone 'UTC' as t) now`);
  const [row] = rows;
  if (row === undefined) throw new MusterError('INTERNAL', 'the server did not tell the date');
  return row;
}

/** False where somebody else made it at the same moment. */
async function madeProject(tx: Queryable, name: string): Promise<boolean> {
  const { count } = await tx.query(
    sql`insert into muster.trace_projects (project_id, name) values (${randomUUID()}, ${name}) on conflict (name) do nothing`,
  );
  return count > 0;
}

async function writeKeep(tx: Queryable, projectNo: number, keep: readonly KeepEntry[]): Promise<void> {
  await tx.query(sql`update muster.trace_projects set keep = ${JSON.stringify(keep)}::jsonb where project_no = ${projectNo}`);
}
