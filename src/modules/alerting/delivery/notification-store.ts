import { MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import { raw, sql } from '../../../db/sql.ts';
import { CURSOR_PART, decodeCursor, encodeCursor } from '../../../state/rows.ts';
import type { Level, NotificationDocument, NotificationKind } from './notification.ts';

export const NOTIFICATION_STATES = ['pending', 'sending', 'delivered', 'failed', 'cancelled'] as const;
export type NotificationState = (typeof NOTIFICATION_STATES)[number];

export interface AttemptRecord {
  readonly attempt: number;
  readonly agent_id: string;
  readonly epoch: number;
  readonly started_at: number;
  readonly finished_at: number | null;
  readonly outcome: string | null;
  readonly status: number | null;
  readonly duration_ms: number | null;
  readonly error: string | null;
}

export interface NotificationRecord {
  readonly notification_id: string;
  readonly channel: string;
  readonly alert_id: string | null;
  readonly incident_id: string | null;
  readonly seq: number;
  readonly step: number;
  readonly kind: NotificationKind;
  readonly level: Level;
  readonly document: NotificationDocument;
  readonly state: NotificationState;
  readonly attempts: number;
  /** Times are milliseconds since 1970. */
  readonly next_attempt_at: number | null;
  readonly delivered_with: string | null;
  readonly last_error: string | null;
  readonly created_at: number;
  readonly finished_at: number | null;
  /** Oldest first; the last 20. */
  readonly ledger: readonly AttemptRecord[];
}

export interface NotificationFilter {
  readonly state?: NotificationState | undefined;
  readonly channel?: string | undefined;
  readonly alertId?: string | undefined;
}

export interface NotificationStore {
  get(id: string): Promise<NotificationRecord | undefined>;
  /** Newest first. Throws BAD_CURSOR. */
  list(
    filter: NotificationFilter,
    page: { readonly limit: number; readonly cursor?: string | undefined },
  ): Promise<{ readonly items: readonly NotificationRecord[]; readonly nextCursor: string | null }>;
  /** Makes it due now, also one that was given up. Throws CONFLICT where it is delivered, cancelled or under way. */
  retry(id: string): Promise<NotificationRecord>;
}

const ms = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`;

const COLUMNS = raw(`n.notification_id, n.channel, n.alert_id, n.incident_id, n.seq::float8 as seq, n.step, n.kind, n.level,
  n.payload as document, n.state, n.attempts, case when n.state = 'pending' then ${ms('n.next_attempt_at')} end as next_attempt_at,
  n.delivered_with, n.last_error, ${ms('n.created_at')} as created_at, ${ms('n.finished_at')} as finished_at,
  n.created_at::text as place,
  (select coalesce(jsonb_agg(to_jsonb(l) order by l.attempt), '[]') from (
     select a.attempt, a.agent_id, a.epoch, ${ms('a.started_at')} as started_at, ${ms('a.finished_at')} as finished_at, a.outcome, a.status,
       a.duration_ms, a.error
     from muster.notification_attempts a where a.notification_id = n.notification_id order by a.attempt desc limit 20) l) as ledger`);

type Row = NotificationRecord & { readonly place: string };

export function createNotificationStore(database: Database): NotificationStore {
  const get = (id: string): Promise<NotificationRecord | undefined> =>
    database.one<Row>(sql`select ${COLUMNS} from muster.notifications n where n.notification_id = ${id}`);
  return {
    get,

    async list(filter, { cursor, limit }) {
      const [at, id] = cursor === undefined ? [null, null] : decodeCursor(cursor, [CURSOR_PART.timestamp, CURSOR_PART.uuid]);
      const { rows } = await database.query<Row>(sql`
        select ${COLUMNS} from muster.notifications n
        where (${filter.state ?? null}::text is null or n.state = ${filter.state ?? null})
          and (${filter.channel ?? null}::text is null or n.channel = ${filter.channel ?? null})
          and (${filter.alertId ?? null}::uuid is null or n.alert_id = ${filter.alertId ?? null})
          and (${at}::timestamptz is null or (n.created_at, n.notification_id) < (${at}::timestamptz, ${id}::uuid))
        order by n.created_at desc, n.notification_id desc
        limit ${limit + 1}`);
      const items = rows.slice(0, limit);
      const last = items.at(-1);
      return { items, nextCursor: rows.length > limit && last !== undefined ? encodeCursor([last.place, last.notification_id]) : null };
    },

    async retry(id) {
      const { count } = await database.query(sql`
        update muster.notifications set state = 'pending', next_attempt_at = clock_timestamp(), finished_at = null
        where notification_id = ${id} and state in ('pending', 'failed')`);
      const found = await get(id);
      if (found === undefined) throw new MusterError('NOT_FOUND', `notification ${id} does not exist`);
      if (count === 0)
        throw new MusterError('CONFLICT', `notification ${id} is ${found.state}`, {
          remedy: 'Only one that waits or was given up can be tried again.',
        });
      return found;
    },
  };
}
