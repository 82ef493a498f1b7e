import { MusterError } from '../../../base/errors.ts';
import type { Database, Queryable } from '../../../db/database.ts';
import { raw, sql } from '../../../db/sql.ts';
import type { Secrets } from '../../../state/secrets.ts';
import type { AnyChannelType } from './channel-type.ts';
import { channelType } from './channels/index.ts';

export interface ChannelRecord {
  readonly name: string;
  readonly type: string;
  /** Its settings but for those that are sealed. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly sealed: string | null;
  readonly enabled: boolean;
  readonly createdBy: string;
  /** Times are milliseconds since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly revision: number;
  /** Nothing is sent before `openUntil`. */
  readonly breakerOpen: boolean;
  readonly openUntil: number | null;
  readonly failures: number;
  readonly failingSince: number | null;
  readonly flaggedAt: number | null;
  readonly lastError: string | null;
  readonly lastErrorAt: number | null;
  readonly lastSuccessAt: number | null;
  /** Messages that wait. */
  readonly waiting: number;
}

export type Settings = Readonly<Record<string, unknown>>;

export interface ChannelStore {
  list(page: { readonly limit: number; readonly after?: string | undefined }): Promise<readonly ChannelRecord[]>;
  get(name: string): Promise<ChannelRecord | undefined>;
  /** Throws CONFLICT where there is one of that name. */
  add(channel: {
    readonly name: string;
    readonly type: AnyChannelType;
    readonly settings: Settings;
    readonly enabled?: boolean;
    readonly createdBy: string;
  }): Promise<ChannelRecord>;
  /** Throws PRECONDITION_FAILED where it is no longer at that revision. Its breaker is closed: it may work now. */
  change(
    record: ChannelRecord,
    change: { readonly type: AnyChannelType; readonly settings: Settings; readonly enabled: boolean },
  ): Promise<ChannelRecord>;
  /** Cancels what waits for it. */
  remove(name: string): Promise<boolean>;
  /** All its settings, the sealed ones opened. Throws SECRET_UNREADABLE. */
  open(record: Pick<ChannelRecord, 'name' | 'config' | 'sealed'>): Promise<Settings>;
}

const ms = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`;

const COLUMNS = raw(`c.name, c.type, c.config, c.secrets as sealed, c.enabled, c.created_by as "createdBy",
  ${ms('c.created_at')} as "createdAt", ${ms('c.updated_at')} as "updatedAt", c.revision::float8 as revision,
  c.breaker = 'open' as "breakerOpen", ${ms('c.open_until')} as "openUntil", c.failures, ${ms('c.failing_since')} as "failingSince",
  ${ms('c.flagged_at')} as "flaggedAt", c.last_error as "lastError", ${ms('c.last_error_at')} as "lastErrorAt",
  ${ms('c.last_success_at')} as "lastSuccessAt",
  (select count(*) from muster.notifications n where n.channel = c.name and n.state in ('pending', 'sending'))::int as waiting`);

export function createChannelStore(database: Database, secrets: Secrets): ChannelStore {
  const split = async (name: string, type: AnyChannelType, settings: Settings) => {
    const entries = Object.entries(settings).filter(([, value]) => value !== undefined);
    const secret = Object.fromEntries(entries.filter(([key]) => type.secrets.includes(key)));
    const config = Object.fromEntries(entries.filter(([key]) => !type.secrets.includes(key)));
    const sealed = Object.keys(secret).length === 0 ? null : await secrets.seal(JSON.stringify(secret), about(name));
    return { config: JSON.stringify(config), sealed };
  };
  const one = async (on: Queryable, name: string): Promise<ChannelRecord | undefined> =>
    (await on.query<ChannelRecord>(sql`select ${COLUMNS} from muster.channels c where c.name = ${name}`)).rows[0];

  return {
    async list({ after, limit }) {
      const { rows } = await database.query<ChannelRecord>(sql`
        select ${COLUMNS} from muster.channels c where c.name > ${after ?? ''} order by c.name limit ${limit}`);
      return rows;
    },

    get: (name) => one(database, name),

    async add({ createdBy, enabled = true, name, settings, type }) {
      const { config, sealed } = await split(name, type, settings);
      const { rows } = await database.query<ChannelRecord>(sql`
        insert into muster.channels as c (name, type, config, secrets, enabled, created_by)
        values (${name}, ${type.type}, ${config}::jsonb, ${sealed}, ${enabled}, ${createdBy})
        on conflict (name) do nothing
        returning ${COLUMNS}`);
      if (rows[0] === undefined)
        throw new MusterError('CONFLICT', `there is a channel "${name}" already`, { remedy: 'Change it, or choose another name.' });
      return rows[0];
    },

    async change(record, { enabled, settings, type }) {
      const { config, sealed } = await split(record.name, type, settings);
      const { rows } = await database.query<ChannelRecord>(sql`
        with changed as (
          update muster.channels set config = ${config}::jsonb, secrets = ${sealed}, enabled = ${enabled},
            updated_at = clock_timestamp(), revision = revision + 1, breaker = 'closed', open_until = null, failures = 0, failing_since = null
          where name = ${record.name} and revision = ${record.revision}
          returning *),
        released as (
          update muster.notifications set next_attempt_at = clock_timestamp()
          where channel = ${record.name} and state = 'pending' and exists (select from changed))
        select ${COLUMNS} from changed c`);
      if (rows[0] === undefined) throw new MusterError('PRECONDITION_FAILED', `channel "${record.name}" was changed or removed meanwhile`);
      return rows[0];
    },

    async remove(name) {
      const { count } = await database.query(sql`
        with removed as (delete from muster.channels where name = ${name} returning name),
        cancelled as (
          update muster.notifications set state = 'cancelled', finished_at = clock_timestamp(), last_error = 'the channel was removed'
          where channel = ${name} and state in ('pending', 'sending') and exists (select from removed))
        select name from removed`);
      return count > 0;
    },

    async open({ config, name, sealed }) {
      if (sealed === null) return config;
      const opened: unknown = JSON.parse(await secrets.open(sealed, about(name)));
      return { ...config, ...(opened as Settings) };
    },
  };
}

const about = (name: string): string => `channel ${name}`;

/** The kind of a channel. Throws INVALID_INPUT where this program does not know it: another version made it. */
export function requireType(type: string): AnyChannelType {
  const found = channelType(type);
  if (found === undefined) throw new MusterError('INVALID_INPUT', `channels of type "${type}" are not known here`);
  return found;
}
