import { MusterError } from '../../../base/errors.ts';
import type { Queryable } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import type { CustomRates } from './custom-rates.ts';

export interface NewPrice {
  readonly provider: string | null;
  /** In lower case; a * at its end stands for any ending. */
  readonly model: string;
  /** Milliseconds since 1970; null: always. */
  readonly validFrom: number | null;
  readonly rates: CustomRates;
}

export interface CustomPrice extends NewPrice {
  readonly priceId: number;
  readonly source: 'custom' | 'litellm';
  readonly createdBy: string;
  readonly createdAt: number;
}

/** Twice what the largest list that people import holds. */
const MOST_PRICES = 20_000;

const COLUMNS: Sql = sql`price_id::float8 as "priceId", provider, model, rates, source, created_by as "createdBy",
  case when isfinite(valid_from) then (date_part('epoch', valid_from) * 1000)::float8 end as "validFrom",
  (date_part('epoch', created_at) * 1000)::float8 as "createdAt"`;
const timeOf = (ms: number | null): Sql => (ms === null ? sql`'-infinity'::timestamptz` : sql`to_timestamp(${ms}::float8 / 1000)`);

/** By model, the latest first. */
export async function listPrices(db: Queryable, model?: string): Promise<readonly CustomPrice[]> {
  const { rows } = await db.query<CustomPrice>(sql`select ${COLUMNS} from muster.trace_prices
    where ${model === undefined ? sql`true` : sql`model = ${model.toLowerCase()}`} order by model, provider, valid_from desc limit ${MOST_PRICES}`);
  return rows;
}

export async function addPrice(db: Queryable, { provider, model, validFrom, rates }: NewPrice, by: string): Promise<CustomPrice> {
  const { rows } = await db.query<CustomPrice>(sql`
    insert into muster.trace_prices (provider, model, valid_from, rates, created_by)
    select ${provider}, ${model.toLowerCase()}, ${timeOf(validFrom)}, ${JSON.stringify(rates)}::jsonb, ${by}
    where (select count(*) from muster.trace_prices) < ${MOST_PRICES}
    on conflict (model, coalesce(provider, ''), valid_from) do nothing returning ${COLUMNS}`);
  const [added] = rows;
  if (added !== undefined) return added;
  throw new MusterError('CONFLICT', `there is a price of ${model} from that time on already, or there are ${MOST_PRICES} of them`, {
    remedy: 'Change that one, or remove some that hold no more.',
  });
}

export async function changePrice(db: Queryable, priceId: number, rates: CustomRates, by: string): Promise<CustomPrice | undefined> {
  const { rows } = await db.query<CustomPrice>(sql`
    update muster.trace_prices set rates = ${JSON.stringify(rates)}::jsonb, source = 'custom', created_by = ${by}
    where price_id = ${priceId}::float8::bigint returning ${COLUMNS}`);
  return rows[0];
}

export async function removePrice(db: Queryable, priceId: number): Promise<boolean> {
  const { count } = await db.query(sql`delete from muster.trace_prices where price_id = ${priceId}::float8::bigint`);
  return count > 0;
}

/** Adds those that differ from what holds now, in one statement, so that a list can be imported every day. Prices of one's own stay as they are. */
export async function importPrices(
  db: Queryable,
  prices: readonly Omit<NewPrice, 'validFrom'>[],
  { validFrom, by }: { readonly validFrom: number; readonly by: string },
): Promise<number> {
  const given = prices.slice(0, MOST_PRICES / 2);
  const { count } = await db.query(sql`
    insert into muster.trace_prices (provider, model, valid_from, rates, source, created_by)
    select p.provider, p.model, ${timeOf(validFrom)}, p.rates::jsonb, 'litellm', ${by}
    from unnest(${given.map(({ provider }) => provider)}::text[], ${given.map(({ model }) => model)}::text[],
      ${given.map(({ rates }) => JSON.stringify(rates))}::text[]) as p (provider, model, rates)
    where p.rates::jsonb is distinct from (
      select c.rates from muster.trace_prices c where c.model = p.model and coalesce(c.provider, '') = coalesce(p.provider, '')
      order by (c.source = 'custom') desc, c.valid_from desc limit 1)
      and not exists (select from muster.trace_prices c where c.model = p.model and coalesce(c.provider, '') = coalesce(p.provider, '') and c.source = 'custom')
    on conflict (model, coalesce(provider, ''), valid_from) do update set rates = excluded.rates where trace_prices.source = 'litellm'`);
  return count;
}
