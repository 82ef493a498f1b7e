import type { Database } from '../../../db/database.ts';
import { named, sql } from '../../../db/sql.ts';
import type { Limits, Use, Used } from './limits.ts';

export interface LimitRecord extends Limits {
  /** `*`: every key that has none of its own. */
  readonly keyId: string;
  readonly updatedBy: string;
  readonly updatedAt: number;
}

const COLUMNS = {
  text: `key_id as "keyId", usd_per_day::float8 as "usdPerDay", usd_per_month::float8 as "usdPerMonth", is_hard as "isHard",
    requests_per_minute as "requestsPerMinute", tokens_per_minute::float8 as "tokensPerMinute", updated_by as "updatedBy",
    (extract(epoch from updated_at) * 1000)::float8 as "updatedAt"`,
  values: [],
};

export class LimitStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async list(): Promise<readonly LimitRecord[]> {
    return (await this.#db.query<LimitRecord>(sql`select ${COLUMNS} from muster.gateway_limits order by key_id limit 10000`)).rows;
  }

  /** What each of these keys has used of its day, month and minute, all servers together. */
  async used(keyIds: readonly string[]): Promise<ReadonlyMap<string, Use>> {
    const { rows } = await this.#db.query<Use & { readonly keyId: string }>(sql`
      select k.id as "keyId", coalesce(s.today, 0)::float8 as "usdToday", coalesce(s.month, 0)::float8 as "usdThisMonth",
        coalesce(m.requests, 0) as "requestsThisMinute", coalesce(m.tokens, 0)::float8 as "tokensThisMinute"
      from unnest(${keyIds}::text[]) k(id)
      left join muster.gateway_minutes m on m.key_id = k.id and m.minute = date_trunc('minute', clock_timestamp())
      left join lateral (select sum(cost) filter (where day = (clock_timestamp() at time zone 'UTC')::date) as today, sum(cost) as month
        from muster.gateway_spend where key_id = k.id and day >= date_trunc('month', clock_timestamp() at time zone 'UTC')::date) s on true`);
    return new Map(rows.map(({ keyId, ...use }) => [keyId, use]));
  }

  async put(keyId: string, limits: Limits, by: string): Promise<LimitRecord> {
    const { isHard, requestsPerMinute, tokensPerMinute, usdPerDay, usdPerMonth } = limits;
    const { rows } = await this.#db.query<LimitRecord>(sql`insert into muster.gateway_limits
        (key_id, usd_per_day, usd_per_month, is_hard, requests_per_minute, tokens_per_minute, updated_by)
      values (${keyId}, ${usdPerDay}, ${usdPerMonth}, ${isHard}, ${requestsPerMinute}, ${tokensPerMinute}, ${by})
      on conflict (key_id) do update set usd_per_day = excluded.usd_per_day, usd_per_month = excluded.usd_per_month, is_hard = excluded.is_hard,
        requests_per_minute = excluded.requests_per_minute, tokens_per_minute = excluded.tokens_per_minute, updated_by = excluded.updated_by,
        updated_at = clock_timestamp()
      returning ${COLUMNS}`);
    return rows[0] as LimitRecord;
  }

  async remove(keyId: string): Promise<boolean> {
    return (await this.#db.query(sql`delete from muster.gateway_limits where key_id = ${keyId}`)).count > 0;
  }

  /** Counts a request in its minute, and says what the key has used, all servers together: one statement, so that none slips between. */
  async take(keyId: string): Promise<Used> {
    const { rows } = await this.#db.query<Used>(
      named(
        'gateway-take',
        sql`with taken as (
          insert into muster.gateway_minutes as m (key_id, minute, requests) values (${keyId}, date_trunc('minute', clock_timestamp()), 1)
          on conflict (key_id, minute) do update set requests = m.requests + 1
          returning requests, tokens
        )
        select requests as "requestsThisMinute", tokens::float8 as "tokensThisMinute", (extract(epoch from clock_timestamp()) * 1000)::float8 as now,
          coalesce((select sum(cost) from muster.gateway_spend where key_id = ${keyId} and day = (clock_timestamp() at time zone 'UTC')::date), 0)::float8
            as "usdToday",
          coalesce((select sum(cost) from muster.gateway_spend
            where key_id = ${keyId} and day >= date_trunc('month', clock_timestamp() at time zone 'UTC')::date), 0)::float8 as "usdThisMonth"
        from taken`,
      ),
    );
    return rows[0] as Used;
  }
}
