import type { Database, Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { Finding, Level } from './finding.ts';
import type { Judgement } from './report.ts';
import type { Band, Cap, Component } from './score.ts';

/** A score and all it is made of, as long as it was so. Times are milliseconds since 1970. */
export interface ScoreRecord {
  readonly subject: string;
  readonly since: number;
  /** null: it still is so. */
  readonly until: number | null;
  readonly score: number | null;
  readonly band: Band;
  readonly level: Level | null;
  readonly coverage: number;
  readonly findings: readonly Finding[];
  readonly unknown: readonly string[];
  readonly caps: readonly Cap[];
  readonly components: readonly Component[];
}

/** Findings and unknown checks of one subject that are kept, the heaviest first. */
const MOST_FINDINGS = 50;
const MOST_UNKNOWN = 50;

/**
 * Writes what was judged at `now`: a subject that stands otherwise than before gets a new row, one that stands the same keeps
 * its row, whose figures are renewed. Otherwise means another whole score, band, level or coverage, or other findings: not the
 * last digit of a reading, or the fleet would get a row every half minute. `seenUntil`: nobody judged between then and now.
 */
export async function recordScores(
  tx: Queryable,
  judgement: Judgement,
  { now, seenUntil }: { readonly now: number; readonly seenUntil: number | null },
): Promise<void> {
  const given = JSON.stringify(
    judgement.map(({ findings, unknown, ...subject }) => ({
      ...subject,
      findings: findings.slice(0, MOST_FINDINGS),
      unknown: unknown.slice(0, MOST_UNKNOWN),
    })),
  );
  const at = sql`to_timestamp(${now}::float8 / 1000)`;
  // What was known before nobody looked for a while says nothing about that while.
  if (seenUntil !== null) {
    await tx.query(sql`update muster.health_scores set until = greatest(since, to_timestamp(${seenUntil}::float8 / 1000))
      where until is null`);
  }
  await tx.query(sql`with given as materialized (
      select * from jsonb_to_recordset(${given}::jsonb) as g(subject text, score float8, band text, level text, coverage float8,
        findings jsonb, unknown jsonb, caps jsonb, components jsonb)
    ), changed as materialized (
      select g.subject from given g left join muster.health_scores s on s.subject = g.subject and s.until is null
      where s.subject is null
        or (round(s.score::numeric), s.band, s.level, round(s.coverage::numeric, 2)) is distinct from (round(g.score::numeric), g.band, g.level, round(g.coverage::numeric, 2))
        or jsonb_path_query_array(s.findings, '$[*].id') <> jsonb_path_query_array(g.findings, '$[*].id')
        or jsonb_path_query_array(s.findings, '$[*].level') <> jsonb_path_query_array(g.findings, '$[*].level')
        or s.unknown <> g.unknown
    ), ended as (
      update muster.health_scores s set until = greatest(s.since, ${at})
      where s.until is null and (s.subject in (select subject from changed) or s.subject not in (select subject from given))
      returning s.subject
    ), renewed as (
      update muster.health_scores s set score = g.score, coverage = g.coverage, findings = g.findings, caps = g.caps, components = g.components
      from given g where s.subject = g.subject and s.until is null and s.subject not in (select subject from changed)
        and (s.score, s.findings, s.caps, s.components) is distinct from (g.score, g.findings, g.caps, g.components)
      returning s.subject
    )
    select (select count(*) from ended) as ended, (select count(*) from renewed) as renewed`);
  // A statement of its own: the unique index must see the rows that ended.
  await tx.query(sql`insert into muster.health_scores (subject, since, score, band, level, coverage, findings, unknown, caps, components)
    select g.subject, ${at}, g.score, g.band, g.level, g.coverage, g.findings, g.unknown, g.caps, g.components
    from jsonb_to_recordset(${given}::jsonb) as g(subject text, score float8, band text, level text, coverage float8,
      findings jsonb, unknown jsonb, caps jsonb, components jsonb)
    where not exists (select from muster.health_scores s where s.subject = g.subject and s.until is null)
    on conflict (subject, since) do update set until = null, score = excluded.score, band = excluded.band, level = excluded.level,
      coverage = excluded.coverage, findings = excluded.findings, unknown = excluded.unknown, caps = excluded.caps, components = excluded.components`);
}

/** Forgets what ended before. */
export async function pruneScores(db: Queryable, keepMs: number): Promise<number> {
  return (
    await db.query(sql`delete from muster.health_scores where ctid = any(array(
      select ctid from muster.health_scores where until < clock_timestamp() - ${keepMs}::float8 * interval '1 millisecond' limit 20000))`)
  ).count;
}

interface Row extends Omit<ScoreRecord, 'since' | 'until'> {
  readonly since: Date;
  readonly until: Date | null;
}

const recordOf = ({ since, until, ...row }: Row): ScoreRecord => ({ ...row, since: since.getTime(), until: until?.getTime() ?? null });

const COLUMNS = sql`subject, since, until, score, band, level, coverage, findings, unknown, caps, components`;

export const SUBJECT_KINDS = ['fleet', 'database', 'host', 'agent'] as const;
type SubjectKind = (typeof SUBJECT_KINDS)[number];

/** Reads scores. All times are the database's. */
export class Scores {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** How all stood at a time, the lowest first; the fleet and what has no score before all. Now where none is given. */
  async at(
    time: number | undefined,
    {
      limit,
      after,
      subject,
      kind,
    }: { readonly limit: number; readonly after?: string; readonly subject?: string; readonly kind?: SubjectKind },
  ): Promise<readonly ScoreRecord[]> {
    const when = time === undefined ? sql`until is null` : during(time);
    const { rows } = await this.#db.query<Row>(sql`select ${COLUMNS} from muster.health_scores
      where ${when} and ${after ?? ''} < subject
        and (${subject ?? null}::text is null or subject = ${subject ?? null}) and (${kind ?? null}::text is null or split_part(subject, ':', 1) = ${kind ?? null})
      order by subject limit ${limit}`);
    return rows.map(recordOf);
  }

  async of(subject: string, time?: number): Promise<ScoreRecord | undefined> {
    const when = time === undefined ? sql`until is null` : during(time);
    const row = await this.#db.one<Row>(sql`select ${COLUMNS} from muster.health_scores
      where subject = ${subject} and ${when} order by since desc limit 1`);
    return row === undefined ? undefined : recordOf(row);
  }

  /** What a subject went through, the newest first. */
  async history(
    subject: string,
    { from, to, limit, before }: { readonly from?: number; readonly to?: number; readonly limit: number; readonly before?: number },
  ): Promise<readonly ScoreRecord[]> {
    const { rows } = await this.#db.query<Row>(sql`select ${COLUMNS} from muster.health_scores
      where subject = ${subject}
        and (${from ?? null}::float8 is null or until is null or until > to_timestamp(${from ?? 0}::float8 / 1000))
        and (${to ?? null}::float8 is null or since < to_timestamp(${to ?? 0}::float8 / 1000))
        and (${before ?? null}::float8 is null or since < to_timestamp(${before ?? 0}::float8 / 1000))
      order by since desc limit ${limit}`);
    return rows.map(recordOf);
  }

  /** Those that stood otherwise at `then` than at `now`, with both. */
  async changed(then: number, limit: number): Promise<readonly ScoreChange[]> {
    const { rows } = await this.#db.query<{ readonly before: Row | null; readonly now: Row | null }>(sql`
      select to_jsonb(b) as before, to_jsonb(n) as now from
        (select ${COLUMNS} from muster.health_scores where ${during(then)}) b
        full join (select ${COLUMNS} from muster.health_scores where until is null) n using (subject)
      where b.subject is null or n.subject is null or b.since <> n.since
      order by abs(coalesce(n.score, 0) - coalesce(b.score, 0)) desc, subject limit ${limit}`);
    const parsed = (row: Row | null): ScoreRecord | null =>
      row === null ? null : recordOf({ ...row, since: new Date(row.since), until: row.until === null ? null : new Date(row.until) });
    return rows.map(({ before, now }) => ({ before: parsed(before), now: parsed(now) }));
  }
}

/** A subject that was not there at one of the two times is null there. */
export interface ScoreChange {
  readonly before: ScoreRecord | null;
  readonly now: ScoreRecord | null;
}

const during = (time: number) =>
  sql`since <= to_timestamp(${time}::float8 / 1000) and (until is null or until > to_timestamp(${time}::float8 / 1000))`;
