import type { Database, Transaction } from '../../../../db/database.ts';
import { sql } from '../../../../db/sql.ts';
import { conversationOf } from '../../content/conversation/index.ts';
import type { FeedReader } from '../../feed/feed-reader.ts';
import { isMine } from '../../feed/feed-service.ts';
import { caseOf } from '../checks/check.ts';
import { completedCalls, textsOf, type CompletedCall } from '../completed-calls.ts';
import { EVALUATORS_PROJECT } from '../rule-keeper.ts';
import { addPassedOver, addToDay, takeCall, type Counts } from './budget.ts';
import { consult, type Consulting } from './consult.ts';
import { activeEvaluators, hasEvaluators, type ActiveEvaluator } from './evaluators.ts';
import { judgementId } from './verdict.ts';
import { wantedBy, type PassedOver } from './wanted.ts';

export interface JudgeOptions extends Consulting {
  readonly database: Database;
  readonly feed: FeedReader;
}

/** Where there are no evaluators, whether there are some by now is looked at so often, however much comes in. */
const LOOK_EVERY_MS = 10_000;
const ENTRIES_AT_ONCE = 100;
const RUNS_AT_ONCE = 5_000;
const MOST_WAITING = 5_000;
const MOST_ATTEMPTS = 3;
const CALLS_AT_ONCE = 4;
const CLAIM_SECONDS = 180;
const KEPT_DAYS = 400;

interface Claimed {
  readonly evaluator: string;
  readonly runId: string;
  readonly keepDays: number;
  readonly day: string;
  readonly attempts: number;
}

/** Lets models judge runs of models, as far as the evaluators' shares and budgets go. */
export class Judge {
  readonly #options: JudgeOptions;
  /** Monotonic: until then nobody looks whether there are evaluators by now. */
  #restsUntil = 0;

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  /** Queues what is new, and judges some of what waits. */
  async step(signal: AbortSignal): Promise<{ readonly isFull: boolean }> {
    const now = performance.now();
    if (now < this.#restsUntil) return { isFull: false };
    const work = await this.#look();
    if (work === undefined) this.#restsUntil = now + LOOK_EVERY_MS;
    const isFull = work?.toQueue === true && (await this.queue());
    const judged = work?.toJudge === true || work?.toQueue === true ? await this.judge(signal) : 0;
    return { isFull: isFull || judged > 0 };
  }

  /** What there is to do; undefined: there are no evaluators. */
  async #look(): Promise<{ readonly toQueue: boolean; readonly toJudge: boolean } | undefined> {
    const { database, feed } = this.#options;
    if (!(await hasEvaluators(database))) return undefined;
    const row = await database.one<{ waits: boolean }>(
      sql`select exists (select from muster.trace_judgements where claimed_until is null or claimed_until < clock_timestamp()) as waits`,
    );
    return { toQueue: await feed.hasMore(), toJudge: row?.waits === true };
  }

  /** Queues what the feed brings; it takes a transaction to see that this is nothing. Returns whether there may be more. */
  async queue(): Promise<boolean> {
    const { database, feed } = this.#options;
    return database.transaction(
      async (tx) => {
        if (!(await isMine(tx, 'judges'))) return false;
        const batch = await feed.take(ENTRIES_AT_ONCE, RUNS_AT_ONCE, tx);
        if (batch === undefined) return false;
        const evaluators = await activeEvaluators(tx);
        if (evaluators.length > 0) await enqueue(tx, evaluators, await completedCalls(tx, batch.entries, EVALUATORS_PROJECT));
        await feed.advance(tx, batch);
        return batch.entries.length >= ENTRIES_AT_ONCE;
      },
      { attempts: 3 },
    );
  }

  /** Judges some of what waits. Returns how many were taken up. */
  async judge(signal: AbortSignal): Promise<number> {
    const { database } = this.#options;
    const claimed = await database.transaction((tx) => claim(tx), { attempts: 3 });
    if (claimed.length === 0) return 0;
    const evaluators = new Map((await activeEvaluators(database)).map((one) => [one.name, one]));
    await Promise.all(claimed.map((one) => this.#judgeOne(one, evaluators.get(one.evaluator), signal)));
    return claimed.length;
  }

  async prune(): Promise<void> {
    await this.#options.database.query(
      sql`delete from muster.trace_evaluator_days where day < clock_timestamp() - make_interval(days => ${KEPT_DAYS})`,
    );
  }

  async #judgeOne(claimed: Claimed, evaluator: ActiveEvaluator | undefined, signal: AbortSignal): Promise<void> {
    const { database } = this.#options;
    const call = evaluator === undefined ? undefined : await runOf(database, claimed);
    const texts = call === undefined ? undefined : (await textsOf(database, [call])).get(call.runId);
    const judged = texts === undefined ? undefined : caseOf(conversationOf(texts), texts.error !== null);
    // The run is gone, or failed, or said nothing: there is no answer to judge.
    if (evaluator === undefined || call === undefined || judged === undefined || judged.failed || judged.answer.trim() === '')
      return this.#settle(claimed, { calls: -1, noAnswer: 1 });
    const opinion = await consult(evaluator, { ...judged, runId: call.runId }, this.#options, signal);
    if (opinion === undefined) return;
    const { cost, read } = opinion;
    if ('error' in read) {
      await this.#settle(claimed, { errors: 1, cost, lastError: read.error, again: claimed.attempts < MOST_ATTEMPTS });
      return;
    }
    const { raw, score, reasoning } = read.verdict;
    await this.#settle(claimed, { scores: 1, cost }, (tx) =>
      tx.query(sql`insert into muster.trace_feedback (feedback_id, run_id, trace_id, project_no, key, score, value, comment, source, extra)
        values (${judgementId('feedback', evaluator.name, call.runId)}, ${call.runId}, ${call.traceId}, ${call.projectNo}, ${evaluator.name}, ${score},
          ${JSON.stringify(raw)}, ${reasoning.replaceAll('\u0000', '')}, 'model',
          ${JSON.stringify({ source_run_id: judgementId('run', evaluator.name, call.runId), model: evaluator.model })})
        on conflict (feedback_id) do update set score = excluded.score, value = excluded.value, comment = excluded.comment, modified_at = clock_timestamp()`),
    );
  }

  async #settle(
    claimed: Claimed,
    { again = false, ...counts }: Counts & { readonly again?: boolean },
    also?: (tx: Transaction) => Promise<unknown>,
  ): Promise<void> {
    await this.#options.database.transaction(async (tx) => {
      await also?.(tx);
      if (again)
        await tx.query(sql`update muster.trace_judgements set claimed_until = clock_timestamp() + interval '30 seconds' * attempts
          where evaluator = ${claimed.evaluator} and run_id = ${claimed.runId}`);
      else await tx.query(sql`delete from muster.trace_judgements where evaluator = ${claimed.evaluator} and run_id = ${claimed.runId}`);
      await addToDay(tx, claimed.evaluator, counts);
    });
  }
}

/** Queues for each evaluator the runs it wants, but for those that would wait too long. */
async function enqueue(tx: Transaction, evaluators: readonly ActiveEvaluator[], calls: readonly CompletedCall[]): Promise<void> {
  const { rows } = await tx.query<{ evaluator: string; n: number }>(
    sql`select evaluator, count(*)::int as n from muster.trace_judgements group by evaluator`,
  );
  const waiting = new Map(rows.map(({ evaluator, n }) => [evaluator, n]));
  const over = new Map<string, PassedOver>();
  for (const evaluator of evaluators) {
    const { name } = evaluator;
    const { passedOver, wanted } = await wantedBy(tx, evaluator, calls);
    over.set(name, passedOver);
    const taken = wanted.slice(0, Math.max(0, MOST_WAITING - (waiting.get(name) ?? 0)));
    if (taken.length > 0)
      await tx.query(sql`insert into muster.trace_judgements (evaluator, run_id, keep_days, day)
        select ${name}, * from unnest(${taken.map(({ runId }) => runId)}::uuid[], ${taken.map(({ keepDays }) => keepDays)}::smallint[], ${taken.map(({ day }) => day)}::date[])
        on conflict do nothing`);
    if (taken.length < wanted.length) await addToDay(tx, name, { leftOut: wanted.length - taken.length });
  }
  await addPassedOver(tx, over);
}

/**
 * Claims some that wait, as far as the day's budgets reach: a call is counted before it is made. What is over the budget is dropped and counted: a
 * judgement of yesterday's runs would only eat today's money.
 */
async function claim(tx: Transaction): Promise<readonly Claimed[]> {
  const { rows } =
    await tx.query<Claimed>(sql`select j.evaluator, j.run_id as "runId", j.keep_days as "keepDays", to_char(j.day, 'YYYY-MM-DD') as day, j.attempts + 1 as attempts
    from muster.trace_judgements j join muster.trace_evaluators e on e.name = j.evaluator
    where e.enabled and (j.claimed_until is null or j.claimed_until < clock_timestamp())
    order by j.queued_at limit ${CALLS_AT_ONCE} for update of j skip locked`);
  const claimed: Claimed[] = [];
  for (const one of rows) {
    if (one.attempts > MOST_ATTEMPTS || !(await takeCall(tx, one.evaluator))) {
      await tx.query(sql`delete from muster.trace_judgements where evaluator = ${one.evaluator} and run_id = ${one.runId}`);
      await addToDay(tx, one.evaluator, { leftOut: 1 });
      continue;
    }
    await tx.query(sql`update muster.trace_judgements set attempts = attempts + 1, claimed_until = clock_timestamp() + make_interval(secs => ${CLAIM_SECONDS})
      where evaluator = ${one.evaluator} and run_id = ${one.runId}`);
    claimed.push(one);
  }
  return claimed;
}

async function runOf(db: Database, { runId, keepDays, day }: Claimed): Promise<CompletedCall | undefined> {
  return db.one<CompletedCall>(sql`select run_id as "runId", trace_id as "traceId", project_no as "projectNo", start_time as "startTime",
    keep_days as "keepDays", to_char(day, 'YYYY-MM-DD') as day, model, tags,
    coalesce(extract(epoch from end_time - start_time), 0)::float8 as seconds, total_cost::float8 as cost from muster.trace_runs where run_id = ${runId} and keep_days = ${keepDays} and day = ${day}::date`);
}
