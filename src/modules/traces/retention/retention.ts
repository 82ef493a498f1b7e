import { dropDayIfEmpty, dropPartitions, ensurePartitions, partitionName, partitionsOf } from '../../../db/partitions.ts';
import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { ensureClass, KEPT_TABLES } from '../partitions/partitions.ts';
import type { ProjectSettingsRow, SettingsStore } from '../settings/index.ts';
import { addDays } from '../settings/index.ts';
import { keptClasses, keptDays, type KeptDay } from './classes.ts';
import { deleteRunsOfDay, type Deleted } from './delete-runs.ts';
import { deleteRemoved } from './removed-projects.ts';

export interface RetentionReport {
  /** Partitions made for days to come. */
  readonly created: number;
  /** Partitions whose days are over, and those that lie empty because nobody keeps their day any longer. */
  readonly dropped: readonly string[];
  /** Rows deleted one by one: of projects that were removed, or keep runs for less time than they did when these came. */
  readonly deleted: number;
  /** Whether more is left to delete than one call does. */
  readonly more: boolean;
}

/**
 * Partitions of the days to come for what is kept now, away with those whose time is over, and with what shortened projects no longer keep and removed ones
 * left behind.
 */
export async function keepRetention(
  database: Database,
  store: SettingsStore,
  signal: AbortSignal,
  most = 50_000,
): Promise<RetentionReport> {
  const [general, projects] = [await store.general(), await store.ofProjects()];
  const inUse = new Set([general.retention.days, ...projects.flatMap(({ settings }) => settings.retention?.days ?? [])]);
  let created = 0;
  for (const keepDays of inUse)
    for (const table of KEPT_TABLES) {
      await ensureClass(database, table, keepDays);
      created += (await ensurePartitions(database, { tables: [`${table}_k${keepDays}`], daysBehind: 0, daysAhead: 2 })).length;
    }
  const dropped: string[] = [];
  for (const { table, keepDays } of await keptClasses(database)) {
    if (signal.aborted) break;
    dropped.push(...(await dropPartitions(database, table, keepDays)));
  }
  const shortened = await deleteShortened(database, general.retention.days, projects, signal, most);
  const removed = await deleteRemoved(database, signal, most - shortened.deleted);
  dropped.push(...shortened.dropped);
  return { created, dropped, deleted: shortened.deleted + removed.deleted, more: shortened.more || removed.more };
}

/** The days, and on each the projects, of which runs lie longer than their project keeps them now. Pure. */
export function overdue(
  days: readonly KeptDay[],
  today: string,
  projects: readonly { readonly projectNo: number; readonly days: number }[],
  general: number,
): readonly (KeptDay & {
  readonly projectNos: readonly number[];
  /** Whether all that are not named are meant as well. */ readonly others: boolean;
})[] {
  return days.flatMap(({ keepDays, day }) => {
    const isOver = (kept: number): boolean => kept < keepDays && day < addDays(today, -kept);
    const projectNos = projects.filter(({ days: kept }) => isOver(kept)).map(({ projectNo }) => projectNo);
    const others = isOver(general);
    return projectNos.length === 0 && !others ? [] : [{ keepDays, day, projectNos, others }];
  });
}

async function deleteShortened(
  database: Database,
  general: number,
  settings: readonly ProjectSettingsRow[],
  signal: AbortSignal,
  most: number,
): Promise<Deleted & Pick<RetentionReport, 'dropped'>> {
  const own = settings.flatMap(({ projectNo, settings: { retention } }) =>
    retention === undefined ? [] : [{ projectNo, days: retention.days }],
  );
  const row = await database.one<{ today: string }>(sql`select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD') as today`);
  const ownNos = own.map(({ projectNo }) => projectNo);
  let deleted = 0;
  const dropped: string[] = [];
  for (const { keepDays, day, projectNos, others } of overdue(await keptDays(database), row?.today ?? '', own, general)) {
    const whose = { named: projectNos, allBut: others ? ownNos : undefined };
    const done = await deleteRunsOfDay(database, { keepDays, day }, whose, { signal, most: most - deleted });
    deleted += done.deleted;
    if (done.more) return { deleted, dropped, more: true };
    dropped.push(...(await dropEmptied(database, { keepDays, day })));
  }
  return { deleted, dropped, more: false };
}

/** Rows that are deleted make room for others, and none come to a day that is over: its disk is given back by dropping what lies empty. */
async function dropEmptied(database: Database, { keepDays, day }: KeptDay): Promise<readonly string[]> {
  const dropped: string[] = [];
  for (const { table } of (await keptClasses(database)).filter((each) => each.keepDays === keepDays)) {
    const name = partitionName(table, day);
    const isThere = (await partitionsOf(database, table)).includes(name);
    if (isThere && (await dropDayIfEmpty(database, table, day))) dropped.push(name);
  }
  return dropped;
}
