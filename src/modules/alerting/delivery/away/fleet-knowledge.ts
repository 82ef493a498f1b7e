import type { Database } from '../../../../db/database.ts';
import { sql } from '../../../../db/sql.ts';
import type { Secrets } from '../../../../state/secrets.ts';
import { isMusterError } from '../../../../base/errors.ts';
import type { AnyChannelType } from '../channel-type.ts';
import { createChannelStore, type Settings } from '../channel-store.ts';
import { channelType } from '../channels/index.ts';

/** A channel as it can be used without the database. */
export interface KnownChannel {
  readonly name: string;
  readonly type: AnyChannelType;
  readonly settings: Settings;
}

/** What a host has to know beforehand, to tell that the database is away. */
export interface FleetKnowledge {
  /** The same to every host of the fleet, to no other fleet, and another after every time that it was away. */
  readonly fleet: string;
  /** By the database's clock, milliseconds since 1970. */
  readonly heardAt: number;
  readonly hosts: readonly string[];
  readonly channels: readonly KnownChannel[];
}

/** The key of system_state that says when the database was away last. */
export const LAST_AWAY = 'alerting:database_away';
const MOST_CHANNELS = 50;

/** Channels whose secrets cannot be opened here are of no use. */
export async function readKnowledge(database: Database, secrets: Secrets): Promise<FleetKnowledge> {
  const row = await database.one<{ fleet: string | null; times: string | null; heard_at: number; hosts: readonly string[] | null }>(
    sql`
    select (select md5(string_agg(created_at::text, ' ' order by name)) from (select name, created_at from muster.channels order by name limit 1) c) as fleet,
      (select revision::text from muster.system_state where key = ${LAST_AWAY}) as times,
      (extract(epoch from clock_timestamp()) * 1000)::float8 as heard_at,
      (select array_agg(host_id::text order by host_id) from muster.hosts where status = 'live') as hosts`,
    // These wait four seconds for an answer, the others for half a minute.
    { pool: 'heartbeat' },
  );
  const store = createChannelStore(database, secrets);
  const records = (await store.list({ limit: MOST_CHANNELS })).filter(({ enabled }) => enabled);
  const channels: KnownChannel[] = [];
  for (const record of records) {
    const type = channelType(record.type);
    try {
      if (type !== undefined) channels.push({ name: record.name, type, settings: await store.open(record) });
    } catch (error) {
      if (!isMusterError(error, 'SECRET_UNREADABLE')) throw error;
    }
  }
  return { fleet: `${row?.fleet ?? ''} ${row?.times ?? '0'}`, heardAt: row?.heard_at ?? 0, hosts: row?.hosts ?? [], channels };
}
