import type { Database } from '../../../db/database.ts';
import { named, sql } from '../../../db/sql.ts';
import type { Face } from './face.ts';

export interface KeptAnswer {
  readonly provider: string;
  readonly priceProvider: string | null;
  readonly model: string;
  readonly isStream: boolean;
  readonly contentType: string;
  readonly body: Buffer;
  /** Milliseconds. */
  readonly ageMs: number;
  /** Until it expires. */
  readonly leftMs: number;
}

export interface NewAnswer extends Omit<KeptAnswer, 'ageMs' | 'leftMs'> {
  readonly key: Buffer;
  readonly project: string;
  readonly keyId: string | null;
  readonly face: Face;
  readonly ttlMs: number;
  /** Milliseconds since it was whole. */
  readonly sinceMs: number;
}

/** Longer answers are not kept. */
export const MOST_ANSWER_BYTES = 1_048_576;
/** All of them together take no more than this. */
const MOST_BYTES = 1_073_741_824;

/** Answers in the database, for all servers. */
export class AnswerStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** One that has not expired. */
  get(key: Buffer): Promise<KeptAnswer | undefined> {
    return this.#db.one<KeptAnswer>(
      named(
        'gateway-answer-left',
        sql`select provider, price_provider as "priceProvider", model, is_stream as "isStream", content_type as "contentType", body,
          (extract(epoch from clock_timestamp() - answered_at) * 1000)::float8 as "ageMs",
          (extract(epoch from expires_at - clock_timestamp()) * 1000)::float8 as "leftMs"
          from muster.gateway_answers where key = ${key} and expires_at > clock_timestamp()`,
      ),
    );
  }

  /** Of two that are put at the same time, in either order, that which was whole last stays. By the database's clock: servers' differ. */
  async put(answer: NewAnswer): Promise<void> {
    const { body, contentType, face, isStream, key, keyId, model, priceProvider, project, provider, sinceMs, ttlMs } = answer;
    await this.#db.query(sql`insert into muster.gateway_answers as kept
        (key, project, key_id, face, provider, price_provider, model, is_stream, content_type, body, size, answered_at, expires_at)
      values (${key}, ${project}, ${keyId}, ${face}, ${provider}, ${priceProvider}, ${model}, ${isStream}, ${contentType}, ${body}, ${body.length},
        clock_timestamp() - ${sinceMs} * interval '1 millisecond', clock_timestamp() + ${ttlMs - sinceMs} * interval '1 millisecond')
      on conflict (key) do update set provider = excluded.provider, price_provider = excluded.price_provider, model = excluded.model,
        is_stream = excluded.is_stream, content_type = excluded.content_type, body = excluded.body, size = excluded.size,
        answered_at = excluded.answered_at, expires_at = excluded.expires_at, used_at = clock_timestamp()
        where kept.answered_at <= excluded.answered_at`);
  }

  /** Counts uses: what is not used goes first when there is too much. */
  async touch(uses: ReadonlyMap<string, number>): Promise<void> {
    const keys = [...uses.keys()].map((key) => Buffer.from(key, 'base64'));
    await this.#db.query(sql`update muster.gateway_answers a set hits = a.hits + u.n, used_at = clock_timestamp()
      from unnest(${keys}::bytea[], ${[...uses.values()]}::int[]) u (key, n) where a.key = u.key`);
  }

  /** Forgets what has expired, and of the rest what was not used for longest, until it fits. */
  async prune(mostBytes = MOST_BYTES): Promise<void> {
    await this.#db.query(sql`delete from muster.gateway_answers where key in
      (select key from muster.gateway_answers where expires_at < clock_timestamp() limit 10000)`);
    await this.#db.query(sql`delete from muster.gateway_answers where key in (
      select key from (select key, sum(size) over (order by used_at desc, key) as total from muster.gateway_answers) ranked
      where total > ${mostBytes} limit 10000)`);
  }

  async purge(project: string | undefined): Promise<number> {
    const chosen = project === undefined ? sql`true` : sql`project = ${project}`;
    return (await this.#db.query(sql`delete from muster.gateway_answers where ${chosen}`)).count;
  }
}
