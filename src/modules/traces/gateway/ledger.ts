import { messageOf } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Database } from '../../../db/database.ts';
import { failureOf } from '../../../db/failure.ts';
import { sql } from '../../../db/sql.ts';
import type { AnswerStore } from './answer-store.ts';
import type { Face } from './face.ts';
import type { Outcome, Reckoning } from './reckoning.ts';

/** One request, as it is accounted for. */
export interface Entry extends Reckoning {
  readonly runId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly keyId: string | null;
  readonly project: string;
  readonly face: Face;
  readonly provider: string | undefined;
  readonly model: string;
  readonly outcome: Outcome;
  readonly status: number | undefined;
}

const MOST_WAITING = 50_000;
const MOST_BATCH = 500;
const EVERY_MS = 200;
const MOST_PAUSE_MS = 10_000;
const PRUNE_EVERY_MS = 60_000;
/** Rows of requests are kept for so many days: a budget looks back a month, a report a year. */
const KEPT_DAYS = 400;

/** Accounts for requests, a few hundred at a time and behind their backs. What a database that is away does not take waits, within bounds. */
export class Ledger {
  readonly #db: Database;
  readonly #answers: AnswerStore;
  readonly #log: Logger;
  #waiting: Entry[] = [];
  #uses = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #pauseMs = EVERY_MS;
  #prunedAt = Number.NEGATIVE_INFINITY;
  #lost = 0;

  constructor({ answers, database, log }: { readonly database: Database; readonly answers: AnswerStore; readonly log: Logger }) {
    this.#db = database;
    this.#answers = answers;
    this.#log = log;
  }

  get lost(): number {
    return this.#lost;
  }

  /** What a key has spent and is not in the database yet, USD. */
  unwritten(keyId: string): number {
    let sum = 0;
    for (const { cost, keyId: by } of this.#waiting) if ((by ?? '') === keyId) sum += Number(cost ?? 0);
    return sum;
  }

  add(entry: Entry): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#lost += 1;
      if (this.#lost % 1_000 === 1)
        this.#log.error({ lost: this.#lost }, 'requests to the gateway are not accounted for: too many wait for the database');
      return;
    }
    this.#waiting.push(entry);
    this.#plan();
  }

  used(answer: Buffer): void {
    const key = answer.toString('base64');
    this.#uses.set(key, (this.#uses.get(key) ?? 0) + 1);
    this.#plan();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#writing;
    while (this.#waiting.length > 0 || this.#uses.size > 0) if (!(await this.#write())) break;
    clearTimeout(this.#timer);
  }

  #plan(): void {
    if (this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#write().then(() => {
        this.#writing = undefined;
        if (this.#waiting.length > 0 || this.#uses.size > 0) this.#plan();
      });
    }, this.#pauseMs);
  }

  /** Whether it could be written. */
  async #write(): Promise<boolean> {
    try {
      await this.#account(this.#waiting.slice(0, MOST_BATCH));
      const uses = this.#uses;
      this.#uses = new Map();
      if (uses.size > 0) await this.#answers.touch(uses);
      this.#pauseMs = EVERY_MS;
      if (performance.now() - this.#prunedAt > PRUNE_EVERY_MS) {
        this.#prunedAt = performance.now();
        await this.#answers.prune();
        await prune(this.#db);
      }
      return true;
    } catch (error) {
      this.#pauseMs = Math.min(MOST_PAUSE_MS, this.#pauseMs * 2);
      this.#log.warn(
        { error: messageOf(error), waiting: this.#waiting.length },
        'requests to the gateway cannot be accounted for now; they wait',
      );
      return false;
    }
  }

  /** What the database refuses for a reason of its own must not hold up the rest for ever: it is sought in halves, and lost. */
  async #account(batch: readonly Entry[]): Promise<void> {
    if (batch.length === 0) return;
    try {
      await account(this.#db, batch);
    } catch (error) {
      const { code, transient } = failureOf(error);
      if (code !== undefined || transient) throw error;
      if (batch.length > 1) {
        const middle = batch.length >> 1;
        await this.#account(batch.slice(0, middle));
        return this.#account(batch.slice(middle));
      }
      this.#lost += 1;
      this.#log.error({ error: messageOf(error), run_id: batch[0]?.runId }, 'a request to the gateway cannot be accounted for');
    }
    this.#waiting = this.#waiting.slice(batch.length);
  }
}

/** Writes rows and adds them up by key, in one statement: a row that is there already is not counted twice. */
export async function account(db: Database, entries: readonly Entry[]): Promise<void> {
  const column = <T>(of: (entry: Entry) => T): readonly T[] => entries.map(of);
  await db.query(sql`with given as (
      select * from unnest(${column(({ runId }) => runId)}::uuid[], ${column(({ at }) => new Date(at).toISOString())}::timestamptz[],
        ${column(({ keyId }) => keyId)}::text[], ${column(({ project }) => project)}::text[], ${column(({ face }) => face)}::text[],
        ${column(({ provider }) => provider ?? null)}::text[], ${column(({ model }) => model)}::text[], ${column(({ outcome }) => outcome)}::text[],
        ${column(({ status }) => status ?? null)}::smallint[], ${column(({ promptTokens }) => promptTokens ?? null)}::int[],
        ${column(({ completionTokens }) => completionTokens ?? null)}::int[], ${column(({ cost }) => cost ?? null)}::numeric[],
        ${column(({ saved }) => saved ?? null)}::numeric[], ${column(({ price }) => price ?? null)}::text[])
        g (run_id, at, key_id, project, face, provider, model, outcome, status, prompt_tokens, completion_tokens, cost, saved, price)
    ), written as (
      insert into muster.gateway_requests (run_id, at, key_id, project, face, provider, model, outcome, status, prompt_tokens, completion_tokens,
        cost, saved, price)
      select * from given on conflict (run_id) do nothing
      returning key_id, at, cost, outcome, coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0) as tokens
    ), days as (
      insert into muster.gateway_spend as s (key_id, day, requests, tokens, cost)
      select coalesce(key_id, ''), (at at time zone 'UTC')::date, count(*), coalesce(sum(tokens) filter (where outcome in ('provider', 'batch')), 0),
        coalesce(sum(cost), 0)
      from written group by 1, 2 order by 1, 2
      on conflict (key_id, day) do update set requests = s.requests + excluded.requests, tokens = s.tokens + excluded.tokens,
        cost = s.cost + excluded.cost
    )
    insert into muster.gateway_minutes as m (key_id, minute, tokens)
    select coalesce(key_id, ''), date_trunc('minute', at), sum(tokens) from written
    where outcome = 'provider' and at > clock_timestamp() - interval '5 minutes' group by 1, 2 having sum(tokens) > 0 order by 1, 2
    on conflict (key_id, minute) do update set tokens = m.tokens + excluded.tokens`);
}

async function prune(db: Database): Promise<void> {
  await db.query(sql`delete from muster.gateway_minutes where minute < clock_timestamp() - interval '10 minutes'`);
  await db.query(sql`delete from muster.gateway_requests where no in (select no from muster.gateway_requests
    where at < clock_timestamp() - ${KEPT_DAYS} * interval '1 day' order by at limit 10000)`);
}

/** What was saved for one reason. */
export interface Saving {
  readonly outcome: Outcome;
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** USD, exact. */
  readonly cost: string;
  readonly saved: string;
  /** Answered requests of which nobody knows the price, or the usage: they are in no sum. What nobody answered cost nothing. */
  readonly unpriced: number;
}

/** The sum of the rows, by how requests were answered. */
export async function savings(
  db: Database,
  { from, projects, to }: { readonly from: number; readonly to: number; readonly projects: readonly string[] | null },
): Promise<readonly Saving[]> {
  const { rows } =
    await db.query<Saving>(sql`select outcome, count(*)::float8 as requests, coalesce(sum(prompt_tokens), 0)::float8 as "promptTokens",
      coalesce(sum(completion_tokens), 0)::float8 as "completionTokens", trim_scale(coalesce(sum(cost), 0))::text as cost,
      trim_scale(coalesce(sum(saved), 0))::text as saved,
      (count(*) filter (where price is null and status < 400))::float8 as unpriced
    from muster.gateway_requests
    where at >= to_timestamp(${from}::float8 / 1000) and at < to_timestamp(${to}::float8 / 1000)
      and (${projects}::text[] is null or project = any (${projects}::text[]))
    group by outcome order by outcome`);
  return rows;
}

/** What was paid and saved on a day (UTC), for one reason. */
export interface DaySaving {
  /** 2026-11-26 */
  readonly day: string;
  readonly outcome: Outcome;
  readonly requests: number;
  readonly cost: string;
  readonly saved: string;
}

/** The same rows day by day, the first day first: 400 days and five outcomes at most. */
export async function savingsByDay(
  db: Database,
  { from, projects, to }: { readonly from: number; readonly to: number; readonly projects: readonly string[] | null },
): Promise<readonly DaySaving[]> {
  const { rows } = await db.query<DaySaving>(sql`select (at at time zone 'UTC')::date::text as day, outcome, count(*)::float8 as requests,
      trim_scale(coalesce(sum(cost), 0))::text as cost, trim_scale(coalesce(sum(saved), 0))::text as saved
    from muster.gateway_requests
    where at >= to_timestamp(${from}::float8 / 1000) and at < to_timestamp(${to}::float8 / 1000)
      and (${projects}::text[] is null or project = any (${projects}::text[]))
    group by 1, 2 order by 1, 2`);
  return rows;
}
