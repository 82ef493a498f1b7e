import { messageOf } from '../../../../base/errors.ts';
import type { Database, Transaction } from '../../../../db/database.ts';
import { sql } from '../../../../db/sql.ts';
import { conversationOf } from '../../content/conversation/index.ts';
import type { FeedReader } from '../../feed/feed-reader.ts';
import { isMine } from '../../feed/feed-service.ts';
import type { Intake } from '../../intake/index.ts';
import { dottedOrderOf } from '../../run/dotted-order.ts';
import { caseOf } from '../checks/check.ts';
import { completedCalls, textsOf, type CompletedCall } from '../completed-calls.ts';
import { drawOf } from '../judging.ts';
import { EVALUATORS_PROJECT } from '../rule-keeper.ts';
import { activeEvaluators, type ActiveEvaluator } from './evaluators.ts';
import { judgementId, readVerdict, requestFor, type Read } from './verdict.ts';

export interface ModelAnswer {
  readonly status: number;
  readonly body: string;
  /** As prices know it. */
  readonly provider: string | null;
  readonly model: string;
}

/** The way to models: whatever provider is configured. */
export interface ModelDoor {
  /** One answer to a chat. Throws where nobody answers. */
  complete(body: string, signal: AbortSignal): Promise<ModelAnswer>;
}

export interface JudgeOptions {
  readonly database: Database;
  readonly feed: FeedReader;
  readonly door: ModelDoor;
  readonly intake: Pick<Intake, 'submit'>;
  /** USD of a call, as it is priced; undefined: nobody knows. */
  readonly costOf: (call: { readonly inputs: string; readonly outputs: string; readonly extra: string }) => number | undefined;
  readonly now?: () => number;
}

const ENTRIES_AT_ONCE = 100;
const RUNS_AT_ONCE = 5_000;
const MOST_WAITING = 5_000;
const MOST_ATTEMPTS = 3;
const CALLS_AT_ONCE = 4;
const CLAIM_SECONDS = 180;
const CALL_MS = 90_000;
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

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  /** Queues what the feed brings. Returns whether there may be more. */
  async queue(): Promise<boolean> {
    const { database, feed } = this.#options;
    if (!(await feed.hasMore())) return false;
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
      return this.#settle(claimed, { calls: -1 });
    const request = requestFor(evaluator, judged);
    const startedAt = (this.#options.now ?? Date.now)();
    const began = performance.now();
    const { answer, read } = await this.#ask(evaluator, request, signal);
    if (signal.aborted) return;
    const extra = JSON.stringify({
      metadata: {
        ls_model_name: answer?.model ?? evaluator.model,
        ...(typeof answer?.provider === 'string' ? { ls_provider: answer.provider } : {}),
        evaluator: evaluator.name,
        judged_run_id: call.runId,
      },
    });
    const outputs = answer !== undefined && isJson(answer.body) ? answer.body : undefined;
    const cost = outputs === undefined ? 0 : (this.#options.costOf({ inputs: request, outputs, extra }) ?? 0);
    await this.#log(evaluator, call, { inputs: request, outputs, extra, read, startedAt, tookMs: performance.now() - began });
    if ('error' in read) {
      const isLast = claimed.attempts >= MOST_ATTEMPTS;
      await this.#settle(claimed, { errors: 1, cost, lastError: read.error, again: !isLast });
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

  async #ask(
    evaluator: ActiveEvaluator,
    request: string,
    signal: AbortSignal,
  ): Promise<{ readonly answer?: ModelAnswer; readonly read: Read }> {
    try {
      const answer = await this.#options.door.complete(request, AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]));
      const { status } = answer;
      return {
        answer,
        read: status < 200 || status >= 300 ? { error: `the provider answered ${status}` } : readVerdict(answer.body, evaluator),
      };
    } catch (error) {
      return { read: { error: messageOf(error).slice(0, 500) } };
    }
  }

  /** The call of the judge is a run itself, in a project that no judge looks at. */
  async #log(
    evaluator: ActiveEvaluator,
    call: CompletedCall,
    {
      read,
      startedAt,
      tookMs,
      ...texts
    }: {
      readonly inputs: string;
      readonly outputs: string | undefined;
      readonly extra: string;
      readonly read: Read;
      readonly startedAt: number;
      readonly tookMs: number;
    },
  ): Promise<void> {
    const runId = judgementId('run', evaluator.name, call.runId);
    const startTime = Math.round(startedAt * 1_000);
    await this.#options.intake.submit({
      source: 'gateway',
      mayWrite: null,
      operations: [
        {
          kind: 'post',
          runId,
          project: { name: EVALUATORS_PROJECT },
          traceId: runId,
          dottedOrder: dottedOrderOf(null, startTime, runId),
          name: evaluator.name,
          runType: 'llm',
          startTime,
          endTime: startTime + Math.max(1, Math.round(tookMs * 1_000)),
          ...texts,
          error: 'error' in read ? JSON.stringify(read.error) : undefined,
        },
      ],
    });
  }

  async #settle(claimed: Claimed, counts: Counts, also?: (tx: Transaction) => Promise<unknown>): Promise<void> {
    await this.#options.database.transaction(async (tx) => {
      await also?.(tx);
      if (counts.again === true)
        await tx.query(sql`update muster.trace_judgements set claimed_until = clock_timestamp() + interval '30 seconds' * attempts
          where evaluator = ${claimed.evaluator} and run_id = ${claimed.runId}`);
      else await tx.query(sql`delete from muster.trace_judgements where evaluator = ${claimed.evaluator} and run_id = ${claimed.runId}`);
      await addToDay(tx, claimed.evaluator, counts);
    });
  }
}

interface Counts {
  readonly calls?: number;
  readonly scores?: number;
  readonly errors?: number;
  readonly leftOut?: number;
  readonly cost?: number;
  readonly lastError?: string;
  readonly again?: boolean;
}

/** Which evaluators want which runs: those of their project and model, by the draw of the run, and not of projects that wait too long already. */
async function enqueue(tx: Transaction, evaluators: readonly ActiveEvaluator[], calls: readonly CompletedCall[]): Promise<void> {
  const { rows } = await tx.query<{ evaluator: string; n: number }>(
    sql`select evaluator, count(*)::int as n from muster.trace_judgements group by evaluator`,
  );
  const waiting = new Map(rows.map(({ evaluator, n }) => [evaluator, n]));
  for (const { name, projectNo, modelJudged, share } of evaluators) {
    const wanted = calls.filter(
      (call) =>
        (projectNo === null || call.projectNo === projectNo) &&
        (modelJudged === null || call.model === modelJudged) &&
        drawOf(call.runId, name) < share,
    );
    const taken = wanted.slice(0, Math.max(0, MOST_WAITING - (waiting.get(name) ?? 0)));
    if (taken.length > 0)
      await tx.query(sql`insert into muster.trace_judgements (evaluator, run_id, keep_days, day)
        select ${name}, * from unnest(${taken.map(({ runId }) => runId)}::uuid[], ${taken.map(({ keepDays }) => keepDays)}::smallint[], ${taken.map(({ day }) => day)}::date[])
        on conflict do nothing`);
    if (taken.length < wanted.length) await addToDay(tx, name, { leftOut: wanted.length - taken.length });
  }
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
    await tx.query(sql`insert into muster.trace_evaluator_days (evaluator, day) values (${one.evaluator}, (clock_timestamp() at time zone 'UTC')::date)
      on conflict do nothing`);
    const { count } = await tx.query(sql`update muster.trace_evaluator_days d set calls = calls + 1 from muster.trace_evaluators e
      where e.name = ${one.evaluator} and d.evaluator = e.name and d.day = (clock_timestamp() at time zone 'UTC')::date
        and d.calls < e.budget_runs and d.cost < e.budget_usd`);
    if (count === 0 || one.attempts > MOST_ATTEMPTS) {
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

async function addToDay(
  tx: Transaction,
  evaluator: string,
  { calls = 0, scores = 0, errors = 0, leftOut = 0, cost = 0, lastError }: Counts,
): Promise<void> {
  // Nothing where the evaluator was deleted meanwhile.
  await tx.query(sql`insert into muster.trace_evaluator_days as d (evaluator, day, calls, scores, errors, left_out, cost, last_error)
    select name, (clock_timestamp() at time zone 'UTC')::date, greatest(0, ${calls}), ${scores}, ${errors}, ${leftOut}, ${cost}::numeric, ${lastError ?? null}::text
    from muster.trace_evaluators where name = ${evaluator}
    on conflict (evaluator, day) do update set calls = greatest(0, d.calls + ${calls}), scores = d.scores + excluded.scores, errors = d.errors + excluded.errors,
      left_out = d.left_out + excluded.left_out, cost = d.cost + excluded.cost, last_error = coalesce(excluded.last_error, d.last_error)`);
}

async function runOf(db: Database, { runId, keepDays, day }: Claimed): Promise<CompletedCall | undefined> {
  return db.one<CompletedCall>(sql`select run_id as "runId", trace_id as "traceId", project_no as "projectNo", start_time as "startTime",
    keep_days as "keepDays", to_char(day, 'YYYY-MM-DD') as day, model, tags from muster.trace_runs where run_id = ${runId} and keep_days = ${keepDays} and day = ${day}::date`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
