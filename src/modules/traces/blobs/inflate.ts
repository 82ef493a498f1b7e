import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { hashesIn, MARK, withBodies } from './reference.ts';

/** JSON texts of one run, as trace_runs holds them. Which of them refer to blobs shows in the texts. */
export interface Deflated {
  readonly keepDays: number;
  /** `2026-11-26` */
  readonly day: string;
  readonly texts: readonly (string | null)[];
}

/** The texts as they came: what repeats is read once and put back. One statement, however many runs; none where nothing refers to a blob. */
export async function inflate(db: Queryable, runs: readonly Deflated[]): Promise<readonly (readonly (string | null)[])[]> {
  const wanted = new Map<string, { readonly hash: string; readonly keepDays: number; readonly day: string }>();
  for (const { keepDays, day, texts } of runs)
    for (const text of texts)
      if (text !== null && text.includes(MARK))
        for (const hash of hashesIn(text)) wanted.set(`${hash}${keepDays}${day}`, { hash, keepDays, day });
  if (wanted.size === 0) return runs.map(({ texts }) => texts);
  const bodies = await bodiesOf(db, [...wanted.values()]);
  return runs.map(({ keepDays, day, texts }) =>
    texts.map((text) =>
      text === null || !text.includes(MARK) ? text : withBodies(text, (hash) => bodies.get(`${hash}${keepDays}${day}`)),
    ),
  );
}

async function bodiesOf(
  db: Queryable,
  wanted: readonly { readonly hash: string; readonly keepDays: number; readonly day: string }[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await db.query<{ hash: Buffer; keep_days: number; day: string; body: string }>(sql`
    select b.hash, b.keep_days, to_char(b.day, 'YYYY-MM-DD') as day, b.body
    from unnest(${wanted.map(({ hash }) => Buffer.from(hash, 'base64url'))}::bytea[], ${wanted.map(({ keepDays }) => keepDays)}::int[],
      ${wanted.map(({ day }) => day)}::date[]) as w(hash, keep_days, day)
    join muster.trace_blobs b on b.hash = w.hash and b.keep_days = w.keep_days and b.day = w.day`);
  return new Map(rows.map(({ hash, keep_days, day, body }) => [`${hash.toString('base64url')}${keep_days}${day}`, body]));
}
