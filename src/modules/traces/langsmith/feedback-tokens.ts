import { createHash, randomUUID } from 'node:crypto';
import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';

export interface FeedbackToken {
  readonly tokenId: string;
  readonly runId: string;
  readonly key: string;
  readonly expiresAt: Date;
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Tokens by which a user judges one answer. Only hashes are stored: the address is shown once. */
export class FeedbackTokens {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async create(wanted: {
    readonly runId: string;
    readonly key: string;
    readonly seconds: number;
    readonly createdBy: string;
  }): Promise<FeedbackToken & { readonly token: string }> {
    // Python's SDK takes nothing else for one.
    const token = randomUUID();
    const tokenId = randomUUID();
    const row = await this.#db.one<{
      at: Date;
    }>(sql`insert into muster.trace_feedback_tokens (token_id, token_hash, run_id, key, created_by, expires_at)
      values (${tokenId}, ${hashOf(token)}, ${wanted.runId}, ${wanted.key}, ${wanted.createdBy}, clock_timestamp() + ${wanted.seconds} * interval '1 second')
      returning expires_at as at`);
    return { token, tokenId, runId: wanted.runId, key: wanted.key, expiresAt: row?.at ?? new Date() };
  }

  /** Undefined where nobody has it, or its time is over. */
  find(token: string): Promise<FeedbackToken | undefined> {
    return this.#db.one<FeedbackToken>(sql`select token_id as "tokenId", run_id as "runId", key, expires_at as "expiresAt"
      from muster.trace_feedback_tokens where token_hash = ${hashOf(token)} and expires_at > clock_timestamp()`);
  }

  async ofRun(runId: string): Promise<readonly FeedbackToken[]> {
    const { rows } = await this.#db.query<FeedbackToken>(sql`select token_id as "tokenId", run_id as "runId", key, expires_at as "expiresAt"
      from muster.trace_feedback_tokens where run_id = ${runId} order by created_at limit 100`);
    return rows;
  }
}
