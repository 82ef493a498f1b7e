import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock } from '../../../../base/clock.ts';
import { formatDuration } from '../../../../base/duration.ts';
import { isMusterError, messageOf, MusterError } from '../../../../base/errors.ts';
import type { Logger } from '../../../../base/logger.ts';
import type { Service } from '../../../../base/service.ts';
import type { Wake } from '../../../../base/wake.ts';
import { sql } from '../../../../db/sql.ts';
import type { Outbound } from '../../../../outbound/index.ts';
import type { SharedState } from '../../../../state/shared-state.ts';
import { decide } from '../decision.ts';
import { AWAY_RULE, type NotificationDocument } from '../notification.ts';
import { outcomeOfError, type Outcome } from '../outcome.ts';
import { incidentKey, placeOf, TELL_AFTER_MS, tellsNow } from './decision.ts';
import { readKnowledge, type FleetKnowledge, type KnownChannel } from './fleet-knowledge.ts';
import { reconcile } from './reconcile.ts';
import type { Spool } from './spool.ts';

export interface AwayAlarmOptions {
  readonly state: Pick<SharedState, 'database' | 'secrets' | 'events'>;
  readonly outbound: Outbound;
  readonly wake: Wake;
  readonly clock: Clock;
  readonly log: Logger;
  readonly spool: Spool;
  /** The host of this process; undefined until it has joined. */
  readonly host: () => string | undefined;
  /** Aborts when the database will not come back and this process ends for that: then it is told without waiting. */
  readonly lost?: AbortSignal | undefined;
}

/** How often the database is asked whether it is there. */
const ASK_MS = 2_000;
/** What has to be known beforehand is at most so old. */
const REFRESH_MS = 30_000;
const ATTEMPT_MS = 10_000;
/** A server that comes up and falls again is away all the while: it is back when it has answered for so long. */
const STEADY_MS = 5_000;
/** A process that ends because its database is lost goes on for so long, to tell it. */
const LAST_WORDS_MS = 12_000;
const LAST_WORDS_LOOK_MS = 50;

/** One incident, while it lasts. */
interface Incident {
  readonly id: string;
  /** By the clock of this machine. */
  readonly since: number;
  readonly sinceMonotonic: number;
  readonly reason: string;
  readonly telling: Map<string, Telling>;
  /** Since when the database answers again; undefined: it does not. */
  answersSince: number | undefined;
}

interface Telling {
  attempts: number;
  dueAt: number;
  underway: boolean;
  over: boolean;
}

/**
 * Tells people that the database itself is away: the one thing that no message of the outbox can tell. Knows the channels beforehand, writes to
 * the disk what it tells, and puts it into the outbox's ledger once the database is back.
 */
export class AwayAlarm implements Service {
  readonly #options: AwayAlarmOptions;
  readonly #over = new AbortController();
  readonly #attempts = new Set<Promise<void>>();
  #knowledge: FleetKnowledge | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #incident: Incident | undefined;
  /** Something lies in the spool, of this life or the one before. */
  #spooled = true;
  #watching: Promise<void> = Promise.resolve();

  constructor(options: AwayAlarmOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    this.#watching = this.#watch();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    if (this.#options.lost?.aborted === true) await this.#lastWords();
    this.#over.abort(new MusterError('SHUTTING_DOWN', 'the host stops'));
    await this.#watching;
    await Promise.all(this.#attempts);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #watch(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#over.signal.aborted) {
      try {
        await this.#ask();
        await this.#back();
      } catch (error) {
        if (isAway(error)) this.#away(error);
        else this.#options.log.warn({ err: error }, `the watch over the database failed: ${messageOf(error)}`);
      }
      // Only the end ends it early.
      await clock.sleep(ASK_MS, this.#over.signal).catch(() => undefined);
    }
  }

  async #ask(): Promise<void> {
    const { clock, state } = this.#options;
    const now = clock.monotonic();
    if (this.#knowledge !== undefined && now - this.#readAt < REFRESH_MS) {
      // By the connections that are kept for heartbeats: a pool that is full is not a database that is away.
      const row = await state.database.one<{ at: number }>(sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as at`, {
        pool: 'heartbeat',
      });
      this.#knowledge = { ...this.#knowledge, heardAt: row?.at ?? this.#knowledge.heardAt };
      return;
    }
    this.#knowledge = await readKnowledge(state.database, state.secrets);
    this.#readAt = now;
  }

  /** The database answers: what was told goes into its ledger, and people hear that it is back. */
  async #back(): Promise<void> {
    const { clock, log, spool, state, wake } = this.#options;
    const incident = this.#incident;
    if (incident !== undefined) {
      incident.answersSince ??= clock.monotonic();
      if (clock.monotonic() - incident.answersSince < STEADY_MS) return;
      this.#incident = undefined;
      this.#readAt = Number.NEGATIVE_INFINITY;
      // Another process that shares the folder may have told it, and be gone.
      this.#spooled = true;
    }
    if (!this.#spooled) return;
    await Promise.all(this.#attempts);
    const content = await spool.read();
    const { entries } = content;
    if (entries.length > 0) {
      const awayFor = incident === undefined ? undefined : formatDuration((incident.answersSince ?? 0) - incident.sinceMonotonic);
      await reconcile(state, entries, { host: hostname(), awayFor });
      wake.hint('notifications');
      log.info({ messages: entries.length }, 'what was told while the database was away is in its ledger now');
    }
    await spool.clear(content);
    this.#spooled = content.others > 0;
  }

  #away(error: unknown): void {
    const { clock, log } = this.#options;
    const knowledge = this.#knowledge;
    if (knowledge === undefined) return;
    if (this.#incident === undefined) {
      const key = incidentKey(knowledge.fleet, knowledge.heardAt);
      this.#incident = {
        id: uuidOf(key),
        since: clock.now(),
        sinceMonotonic: clock.monotonic(),
        reason: messageOf(this.#options.lost?.reason ?? error).replace(/\.$/, ''),
        telling: new Map(),
        answersSince: undefined,
      };
    }
    const incident = this.#incident;
    incident.answersSince = undefined;
    const awayForMs = this.#options.lost?.aborted === true ? TELL_AFTER_MS : clock.monotonic() - incident.sinceMonotonic;
    if (!tellsNow({ awayForMs, place: placeOf(this.#options.host(), knowledge.hosts) })) return;
    if (incident.telling.size === 0) log.error({ reason: incident.reason }, 'the database is away: people are told');
    for (const channel of knowledge.channels) {
      const telling = incident.telling.get(channel.name) ?? { attempts: 0, dueAt: 0, underway: false, over: false };
      incident.telling.set(channel.name, telling);
      if (telling.over || telling.underway || clock.monotonic() < telling.dueAt) continue;
      this.#track(this.#tell(channel, incident, telling));
    }
  }

  /** The process ends, and the database with it: the watch goes on until what has to be told is told. */
  async #lastWords(): Promise<void> {
    const { clock } = this.#options;
    const endsAt = clock.monotonic() + LAST_WORDS_MS;
    while (clock.monotonic() < endsAt && !this.#hasTold()) await clock.sleep(LAST_WORDS_LOOK_MS);
  }

  #hasTold(): boolean {
    const { channels = [], hosts = [] } = this.#knowledge ?? {};
    if (!tellsNow({ awayForMs: TELL_AFTER_MS, place: placeOf(this.#options.host(), hosts) })) return true;
    return channels.every(({ name }) => this.#incident?.telling.get(name)?.over === true);
  }

  /** Remembers an attempt under way until it ends, so that the end of this waits for it. */
  #track(attempt: Promise<void>): void {
    this.#attempts.add(attempt);
    void attempt.finally(() => this.#attempts.delete(attempt));
  }

  async #tell(channel: KnownChannel, incident: Incident, telling: Telling): Promise<void> {
    const { clock, log, spool } = this.#options;
    telling.underway = true;
    telling.attempts += 1;
    const document = this.#documentOf(incident);
    const entry = {
      id: uuidOf(`${incident.id} ${channel.name}`),
      incident: incident.id,
      channel: channel.name,
      level: 'emergency',
      document,
      attempt: telling.attempts,
      at: clock.now(),
      outcome: null,
      status: null,
      error: null,
    } as const;
    try {
      this.#spooled = true;
      if (await spool.isDelivered(entry.id)) {
        telling.over = true;
        return;
      }
      await spool.append(entry);
      const outcome = await this.#send(channel, incident, entry.id, document, telling.attempts);
      await spool.append({
        ...entry,
        outcome: outcome.kind,
        status: outcome.status ?? null,
        error: outcome.kind === 'delivered' ? null : outcome.reason,
      });
      const ageMs = clock.monotonic() - incident.sinceMonotonic;
      const verdict = decide({ outcome, attempts: telling.attempts, level: 'emergency', ageMs }, Math.random());
      telling.over = verdict.state !== 'pending';
      if (verdict.state === 'pending') telling.dueAt = clock.monotonic() + verdict.inMs;
    } catch (error) {
      // The disk: then it is told all the same, with the next attempt.
      log.error({ err: error, channel: channel.name }, `that the database is away could not be written down: ${messageOf(error)}`);
      telling.dueAt = clock.monotonic() + ATTEMPT_MS;
    } finally {
      telling.underway = false;
    }
  }

  async #send(channel: KnownChannel, incident: Incident, id: string, document: NotificationDocument, attempt: number): Promise<Outcome> {
    const { clock, outbound } = this.#options;
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(new MusterError('OUTBOUND_TIMEOUT', `no answer within ${ATTEMPT_MS / 1_000} s`)), ATTEMPT_MS);
    const end = (): void => over.abort(this.#over.signal.reason);
    if (this.#over.signal.aborted) end();
    this.#over.signal.addEventListener('abort', end, { once: true });
    const { since } = incident;
    const message = { id, kind: 'firing', level: 'emergency', document, alertId: incident.id, incidentId: null, seq: 1, step: 0 } as const;
    try {
      return await channel.type.send({
        message: { ...message, createdAt: since, sentAt: clock.now(), attempt, earlier: [] },
        settings: channel.settings as never,
        outbound,
        signal: over.signal,
      });
    } catch (error) {
      return outcomeOfError(error);
    } finally {
      clearTimeout(timer);
      this.#over.signal.removeEventListener('abort', end);
    }
  }

  #documentOf({ id, reason, since }: Incident): NotificationDocument {
    const at = new Date(since).toISOString();
    return {
      title: 'The database of Muster cannot be reached',
      text: [
        `Host ${hostname()} has had no answer since ${at}: ${reason}.`,
        'Agents end when their leases run out, nothing is measured, and no other alert can be told until it is back.',
      ].join('\n'),
      alert: {
        id,
        dedup_key: `${AWAY_RULE}:${id}`,
        rule: AWAY_RULE,
        target: 'database',
        labels: { seen_by: hostname() },
        state: 'firing',
        level: 'emergency',
        value: null,
        threshold: null,
        started_at: at,
        detected_at: at,
        resolved_at: null,
      },
    };
  }
}

/** Nobody there, or nobody who lets us in. That it is busy is not that. */
const isAway = (error: unknown): boolean =>
  isMusterError(error) && error.code.startsWith('DATABASE_') && error.code !== 'DATABASE_BUSY' && error.code !== 'DATABASE_RIGHTS';

/** The same text gives the same UUID, on every host. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
