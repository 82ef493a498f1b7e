import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';

const MOST_ASKED = 200;
const LOOK_EVERY_MS = 200;

/** Waits until a gateway has written the calls that it logged last: it does so a moment after it answers, and their costs belong in the report. */
export async function untilLogged(
  db: Database,
  runIds: readonly string[],
  { mostMs, sleep }: { readonly mostMs: number; readonly sleep: (ms: number) => Promise<void> },
): Promise<void> {
  const last = runIds.slice(-MOST_ASKED);
  const until = performance.now() + mostMs;
  while (last.length > 0) {
    const row = await db.one<{ n: number }>(
      sql`select count(distinct run_id)::int as n from muster.trace_runs where run_id = any(${last}::uuid[]) and end_time is not null`,
    );
    if ((row?.n ?? 0) >= last.length || performance.now() >= until) return;
    await sleep(LOOK_EVERY_MS);
  }
}
