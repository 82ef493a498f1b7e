import type { Queryable } from '../../../db/database.ts';
import { raw, sql, type Sql } from '../../../db/sql.ts';
import { MusterError } from '../../../base/errors.ts';
import { keptDays, type KeptDay } from '../retention/classes.ts';
import { marksOf, patternsOf, type SubjectKind } from './needles.ts';

export interface Subject {
  readonly kind: SubjectKind;
  readonly value: string;
  /** Null: all projects. */
  readonly projects: readonly number[] | null;
}

/** Traces that one request deals with at most: their ids are held in memory. */
export const MOST_TRACES = 500_000;

/** Everything a run says. */
const SAYS = raw(`concat_ws(E'\\n', r.name, r.model, r.thread_id, r.user_id, r.prompt, array_to_string(r.tags, E'\\n'),
  r.inputs, r.outputs, r.error, r.extra, r.events, r.serialized, r.rest)`);

/** The values that stand for a subject: what was asked for, and the marks that redaction left of it. */
export const valuesOf = ({ value }: Pick<Subject, 'value'>, pseudonymKey: Buffer): readonly string[] => [
  value,
  ...marksOf(value, pseudonymKey),
];

/** The traces that hold anything of a subject, whole: what belongs to one question of somebody is not told apart by who said it. */
export async function findTraces(
  db: Queryable,
  subject: Subject,
  pseudonymKey: Buffer,
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  const traces = new Set<string>();
  for (const place of await keptDays(db)) {
    signal?.throwIfAborted();
    const { rows } = await db.query<{ trace_id: string }>(sql`
      select distinct r.trace_id from muster.trace_runs r
      where r.keep_days = ${place.keepDays} and r.day = ${place.day}::date
        ${subject.projects === null ? sql`` : sql`and r.project_no = any(${subject.projects}::int[])`}
        and ${await matches(db, subject, place, pseudonymKey)}
      limit ${MOST_TRACES + 1}`);
    for (const { trace_id } of rows) traces.add(trace_id);
    if (traces.size > MOST_TRACES)
      throw new MusterError('INVALID_INPUT', `more than ${MOST_TRACES} traces hold it`, {
        remedy: 'Name projects one at a time, or ask for something that is rarer.',
      });
  }
  return traces;
}

async function matches(db: Queryable, subject: Subject, { keepDays, day }: KeptDay, pseudonymKey: Buffer): Promise<Sql> {
  const values = valuesOf(subject, pseudonymKey);
  if (subject.kind === 'user') return sql`r.user_id = any(${values}::text[])`;
  if (subject.kind === 'thread') return sql`r.thread_id = any(${values}::text[])`;
  const patterns = patternsOf(values);
  // Parts that repeat lie apart from the runs: their hashes are looked for in their place.
  const { rows } = await db.query<{ hash: string }>(sql`
    select rtrim(translate(encode(hash, 'base64'), '+/', '-_'), '=') as hash from muster.trace_blobs
    where keep_days = ${keepDays} and day = ${day}::date and body like any(${patterns}::text[]) limit 10000`);
  const all = [...patterns, ...rows.map(({ hash }) => `%\u0001${hash.replaceAll('_', '\\_')}\u0001%`)];
  return sql`(${SAYS} like any(${all}::text[])
    or exists (select from muster.trace_attachments a where a.keep_days = ${keepDays} and a.day = ${day}::date and a.run_id = r.run_id
      and (a.name like any(${patterns}::text[]) or encode(a.body, 'hex') like any(${patterns}::text[])))
    or exists (select from muster.trace_feedback f where f.run_id = r.run_id
      and concat_ws(E'\\n', f.value, f.comment, f.correction, f.extra) like any(${patterns}::text[])))`;
}
