import type { Queryable } from '../../../../db/database.ts';
import { sql } from '../../../../db/sql.ts';
import type { PassedOver } from './wanted.ts';

/** What is added to an evaluator's day. */
export interface Counts {
  readonly calls?: number;
  readonly scores?: number;
  readonly errors?: number;
  readonly leftOut?: number;
  readonly noAnswer?: number;
  readonly cost?: number;
  readonly lastError?: string;
}

/** Takes one call from the evaluator's budget of today (UTC): it is counted before it is made. False where the budget is spent. */
export async function takeCall(db: Queryable, evaluator: string): Promise<boolean> {
  await db.query(sql`insert into muster.trace_evaluator_days (evaluator, day) values (${evaluator}, (clock_timestamp() at time zone 'UTC')::date)
    on conflict do nothing`);
  const { count } = await db.query(sql`update muster.trace_evaluator_days d set calls = calls + 1 from muster.trace_evaluators e
    where e.name = ${evaluator} and d.evaluator = e.name and d.day = (clock_timestamp() at time zone 'UTC')::date
      and d.calls < e.budget_runs and d.cost < e.budget_usd`);
  return count > 0;
}

/** Nothing where the evaluator was deleted meanwhile. */
export async function addToDay(
  db: Queryable,
  evaluator: string,
  { calls = 0, scores = 0, errors = 0, leftOut = 0, noAnswer = 0, cost = 0, lastError }: Counts,
): Promise<void> {
  await db.query(sql`insert into muster.trace_evaluator_days as d (evaluator, day, calls, scores, errors, left_out, no_answer, cost, last_error)
    select name, (clock_timestamp() at time zone 'UTC')::date, greatest(0, ${calls}), ${scores}, ${errors}, ${leftOut}, ${noAnswer}, ${cost}::numeric, ${lastError ?? null}::text
    from muster.trace_evaluators where name = ${evaluator}
    on conflict (evaluator, day) do update set calls = greatest(0, d.calls + ${calls}), scores = d.scores + excluded.scores, errors = d.errors + excluded.errors,
      left_out = d.left_out + excluded.left_out, no_answer = d.no_answer + excluded.no_answer, cost = d.cost + excluded.cost, last_error = coalesce(excluded.last_error, d.last_error)`);
}

/** Adds what evaluators passed over to their days, of all in one statement and one order. Nothing of evaluators that passed over nothing. */
export async function addPassedOver(db: Queryable, passedOver: ReadonlyMap<string, PassedOver>): Promise<void> {
  const some = [...passedOver]
    .filter(([, { notDrawn, notFitting, otherModel, otherProject }]) => notDrawn + notFitting + otherModel + otherProject > 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (some.length === 0) return;
  const column = (of: (one: PassedOver) => number): readonly number[] => some.map(([, one]) => of(one));
  await db.query(sql`insert into muster.trace_evaluator_days as d (evaluator, day, other_project, other_model, not_drawn, not_fitting)
    select e.name, (clock_timestamp() at time zone 'UTC')::date, p.other_project, p.other_model, p.not_drawn, p.not_fitting
    from unnest(${some.map(([name]) => name)}::text[], ${column(({ otherProject }) => otherProject)}::int[], ${column(({ otherModel }) => otherModel)}::int[],
        ${column(({ notDrawn }) => notDrawn)}::int[], ${column(({ notFitting }) => notFitting)}::int[])
      as p(name, other_project, other_model, not_drawn, not_fitting)
    join muster.trace_evaluators e using (name) order by e.name
    on conflict (evaluator, day) do update set other_project = d.other_project + excluded.other_project,
      other_model = d.other_model + excluded.other_model, not_drawn = d.not_drawn + excluded.not_drawn, not_fitting = d.not_fitting + excluded.not_fitting`);
}
