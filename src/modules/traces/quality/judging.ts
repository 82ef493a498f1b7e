import { hash } from 'node:crypto';
import type { Database, Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { namedUuid } from '../run/named-uuid.ts';
import { CHECK_KEYS, type CheckKey } from './checks/index.ts';
import { USUAL_KEYS, type UsualKey } from './usual/usual.ts';

export type RuleKey = CheckKey | UsualKey;
/** Rules that read what was said, and rules that only look at time and money. */
export const RULE_KEYS: readonly RuleKey[] = [...CHECK_KEYS, ...USUAL_KEYS];

/** Which runs of a project are judged by rules, and by which. */
export interface Judging {
  /** 0 to 1, of its completed runs of models. */
  readonly share: number;
  readonly checks: readonly RuleKey[];
  /** Whether a pass becomes feedback, too. It is counted in any case. */
  readonly keepPasses: boolean;
}

export const DEFAULT_JUDGING: Judging = { share: 1, checks: RULE_KEYS, keepPasses: false };
/** Stands for all projects that say nothing for themselves. */
export const ALL_PROJECTS = 0;

interface Row {
  readonly no: number;
  readonly share: number;
  readonly checks: readonly string[] | null;
  readonly keepPasses: boolean;
}

const judgingOf = ({ share, checks, keepPasses }: Row): Judging => ({
  share,
  checks: checks === null ? RULE_KEYS : RULE_KEYS.filter((key) => checks.includes(key)),
  keepPasses,
});

export async function readJudging(db: Queryable): Promise<(projectNo: number) => Judging> {
  const { rows } = await db.query<Row>(sql`select project_no as no, share, checks, keep_passes as "keepPasses" from muster.trace_judging`);
  const known = new Map(rows.map((row) => [row.no, judgingOf(row)]));
  return (projectNo) => known.get(projectNo) ?? known.get(ALL_PROJECTS) ?? DEFAULT_JUDGING;
}

export async function putJudging(db: Database, projectNo: number, { share, checks, keepPasses }: Judging, by: string): Promise<void> {
  const listed = checks.length === RULE_KEYS.length ? null : checks;
  await db.query(sql`insert into muster.trace_judging (project_no, share, checks, keep_passes, updated_by)
    values (${projectNo}, ${share}, ${listed}, ${keepPasses}, ${by})
    on conflict (project_no) do update set share = excluded.share, checks = excluded.checks, keep_passes = excluded.keep_passes,
      updated_by = excluded.updated_by, updated_at = clock_timestamp()`);
}

/** A number from 0 to 1 that only depends on the run and the question: the same runs are chosen everywhere and again. */
export const drawOf = (runId: string, question: string): number =>
  Number.parseInt(hash('sha1', `${question}:${runId}`, 'hex').slice(0, 8), 16) / 2 ** 32;

/** The id that feedback of a rule on a run always has: to judge again writes the same row. */
export const verdictId = (runId: string, key: string): string => namedUuid(`muster.verdict:${runId}:${key}`);
