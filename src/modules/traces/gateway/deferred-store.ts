import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import type { Context } from './context.ts';
import type { Face } from './face.ts';

export type DeferredState = 'waiting' | 'sending' | 'sent' | 'done' | 'failed';

/** A request that may wait. Times are milliseconds since 1970. */
export interface Deferred {
  readonly id: string;
  readonly keyId: string | null;
  readonly projects: readonly string[] | null;
  readonly context: Context;
  readonly face: Face;
  readonly provider: string;
  readonly model: string;
  readonly body: string;
  readonly state: DeferredState;
  readonly createdAt: number;
  readonly deadline: number;
  readonly status: number | null;
  readonly answer: string | null;
  readonly error: string | null;
}

/** What came of one: an answer of the provider, or why there is none. */
export interface DeferredEnd {
  readonly id: string;
  readonly status: number | null;
  readonly answer: string | null;
  readonly error: string | null;
}

export interface SentBatch {
  readonly provider: string;
  readonly batchId: string;
}

/** A batch is begun with so many, or once the oldest has waited for so long. */
const ENOUGH = 100;
const MOST_A_BATCH = 5_000;
const MOST_BYTES_A_BATCH = 50_000_000;
/** One that was taken and not sent: its host is gone. It is sent again, at the risk of being paid twice. */
const LOST_AFTER = '10 minutes';
const KEPT = '30 days';

const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`;
const COLUMNS = {
  text: `id, key_id as "keyId", projects, context, face, provider, model, body, state, ${ms('created_at')} as "createdAt", ${ms('deadline')} as deadline,
    status, answer, error`,
  values: [],
};

/** Requests that wait for a batch, are in one, or have come back. */
export class DeferredStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async add(
    given: Pick<Deferred, 'id' | 'keyId' | 'projects' | 'context' | 'face' | 'provider' | 'model' | 'body'>,
    withinMs: number,
  ): Promise<void> {
    const { body, context, face, id, keyId, model, projects, provider } = given;
    await this.#db.query(sql`insert into muster.gateway_deferred (id, key_id, projects, context, face, provider, model, body, deadline)
      values (${id}, ${keyId}, ${projects}::text[], ${JSON.stringify(context)}::jsonb, ${face}, ${provider}, ${model}, ${body},
        clock_timestamp() + ${withinMs} * interval '1 millisecond')`);
  }

  get(id: string): Promise<Deferred | undefined> {
    return this.#db.one<Deferred>(sql`select ${COLUMNS} from muster.gateway_deferred where id = ${id}`);
  }

  /** Takes those of one provider and one path that are to be sent now: many, or such as have waited `waitMs`. Empty: none is. */
  async take(waitMs: number): Promise<readonly Deferred[]> {
    const { rows } = await this.#db.query<Deferred>(sql`with due as (
        select provider, face from muster.gateway_deferred
        where state = 'waiting' or (state = 'sending' and changed_at < clock_timestamp() - ${LOST_AFTER}::interval)
        group by provider, face
        having count(*) >= ${ENOUGH} or min(created_at) < clock_timestamp() - ${waitMs} * interval '1 millisecond'
        order by min(created_at) limit 1
      ), open as (
        select id, created_at, length(body) as size from muster.gateway_deferred d join due using (provider, face)
        where state = 'waiting' or (state = 'sending' and changed_at < clock_timestamp() - ${LOST_AFTER}::interval)
        order by created_at limit ${MOST_A_BATCH} for update of d skip locked
      ), chosen as (
        select id from (select id, sum(size) over (order by created_at, id) - size as before from open) o where before < ${MOST_BYTES_A_BATCH}
      )
      update muster.gateway_deferred set state = 'sending', changed_at = clock_timestamp() where id in (select id from chosen)
      returning ${COLUMNS}`);
    return rows;
  }

  async sent(ids: readonly string[], batchId: string): Promise<void> {
    await this.#db.query(sql`update muster.gateway_deferred set state = 'sent', batch_id = ${batchId}, changed_at = clock_timestamp()
      where id = any (${ids}::uuid[]) and state = 'sending'`);
  }

  /** They go back: they were not sent, and are tried again. */
  async giveBack(ids: readonly string[]): Promise<void> {
    await this.#db.query(sql`update muster.gateway_deferred set state = 'waiting', changed_at = clock_timestamp()
      where id = any (${ids}::uuid[]) and state = 'sending'`);
  }

  async batches(): Promise<readonly SentBatch[]> {
    const { rows } = await this.#db.query<SentBatch>(
      sql`select distinct provider, batch_id as "batchId" from muster.gateway_deferred where state = 'sent' limit 1000`,
    );
    return rows;
  }

  async inBatch({ batchId, provider }: SentBatch): Promise<readonly Deferred[]> {
    const { rows } = await this.#db.query<Deferred>(
      sql`select ${COLUMNS} from muster.gateway_deferred where provider = ${provider} and batch_id = ${batchId} and state = 'sent'`,
    );
    return rows;
  }

  /** Writes ends down; those it returns were open until now, so that each is accounted for by one host. */
  async end(ends: readonly DeferredEnd[]): Promise<ReadonlySet<string>> {
    const column = <T>(of: (end: DeferredEnd) => T): readonly T[] => ends.map(of);
    const { rows } = await this.#db.query<{ id: string }>(sql`update muster.gateway_deferred d
      set state = case when e.error is null then 'done' else 'failed' end, status = e.status, answer = e.answer, error = e.error,
        changed_at = clock_timestamp()
      from unnest(${column(({ id }) => id)}::uuid[], ${column(({ status }) => status)}::smallint[], ${column(({ answer }) => answer)}::text[],
        ${column(({ error }) => error)}::text[]) e (id, status, answer, error)
      where d.id = e.id and d.state in ('waiting', 'sending', 'sent') returning d.id`);
    return new Set(rows.map(({ id }) => id));
  }

  /** Those that wait past their time. */
  async overdue(): Promise<readonly string[]> {
    const { rows } = await this.#db.query<{ id: string }>(
      sql`select id from muster.gateway_deferred where state in ('waiting', 'sending') and deadline < clock_timestamp() limit 1000`,
    );
    return rows.map(({ id }) => id);
  }

  async prune(): Promise<void> {
    await this.#db.query(sql`delete from muster.gateway_deferred where id in (select id from muster.gateway_deferred
      where state in ('done', 'failed') and changed_at < clock_timestamp() - ${KEPT}::interval limit 5000)`);
  }
}
