import type { Queryable } from '../../../db/database.ts';
import { errorPreview, previewOf } from './preview.ts';
import { listRuns } from './run-list.ts';
import { sql } from '../../../db/sql.ts';
import { boundedTexts } from './run-store.ts';
import { threadKey, type ThreadRecord } from './thread-store.ts';

export interface TurnPreviews {
  /** What was asked first. */
  readonly inputs: string | null;
  /** What was answered last. */
  readonly outputs: string | null;
  readonly error: string | null;
}

/** How conversations began and where they stand, by `projectNo threadId`. */
export async function turnPreviews(db: Queryable, threads: readonly ThreadRecord[]): Promise<ReadonlyMap<string, TurnPreviews>> {
  if (threads.length === 0) return new Map();
  const traces = [...new Set(threads.flatMap(({ firstTraceId, lastTraceId }) => [firstTraceId, lastTraceId]))];
  const roots = await listRuns(db, {
    projects: [...new Set(threads.map(({ projectNo }) => projectNo))],
    where: () => [sql`r.parent_run_id is null and r.trace_id = any(${traces}::uuid[])`],
    from: Math.min(...threads.map(({ firstTime }) => firstTime)),
    to: Math.max(...threads.map(({ lastTime }) => lastTime)) + 1,
    limit: traces.length,
  });
  const whole = await boundedTexts(db, roots, ['inputs', 'outputs', 'error']);
  const textsOf = new Map(whole.map(({ traceId, texts }) => [traceId, texts]));
  return new Map(
    threads.map((thread) => {
      const [first, last] = [textsOf.get(thread.firstTraceId), textsOf.get(thread.lastTraceId)];
      return [
        threadKey(thread),
        {
          inputs: first === undefined ? null : previewOf(first).inputs,
          outputs: last === undefined ? null : previewOf(last).outputs,
          error: errorPreview(last?.error),
        },
      ];
    }),
  );
}
