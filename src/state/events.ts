import { MusterError } from '../base/errors.ts';
import { agentId, epoch, hostId, type AgentId, type Epoch, type HostId } from '../base/ids.ts';
import type { Database } from '../db/database.ts';
import { raw, sql, type Sql } from '../db/sql.ts';
import { fenced } from './fence.ts';
import { CURSOR_PART, decodeCursor, encodeCursor, requireRow } from './rows.ts';

export type EventType = `${string}:${string}`;

export interface NewEvent {
  readonly type: EventType;
  readonly agentId?: AgentId | undefined;
  readonly hostId?: HostId | undefined;
  readonly epoch?: Epoch | undefined;
  /** One more than the event it answers; 0, the default, for one that answers none. */
  readonly hops?: number | undefined;
  readonly data?: Readonly<Record<string, unknown>> | undefined;
}

export interface EventRecord {
  /** Decimal digits. */
  readonly id: string;
  readonly ts: number;
  readonly type: EventType;
  readonly agentId: AgentId | null;
  readonly hostId: HostId | null;
  readonly epoch: Epoch | null;
  /** How many runs on events lie between this event and one that answers none. */
  readonly hops: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An opaque place in the stream. */
export type EventCursor = string;

export interface StreamedEvent extends EventRecord {
  /** The place right after this event: resume here and nothing is skipped or repeated. */
  readonly cursor: EventCursor;
  /** The transaction that wrote it. */
  readonly tx: string;
}

export interface Events {
  /** In nobody's name but the caller's: servers, operators, hosts about themselves. */
  append(events: readonly NewEvent[]): Promise<void>;
  /** In agents' names: those of agents this host no longer holds at their epoch are refused, and counted. */
  appendFenced(
    host: HostId,
    events: readonly (NewEvent & { readonly agentId: AgentId; readonly epoch: Epoch })[],
  ): Promise<{ readonly refused: number }>;
  /**
   * Events committed since `cursor`, and the place after them. Without a cursor: nothing, and the present. Identities commit
   * out of order, so a place is not a number but a snapshot: what it had not seen comes next, oldest transaction first.
   * `upTo`: no further than this place, which was taken later and lies behind no page. Throws BAD_CURSOR.
   */
  since(
    cursor: EventCursor | undefined,
    limit: number,
    upTo?: EventCursor,
  ): Promise<{ readonly items: readonly StreamedEvent[]; readonly cursor: EventCursor }>;
  /** History, newest first; `before`: the id of the last one seen. */
  list(
    filter: { readonly type?: string; readonly agentId?: AgentId; readonly from?: number; readonly to?: number },
    page: { readonly limit: number; readonly before?: string },
  ): Promise<readonly EventRecord[]>;
}

interface EventRow {
  readonly id: string;
  readonly tx: string;
  readonly ts: number;
  readonly type: EventType;
  readonly agent_id: string | null;
  readonly host_id: string | null;
  readonly epoch: number | null;
  readonly hops: number;
  readonly data: Record<string, unknown>;
}

const EVENT_COLUMNS =
  raw(`e.id::text as id, e.tx::text as tx, (extract(epoch from e.ts) * 1000)::float8 as ts, e.type, e.agent_id, e.host_id,
  e.epoch::float8 as epoch, e.hops, e.data`);

/**
 * A place in the stream. Everything visible in `seen` is behind it. Within a page, `page` is the snapshot the page was read
 * in, and what is visible in it up to (tx, id) is behind it too.
 */
interface Place {
  readonly seen: string;
  readonly page: string;
  readonly tx: string;
  readonly id: string;
}

const encodePlace = (place: Place): EventCursor => encodeCursor([place.seen, place.page, place.tx, place.id]);

function decodePlace(cursor: EventCursor): Place {
  const [seen, page, tx, id] = decodeCursor(cursor, [CURSOR_PART.snapshot, CURSOR_PART.snapshot, CURSOR_PART.integer, CURSOR_PART.integer]);
  return { seen, page, tx, id };
}

/** Whether a reader at this place has this event behind it. */
export function liesBehind(cursor: EventCursor, event: StreamedEvent): boolean {
  const place = decodePlace(cursor);
  if (isVisible(event.tx, place.seen)) return true;
  if (place.page === place.seen || !isVisible(event.tx, place.page)) return false;
  const [tx, id] = [BigInt(event.tx), BigInt(event.id)];
  return tx < BigInt(place.tx) || (tx === BigInt(place.tx) && id <= BigInt(place.id));
}

/** As pg_visible_in_snapshot: `xmin:xmax:` and those between them that were still under way. */
function isVisible(tx: string, snapshot: string): boolean {
  const [xmin = '0', xmax = '0', underWay = ''] = snapshot.split(':');
  const id = BigInt(tx);
  return id < BigInt(xmin) || (id < BigInt(xmax) && !underWay.split(',').includes(tx));
}

export function createEvents(database: Database, appended: () => void): Events {
  return {
    async append(events) {
      if (events.length === 0) return;
      await database.query(insertEvents(sql`select * from ${eventRows(events)}`));
      appended();
    },

    async appendFenced(host, events) {
      if (events.length === 0) return { refused: 0 };
      const { count } = await fenced(database, host, [], (tx) =>
        tx.query(
          insertEvents(sql`select r.* from ${eventRows(events)}
            join muster.agent_leases l on l.agent_id = r.agent_id and l.host_id = ${host} and l.epoch = r.epoch`),
        ),
      );
      appended();
      return { refused: events.length - count };
    },

    async since(cursor, limit, upTo) {
      if (cursor === undefined) {
        const row = await database.one<{ now: string }>(sql`select pg_current_snapshot()::text as now`);
        const now = requireRow(row, 'the present snapshot').now;
        return { items: [], cursor: encodePlace({ seen: now, page: now, tx: '0', id: '0' }) };
      }
      return readSince(database, decodePlace(cursor), limit, upTo === undefined ? undefined : decodePlace(upTo).seen);
    },

    async list(filter, page) {
      const { rows } = await database.query<EventRow>(sql`
        select ${EVENT_COLUMNS} from muster.events e
        where (${filter.type ?? null}::text is null or e.type = ${filter.type ?? null})
          and (${filter.agentId ?? null}::text is null or e.agent_id = ${filter.agentId ?? null})
          and e.ts >= to_timestamp(${(filter.from ?? 0) / 1000}::float8)
          and (${filter.to ?? null}::float8 is null or e.ts < to_timestamp(${filter.to ?? null}::float8 / 1000))
          and (${page.before ?? null}::bigint is null or e.id < ${page.before ?? null}::bigint)
        order by e.id desc limit ${page.limit}`);
      return rows.map(toEvent);
    },
  };
}

async function readSince(database: Database, from: Place, limit: number, upTo?: string): ReturnType<Events['since']> {
  if (from.seen === upTo) return { items: [], cursor: encodePlace(from) };
  // What a snapshot that was taken later had seen is a page, too.
  const place = upTo === undefined || from.page !== from.seen ? from : { seen: from.seen, page: upTo, tx: '0', id: '0' };
  // The condition on tx is implied and only bounds the index scan. Visibility in the present snapshot keeps out rows whose
  // transaction ids come from another cluster (a logical restore). A page that is being continued ends where it began.
  const paging = place.page !== place.seen;
  const { rows } = await database.query<EventRow & { now: string; ahead: boolean }>(sql`
    select ${EVENT_COLUMNS}, pg_current_snapshot()::text as now,
      pg_snapshot_xmax(${place.seen}::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot()) as ahead
    from (select) as always
    left join muster.events e
      on e.tx >= pg_snapshot_xmin(${place.seen}::pg_snapshot)
      and not pg_visible_in_snapshot(e.tx, ${place.seen}::pg_snapshot)
      and pg_visible_in_snapshot(e.tx, pg_current_snapshot())
      and (${!paging} or (pg_visible_in_snapshot(e.tx, ${place.page}::pg_snapshot) and (e.tx, e.id) > (${place.tx}::xid8, ${place.id}::bigint)))
    order by e.tx, e.id
    limit ${limit}`);
  // Of a database that was replaced or restored to an earlier time: nothing would come for a long while, and then too little.
  if (rows[0]?.ahead === true)
    throw new MusterError('BAD_CURSOR', 'this place in the stream lies ahead of the database: it is not the one it was');
  const page = paging ? place.page : (rows[0]?.now ?? place.seen);
  const found = rows.filter((row) => row.id !== null);
  const items = found.map((row) => ({
    ...toEvent(row),
    tx: row.tx,
    cursor: encodePlace({ seen: place.seen, page, tx: row.tx, id: row.id }),
  }));
  const last = items.at(-1);
  if (found.length === limit && last !== undefined) return { items, cursor: last.cursor };
  const next: Place = { seen: page, page, tx: '0', id: '0' };
  if (!paging) return { items, cursor: encodePlace(next) };
  // The page that was begun earlier is at its end: go on with what came after it.
  const rest = await readSince(database, next, limit - found.length, upTo);
  return { items: [...items, ...rest.items], cursor: rest.cursor };
}

function toEvent(row: EventRow): EventRecord {
  return {
    id: row.id,
    ts: row.ts,
    type: row.type,
    agentId: row.agent_id === null ? null : agentId(row.agent_id),
    hostId: row.host_id === null ? null : hostId(row.host_id),
    epoch: row.epoch === null ? null : epoch(row.epoch),
    hops: row.hops,
    data: row.data,
  };
}

const insertEvents = (rows: Sql): Sql => sql`insert into muster.events (type, agent_id, host_id, epoch, data, hops) ${rows}`;

function eventRows(events: readonly NewEvent[]): Sql {
  const rows = events.map((e) => ({
    type: e.type,
    agent_id: e.agentId,
    host_id: e.hostId,
    epoch: e.epoch,
    data: e.data ?? {},
    hops: e.hops ?? 0,
  }));
  return sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r (type text, agent_id text, host_id uuid, epoch bigint, data jsonb, hops smallint)`;
}
