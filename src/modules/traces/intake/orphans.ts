import type { Queryable } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import type { RunOperation } from '../run/operation.ts';
import type { Submission } from './intake.ts';
import { wellFormed } from './side-statements.ts';

/** What was said of a run that nobody has begun. It waits for that run, and is written to no other project than its key may write to. */
export interface Orphan {
  readonly operation: RunOperation;
  /** Names of projects; null: to any. */
  readonly mayWrite: readonly string[] | null;
}

/** As it waits in muster.trace_orphans. Attachments are in base64. */
export interface OrphanRow {
  readonly run_id: string;
  readonly no: number | string;
  readonly may_write: readonly string[] | null;
  readonly operation: Omit<RunOperation, 'attachments'> & {
    readonly attachments?: readonly { readonly name: string; readonly mimeType: string; readonly body: string }[];
  };
}

export function insertOrphans(orphans: readonly Orphan[]): Sql | undefined {
  if (orphans.length === 0) return undefined;
  const mayWrite = orphans.map((orphan) => (orphan.mayWrite === null ? null : JSON.stringify(orphan.mayWrite)));
  return sql`insert into muster.trace_orphans (run_id, operation, may_write)
    select * from unnest(${orphans.map(({ operation }) => operation.runId)}::uuid[], ${orphans.map(({ operation }) => textOf(operation))}::jsonb[], ${mayWrite}::jsonb[])`;
}

const textOf = ({ attachments, ...said }: RunOperation): string =>
  JSON.stringify(
    { ...said, attachments: attachments?.map(({ name, mimeType, body }) => ({ name, mimeType, body: body.toString('base64') })) },
    (_key, value: unknown) => (typeof value === 'string' ? wellFormed(value) : value),
  );

export function orphanOf({ may_write: mayWrite, operation: { attachments, ...said } }: OrphanRow): Orphan {
  const bodies = attachments?.map(({ name, mimeType, body }) => ({ name, mimeType, body: Buffer.from(body, 'base64') }));
  return { operation: { ...said, ...(bodies === undefined ? {} : { attachments: bodies }) }, mayWrite };
}

/** Hands on what waited, each in the name of the key that brought it. */
export async function submitOrphans(
  submit: (submission: Submission) => Promise<unknown>,
  source: Submission['source'],
  orphans: readonly Orphan[],
): Promise<void> {
  const byKey = new Map<string, Orphan[]>();
  for (const orphan of orphans) {
    const key = JSON.stringify(orphan.mayWrite);
    const others = byKey.get(key);
    if (others === undefined) byKey.set(key, [orphan]);
    else others.push(orphan);
  }
  for (const own of byKey.values())
    await submit({ source, operations: own.map(({ operation }) => operation), mayWrite: own[0]?.mayWrite ?? null });
}

export async function deleteOrphans(db: Queryable, rows: readonly OrphanRow[]): Promise<void> {
  await db.query(sql`delete from muster.trace_orphans o using unnest(${rows.map(({ run_id }) => run_id)}::uuid[], ${rows.map(({ no }) => no)}::bigint[]) as t(run_id, no)
    where o.run_id = t.run_id and o.no = t.no`);
}
