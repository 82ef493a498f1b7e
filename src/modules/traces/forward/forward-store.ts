import { MusterError } from '../../../base/errors.ts';
import type { Database, Queryable, Transaction } from '../../../db/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import { FeedReader } from '../feed/feed-reader.ts';
import { readerOf, type Forward, type ForwardKind, type ForwardOptions } from './forward.ts';
import type { RunPlace } from './outgoing-run.ts';

const MOST_HISTORY = 1_000_000;
const TIME_FOR_HISTORY = { statementTimeoutMs: 120_000 };

export interface NewForward {
  readonly name: string;
  readonly kind: ForwardKind;
  readonly endpoint: string;
  readonly secrets: string | null;
  readonly projectNo: number | null;
  readonly targetProject: string | null;
  readonly options: ForwardOptions;
  /** `beginning`: with all that is kept, the newest MOST_HISTORY at most. */
  readonly from: 'now' | 'beginning';
}

export interface WaitingRun extends RunPlace {
  readonly begun: boolean;
  readonly sinceMs: number;
}

/** What one round came to, written together with its place in the feed. */
export interface RoundOutcome {
  readonly sent: number;
  readonly sentFeedback: number;
  readonly refusals: readonly string[];
  readonly feedbackAt: string | undefined;
  readonly waiting: readonly (RunPlace & { readonly begun: boolean; readonly lookAfterMs: number })[];
  readonly done: readonly string[];
}

const MOST_FORWARDS = 50;
/** Renewed with each round; a host that dies is replaced after this. */
const CLAIM_SECONDS = 60;

const COLUMNS = {
  text: `f.name, f.kind, f.endpoint, f.secrets, f.project_no as "projectNo", p.name as project, f.target_project as "targetProject", f.options,
    f.enabled, f.created_by as "createdBy", f.created_at as "createdAt", f.feedback_at::text as "feedbackAt", f.sent::float8 as sent,
    f.sent_feedback::float8 as "sentFeedback", f.refused::float8 as refused, f.last_refusal as "lastRefusal", f.failures,
    f.failing_since as "failingSince", f.last_success_at as "lastSuccessAt", f.last_error as "lastError", f.next_at as "nextAt"`,
  values: [],
};

/** The forwards, their places and what waits for them. */
export class ForwardStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async list(): Promise<readonly Forward[]> {
    const { rows } = await this.#db.query<Forward>(
      sql`select ${COLUMNS} from muster.trace_forwards f left join muster.trace_projects p using (project_no) order by f.name`,
    );
    return rows;
  }

  get(name: string): Promise<Forward | undefined> {
    return this.#db.one<Forward>(
      sql`select ${COLUMNS} from muster.trace_forwards f left join muster.trace_projects p using (project_no) where f.name = ${name}`,
    );
  }

  /** Throws CONFLICT where the name is taken, LIMIT_REACHED where there are too many. */
  async add(given: NewForward, by: string): Promise<void> {
    await this.#db.transaction(async (tx) => {
      await tx.query(sql`lock table muster.trace_forwards in share row exclusive mode`);
      const { rows } = await tx.query<{ all: number; same: number }>(sql`
        select count(*)::int as all, (count(*) filter (where name = ${given.name}))::int as same from muster.trace_forwards`);
      if ((rows[0]?.same ?? 0) > 0)
        throw new MusterError('CONFLICT', `there is a forward ${given.name} already`, { remedy: 'Change that one, or take another name.' });
      if ((rows[0]?.all ?? 0) >= MOST_FORWARDS)
        throw new MusterError('INVALID_INPUT', `there are ${MOST_FORWARDS} forwards, which is as many as there can be`, {
          remedy: 'Delete one that is not needed.',
        });
      const fromStart = given.from === 'beginning';
      await tx.query(sql`insert into muster.trace_forwards (name, kind, endpoint, secrets, project_no, target_project, options, created_by, feedback_at)
        values (${given.name}, ${given.kind}, ${given.endpoint}, ${given.secrets}, ${given.projectNo}, ${given.targetProject},
          ${JSON.stringify(given.options)}::jsonb, ${by}, case when ${fromStart} then '-infinity'::timestamptz else clock_timestamp() end)`);
      // Transactions that run now end later, and count as new.
      await tx.query(sql`insert into muster.trace_cursors (reader, xid, no)
        values (${readerOf(given.name)}, pg_snapshot_xmin(pg_current_snapshot()), 0)
        on conflict (reader) do update set xid = excluded.xid, no = excluded.no`);
      if (fromStart) await tx.query(history(given));
    }, TIME_FOR_HISTORY);
  }

  /** False where there is none. What failed is tried at once. */
  async change(
    name: string,
    changes: Partial<Pick<NewForward, 'endpoint' | 'secrets' | 'targetProject' | 'options'>> & { readonly enabled?: boolean | undefined },
  ): Promise<boolean> {
    const { count } = await this.#db.query(sql`update muster.trace_forwards set
      endpoint = coalesce(${changes.endpoint ?? null}, endpoint), secrets = coalesce(${changes.secrets ?? null}, secrets),
      target_project = case when ${changes.targetProject !== undefined} then ${changes.targetProject ?? null} else target_project end,
      options = options || ${JSON.stringify(changes.options ?? {})}::jsonb, enabled = coalesce(${changes.enabled ?? null}, enabled),
      next_at = clock_timestamp() where name = ${name}`);
    return count > 0;
  }

  async remove(name: string): Promise<boolean> {
    return this.#db.transaction(async (tx) => {
      const { count } = await tx.query(sql`delete from muster.trace_forwards where name = ${name}`);
      await tx.query(sql`delete from muster.trace_cursors where reader = ${readerOf(name)}`);
      return count > 0;
    });
  }

  /** Takes the forwards whose turn it is and that nobody else has in hand. */
  async claim(by: string): Promise<readonly Forward[]> {
    const { rows } = await this.#db.query<Forward>(sql`
      with due as (
        select name from muster.trace_forwards
        where enabled and next_at <= clock_timestamp()
          and (claimed_until is null or claimed_until < clock_timestamp() or claimed_by = ${by})
        order by next_at for update skip locked
      ), f as (
        update muster.trace_forwards f set claimed_by = ${by}, claimed_until = clock_timestamp() + ${CLAIM_SECONDS} * interval '1 second',
          last_attempt_at = clock_timestamp()
        from due where f.name = due.name returning f.*
      )
      select ${COLUMNS} from f left join muster.trace_projects p using (project_no)`);
    return rows;
  }

  async release(name: string, by: string): Promise<void> {
    await this.#db.query(
      sql`update muster.trace_forwards set claimed_by = null, claimed_until = null where name = ${name} and claimed_by = ${by}`,
    );
  }

  /** Those of these runs that wait, and those that are due to be looked at. */
  async waiting(name: string, runIds: readonly string[], limit: number): Promise<readonly WaitingRun[]> {
    const { rows } = await this.#db.query<WaitingRun>(sql`
      select run_id as "runId", keep_days as "keepDays", to_char(day, 'YYYY-MM-DD') as day, begun,
        (extract(epoch from clock_timestamp() - since) * 1000)::float8 as "sinceMs"
      from (
        select * from muster.trace_forward_waiting where forward = ${name} and run_id = any(${runIds}::uuid[])
        union
        (select * from muster.trace_forward_waiting where forward = ${name} and look_at <= clock_timestamp() order by look_at limit ${limit})
      ) w`);
    return rows;
  }

  /** Writes what a round came to. Throws CONFLICT where another host has taken the forward over meanwhile: then it is that one's. */
  async finish(tx: Transaction, name: string, by: string, outcome: RoundOutcome): Promise<void> {
    const { sent, sentFeedback, refusals, feedbackAt, waiting, done } = outcome;
    const { count } =
      await tx.query(sql`update muster.trace_forwards set sent = sent + ${sent}, sent_feedback = sent_feedback + ${sentFeedback},
      refused = refused + ${refusals.length}, last_refusal = coalesce(${refusals.at(-1) ?? null}, last_refusal),
      feedback_at = coalesce(${feedbackAt ?? null}::timestamptz, feedback_at), failures = 0, failing_since = null, last_error = null,
      last_success_at = clock_timestamp(), claimed_until = clock_timestamp() + ${CLAIM_SECONDS} * interval '1 second'
      where name = ${name} and claimed_by = ${by}`);
    if (count === 0) throw new MusterError('CONFLICT', `another host has taken the forward ${name} over`);
    if (done.length > 0)
      await tx.query(sql`delete from muster.trace_forward_waiting where forward = ${name} and run_id = any(${done}::uuid[])`);
    if (waiting.length > 0)
      await tx.query(sql`insert into muster.trace_forward_waiting (forward, run_id, keep_days, day, begun, look_at)
        select ${name}, w.run_id, w.keep_days, w.day, w.begun, clock_timestamp() + w.after * interval '1 millisecond'
        from unnest(${waiting.map(({ runId }) => runId)}::uuid[], ${waiting.map(({ keepDays }) => keepDays)}::smallint[],
          ${waiting.map(({ day }) => day)}::date[], ${waiting.map(({ begun }) => begun)}::bool[],
          ${waiting.map(({ lookAfterMs }) => lookAfterMs)}::float8[]) as w(run_id, keep_days, day, begun, after)
        on conflict (forward, run_id) do update set begun = excluded.begun, look_at = excluded.look_at`);
  }

  /** It did not work: the place stays, and it is tried again after `restMs`. */
  async fail(name: string, by: string, why: string, restMs: number): Promise<void> {
    await this.#db
      .query(sql`update muster.trace_forwards set failures = failures + 1, failing_since = coalesce(failing_since, clock_timestamp()),
      last_error = ${why.slice(0, 1_000)}, next_at = clock_timestamp() + ${restMs} * interval '1 millisecond', claimed_by = null, claimed_until = null
      where name = ${name} and claimed_by = ${by}`);
  }
}

export interface Backlog {
  /** Transactions of the intake that wait for it. */
  readonly entries: number;
  readonly lagSeconds: number;
  /** Runs that it came by and that are not done. */
  readonly waiting: number;
}

export async function backlogOf(db: Database & Queryable, name: string): Promise<Backlog> {
  const { entries, seconds } = await new FeedReader(db, readerOf(name)).lag();
  const row = await db.one<{ waiting: number }>(
    sql`select count(*)::int as waiting from muster.trace_forward_waiting where forward = ${name}`,
  );
  return { entries, lagSeconds: seconds, waiting: row?.waiting ?? 0 };
}

/**
 * All runs that are there wait to be sent, the oldest first: the feed forgets what its readers have read. Read after the place in the feed was
 * taken, so that a run which is committed in between is sent twice rather than never.
 */
const history = ({ name, projectNo }: NewForward): Sql => sql`
  insert into muster.trace_forward_waiting (forward, run_id, keep_days, day, since, look_at)
  select ${name}, run_id, keep_days, day, least(start_time, clock_timestamp()), least(start_time, clock_timestamp())
  from muster.trace_runs where ${projectNo}::int is null or project_no = ${projectNo}
  order by start_time desc limit ${MOST_HISTORY}
  on conflict do nothing`;
