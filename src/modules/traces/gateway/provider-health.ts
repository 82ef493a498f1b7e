import { messageOf } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Database, Queryable } from '../../../db/database.ts';
import { raw, sql } from '../../../db/sql.ts';
import { FAILURE_REASONS, type Ended, type FailureReason } from './failure.ts';

/** What was seen of a provider in a while. Times in milliseconds since 1970. */
export interface Sight {
  readonly counts: Readonly<Record<FailureReason, number>>;
  /** Failures after the last answer. */
  readonly streak: number;
  /** The first of them. */
  readonly since: number | null;
  readonly failedAt: number | null;
  readonly reason: FailureReason | null;
  readonly said: string | null;
  readonly answeredAt: number | null;
}

const NOTHING_SEEN: Sight = {
  counts: { key_refused: 0, over_limit: 0, failed: 0 },
  streak: 0,
  since: null,
  failedAt: null,
  reason: null,
  said: null,
  answeredAt: null,
};

export function seen(before: Sight | undefined, ended: Ended, at: number): Sight {
  const sight = before ?? NOTHING_SEEN;
  if (ended.ok) return { ...sight, streak: 0, since: null, answeredAt: at };
  const { reason, said } = ended;
  const counts = { ...sight.counts, [reason]: sight.counts[reason] + 1 };
  return { ...sight, counts, streak: sight.streak + 1, since: sight.since ?? at, failedAt: at, reason, said };
}

/** A failure is told soon, that all is well when there is time. */
const FAILURE_AFTER_MS = 1_000;
const ANSWER_AFTER_MS = 15_000;

/** Gathers how requests to providers end, for all servers together. While nothing is asked there is no timer, and nothing is written. */
export class ProviderHealth {
  readonly #db: Database;
  readonly #log: Logger;
  #sights = new Map<string, Sight>();
  #timer: { readonly due: number; readonly handle: NodeJS.Timeout } | undefined;
  #telling: Promise<void> = Promise.resolve();

  constructor({ database, log }: { readonly database: Database; readonly log: Logger }) {
    this.#db = database;
    this.#log = log;
  }

  note(provider: string, ended: Ended): void {
    this.#sights.set(provider, seen(this.#sights.get(provider), ended, Date.now()));
    this.#tellWithin(ended.ok ? ANSWER_AFTER_MS : FAILURE_AFTER_MS);
  }

  /** Writes down what was seen. What cannot be written now is forgotten: there is more to see. */
  tell(): Promise<void> {
    this.#telling = this.#telling.then(() => this.#write());
    return this.#telling;
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer?.handle);
    await this.tell();
  }

  #tellWithin(ms: number): void {
    const due = performance.now() + ms;
    if (this.#timer !== undefined && this.#timer.due <= due) return;
    clearTimeout(this.#timer?.handle);
    const handle = setTimeout(() => void this.tell(), ms);
    handle.unref();
    this.#timer = { due, handle };
  }

  async #write(): Promise<void> {
    this.#timer = undefined;
    const sights = this.#sights;
    this.#sights = new Map();
    if (sights.size === 0) return;
    try {
      await writeSights(this.#db, sights);
    } catch (error) {
      this.#log.warn({ error: messageOf(error), providers: sights.size }, 'how providers fare cannot be written down now');
    }
  }
}

const timeAgo = (column: string) => raw(`clock_timestamp() - make_interval(secs => ${column})`);
/** Whether what is told was seen since the provider became what it is. */
const OF_NOW = raw('(h.anew_at is null or excluded.failed_at > h.anew_at)');

/**
 * Adds to what all servers have seen. In one order, so that two who write never wait for each other in a circle; and how long ago instead of
 * when, so that only the database's clock counts.
 */
export async function writeSights(db: Queryable, sights: ReadonlyMap<string, Sight>, now = Date.now()): Promise<void> {
  const all = [...sights].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const column = <T>(of: (sight: Sight) => T): readonly T[] => all.map(([, sight]) => of(sight));
  const ago = (of: (sight: Sight) => number | null): readonly (number | null)[] =>
    column(of).map((at) => (at === null ? null : Math.max(0, now - at) / 1_000));
  await db.query(sql`
    insert into muster.gateway_provider_health as h
      (name, key_refused, over_limit, failed, streak, since, failed_at, reason, said, answered_at)
    select s.name, s.key_refused, s.over_limit, s.failed, s.streak, ${timeAgo('s.since')}, ${timeAgo('s.failed_at')}, s.reason, s.said, ${timeAgo('s.answered_at')}
    from unnest(${all.map(([name]) => name)}::text[],
        ${column(({ counts }) => counts.key_refused)}::bigint[], ${column(({ counts }) => counts.over_limit)}::bigint[],
        ${column(({ counts }) => counts.failed)}::bigint[], ${column(({ streak }) => streak)}::bigint[],
        ${ago(({ since }) => since)}::float8[], ${ago(({ failedAt }) => failedAt)}::float8[],
        ${column(({ reason }) => reason)}::text[], ${column(({ said }) => said?.replaceAll('\u0000', '') ?? null)}::text[],
        ${ago(({ answeredAt }) => answeredAt)}::float8[])
      as s(name, key_refused, over_limit, failed, streak, since, failed_at, reason, said, answered_at)
    where exists (select from muster.gateway_providers p where p.name = s.name)
    on conflict (name) do update set
      key_refused = h.key_refused + excluded.key_refused, over_limit = h.over_limit + excluded.over_limit, failed = h.failed + excluded.failed,
      streak = case when excluded.answered_at is null then h.streak else 0 end + case when ${OF_NOW} then excluded.streak else 0 end,
      since = coalesce(case when excluded.answered_at is null then h.since end, case when ${OF_NOW} then greatest(excluded.since, h.anew_at) end),
      failed_at = coalesce(excluded.failed_at, h.failed_at), reason = coalesce(excluded.reason, h.reason),
      said = coalesce(excluded.said, h.said),
      answered_at = case when h.anew_at is null or excluded.answered_at > h.anew_at then coalesce(excluded.answered_at, h.answered_at) else h.answered_at end`);
}

/** Writes down how one request ended, at once. */
export const writeEnded = (db: Queryable, provider: string, ended: Ended): Promise<void> =>
  writeSights(db, new Map([[provider, seen(undefined, ended, Date.now())]]));

/** It is another now: what was seen of it before says nothing of what comes. */
export async function beginAnew(db: Queryable, provider: string): Promise<void> {
  await db.query(sql`
    insert into muster.gateway_provider_health as h (name, key_refused, over_limit, failed, streak, anew_at)
    select name, 0, 0, 0, 0, clock_timestamp() from muster.gateway_providers where name = ${provider}
    on conflict (name) do update set streak = 0, since = null, answered_at = null, anew_at = excluded.anew_at`);
}

export interface HealthRecord extends Sight {
  readonly name: string;
  readonly enabled: boolean;
}

const ms = (column: string) => raw(`(extract(epoch from ${column}) * 1000)::float8`);

/** How providers fare, by their names: those of which something was seen. */
export async function readHealth(db: Queryable): Promise<ReadonlyMap<string, HealthRecord>> {
  const { rows } = await db.query<HealthRecord>(sql`
    select h.name, p.enabled, jsonb_build_object('key_refused', h.key_refused, 'over_limit', h.over_limit, 'failed', h.failed) as counts,
      h.streak::float8 as streak, ${ms('h.since')} as since, ${ms('h.failed_at')} as "failedAt", h.reason, h.said, ${ms('h.answered_at')} as "answeredAt"
    from muster.gateway_provider_health h join muster.gateway_providers p using (name) order by h.name`);
  return new Map(rows.map((row) => [row.name, row]));
}

/**
 * Seconds for which nothing but failures came of a provider, by the reason of the last. A broken one is known to be broken from the first to
 * the last failure: that nobody asks makes it no worse. A key that is refused stays refused until somebody mends it.
 */
export function failingSeconds({ enabled, failedAt, reason, since }: HealthRecord, now: number): Readonly<Record<FailureReason, number>> {
  const until = reason === 'key_refused' ? now : (failedAt ?? now);
  const seconds = !enabled || since === null ? 0 : Math.max(0, until - since) / 1_000;
  return Object.fromEntries(FAILURE_REASONS.map((each) => [each, each === reason ? seconds : 0])) as Record<FailureReason, number>;
}
