import type { Database } from '../../../db/database.ts';
import { named, sql } from '../../../db/sql.ts';
import { bytesOf, cosine, vectorOf } from './similarity.ts';

/** Of one bucket so many are compared, the newest: at 1,536 dimensions about 6 MB, and a few milliseconds. */
const MOST_COMPARED = 1_000;

export interface Nearest {
  readonly key: Buffer;
  readonly similarity: number;
}

/** What kept answers were asked with, in plain PostgreSQL. */
export class VectorStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The nearest question of the bucket whose answer has not expired. */
  async nearest(bucket: Buffer, vector: Float32Array): Promise<Nearest | undefined> {
    const { rows } = await this.#db.query<{ key: Buffer; vector: Buffer }>(
      named(
        'gateway-vectors',
        sql`select v.key, v.vector from muster.gateway_vectors v join muster.gateway_answers a using (key)
          where v.bucket = ${bucket} and a.expires_at > clock_timestamp() order by v.created_at desc limit ${MOST_COMPARED}`,
      ),
    );
    let best: Nearest | undefined;
    for (const row of rows) {
      const similarity = cosine(vector, vectorOf(row.vector));
      if (best === undefined || similarity > best.similarity) best = { key: row.key, similarity };
    }
    return best;
  }

  async put(key: Buffer, bucket: Buffer, vector: Float32Array): Promise<void> {
    // An answer that was forgotten meanwhile takes no vector.
    await this.#db.query(sql`insert into muster.gateway_vectors (key, bucket, vector)
      select key, ${bucket}, ${bytesOf(vector)} from muster.gateway_answers where key = ${key}
      on conflict (key) do update set bucket = excluded.bucket, vector = excluded.vector, created_at = clock_timestamp()`);
  }
}
