import { MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { ProviderSettings, type ProviderKind, type ProviderRecord, type Route } from './provider.ts';

export interface NewProvider {
  readonly name: string;
  readonly kind: ProviderKind;
  readonly baseUrl: string;
  /** Sealed. Undefined: keep the one there is; null: none. */
  readonly apiKey: string | null | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly routes: readonly Route[];
  readonly priority: number;
  readonly enabled: boolean;
  readonly settings: ProviderSettings;
}

const MOST_PROVIDERS = 100;
const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`;
const COLUMNS = {
  text: `name, kind, base_url as "baseUrl", api_key as "apiKey", headers, routes, priority, enabled, settings, created_by as "createdBy",
    ${ms('created_at')} as "createdAt", ${ms('updated_at')} as "updatedAt"`,
  values: [],
};

export class Providers {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async list(): Promise<readonly ProviderRecord[]> {
    const { rows } = await this.#db.query<ProviderRecord>(sql`select ${COLUMNS} from muster.gateway_providers order by priority, name`);
    return rows.map(whole);
  }

  async get(name: string): Promise<ProviderRecord | undefined> {
    const row = await this.#db.one<ProviderRecord>(sql`select ${COLUMNS} from muster.gateway_providers where name = ${name}`);
    return row === undefined ? undefined : whole(row);
  }

  /** Adds one, or puts another in the place of the one of this name. Throws TOO_LARGE. */
  async put(provider: NewProvider, by: string): Promise<ProviderRecord> {
    const { apiKey, baseUrl, enabled, headers, kind, name, priority, routes, settings } = provider;
    const row = await this.#db.one<ProviderRecord>(sql`insert into muster.gateway_providers
        (name, kind, base_url, api_key, headers, routes, priority, enabled, settings, created_by)
      select ${name}, ${kind}, ${baseUrl}, ${apiKey ?? null}, ${JSON.stringify(headers)}::jsonb, ${JSON.stringify(routes)}::jsonb, ${priority},
        ${enabled}, ${JSON.stringify(settings)}::jsonb, ${by}
      where (select count(*) from muster.gateway_providers where name <> ${name}) < ${MOST_PROVIDERS}
      on conflict (name) do update set kind = excluded.kind, base_url = excluded.base_url, headers = excluded.headers,
        routes = excluded.routes, priority = excluded.priority, enabled = excluded.enabled, settings = excluded.settings,
        api_key = case when ${apiKey === undefined} then muster.gateway_providers.api_key else excluded.api_key end,
        updated_at = clock_timestamp()
      returning ${COLUMNS}`);
    if (row !== undefined) return whole(row);
    throw new MusterError('TOO_LARGE', `there are ${MOST_PROVIDERS} providers already`, { remedy: 'Remove one first.' });
  }

  async remove(name: string): Promise<boolean> {
    return (await this.#db.query(sql`delete from muster.gateway_providers where name = ${name}`)).count > 0;
  }
}

/** What a row written by an earlier version leaves out has its default. */
const whole = (row: ProviderRecord): ProviderRecord => ({ ...row, settings: ProviderSettings.parse(row.settings) });

export const noProvider = (name: string): MusterError =>
  new MusterError('NOT_FOUND', `there is no provider ${name}`, { remedy: '`muster gateway list` shows those there are.' });
