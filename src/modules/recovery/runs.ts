import type { Queryable } from '../../db/database.ts';
import { raw, sql } from '../../db/sql.ts';
import type { PrintedStep, Symptom, Target } from './action.ts';
import type { Level } from './mode.ts';

/** Hinted when a person has decided something: the healing agent looks then. */
export const RECOVERY_TOPIC = 'recovery';

export const RUN_STATES = [
  'proposed',
  'approved',
  'running',
  'verifying',
  'effective',
  'ineffective',
  'failed',
  'undone',
  'rejected',
  'expired',
  'refused',
] as const;
export type RunState = (typeof RUN_STATES)[number];
export type Outcome = 'effective' | 'ineffective' | 'failed';

export interface Run {
  readonly run_id: string;
  readonly action: string;
  readonly target: string;
  readonly target_group: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly level: Level;
  readonly state: RunState;
  readonly alert_id: string | null;
  readonly rule: string | null;
  readonly plan: readonly PrintedStep[];
  readonly because: string;
  readonly held_by: string | null;
  readonly members: number | null;
  readonly unhealthy: number | null;
  readonly proposed_by: string;
  readonly proposed_at: number;
  readonly expires_at: number;
  readonly decided_by: string | null;
  readonly decided_at: number | null;
  readonly agent_id: string | null;
  readonly epoch: number | null;
  readonly attempts: number;
  readonly started_at: number | null;
  readonly acted_at: number | null;
  readonly result: unknown;
  readonly symptom_before: Symptom | null;
  readonly symptom_after: Symptom | null;
  readonly symptom_gone_at: number | null;
  readonly hold_ms: number;
  readonly verify_ms: number;
  readonly outcome: Outcome | null;
  readonly reason: string | null;
  readonly finished_at: number | null;
  readonly undo: 'requested' | 'running' | 'done' | 'failed' | null;
  readonly undo_by: string | null;
  readonly undo_at: number | null;
  readonly undo_error: string | null;
  /** The database's clock as the row was read. */
  readonly now: number;
  /** For the cursor of a list. */
  readonly proposed: string;
}

const TIMES = ['proposed_at', 'expires_at', 'decided_at', 'started_at', 'acted_at', 'symptom_gone_at', 'finished_at', 'undo_at'];

export const RUN_COLUMNS = raw(
  `r.run_id, r.action, r.target, r.target_group, r.params, r.level, r.state, r.alert_id, r.rule, r.plan, r.because, r.held_by, r.members, r.unhealthy,
  r.proposed_by, r.decided_by, r.agent_id, r.epoch::float8 as epoch, r.attempts, r.result, r.symptom_before, r.symptom_after,
  r.hold_ms::float8 as hold_ms, r.verify_ms::float8 as verify_ms, r.outcome, r.reason, r.undo, r.undo_by, r.undo_error,
  ${TIMES.map((name) => `(extract(epoch from r.${name}) * 1000)::float8 as ${name}`).join(', ')},
  (extract(epoch from clock_timestamp()) * 1000)::float8 as now, r.proposed_at::text as proposed`,
);

export interface Proposal {
  readonly idempotencyKey: string;
  readonly action: string;
  readonly target: Target;
  readonly level: Level;
  readonly alertId: string | undefined;
  readonly rule: string | undefined;
  readonly plan: readonly PrintedStep[];
  readonly because: string;
  readonly by: string;
  readonly symptom: Symptom | undefined;
  readonly limits: { readonly approvalMs: number; readonly holdMs: number; readonly verifyMs: number };
}

/** Undefined where the run is there already: open for this action and target, or with this key. */
export async function propose(on: Queryable, p: Proposal): Promise<Run | undefined> {
  const { rows } = await on.query<Run>(sql`
    insert into muster.recovery_runs as r (idempotency_key, action, target, target_group, params, level, alert_id, rule, plan, because,
      members, unhealthy, proposed_by, expires_at, symptom_before, hold_ms, verify_ms)
    values (${p.idempotencyKey}, ${p.action}, ${p.target.target}, ${p.target.group}, ${JSON.stringify(p.target.params ?? {})}::jsonb, ${p.level},
      ${p.alertId ?? null}, ${p.rule ?? null}, ${JSON.stringify(p.plan)}::jsonb, ${p.because},
      ${p.target.members?.total ?? null}, ${p.target.members?.unhealthy ?? null}, ${p.by},
      clock_timestamp() + ${p.limits.approvalMs}::float8 * interval '1 millisecond',
      ${p.symptom === undefined ? null : JSON.stringify(p.symptom)}::jsonb, ${p.limits.holdMs}, ${p.limits.verifyMs})
    on conflict do nothing
    returning ${RUN_COLUMNS}`);
  return rows[0];
}

/**
 * Writes down that the targets themselves were wrong; once an alert and reason. Not where the action has had a target for this
 * alert: that there is none now may be its cure.
 */
export async function refuse(
  on: Queryable,
  p: Omit<Proposal, 'target' | 'plan' | 'symptom'> & { readonly reason: string },
): Promise<boolean> {
  const { count } = await on.query(sql`
    insert into muster.recovery_runs (idempotency_key, action, target, target_group, level, state, alert_id, rule, because, reason,
      proposed_by, expires_at, finished_at, hold_ms, verify_ms)
    select ${p.idempotencyKey}, ${p.action}, '', '', ${p.level}, 'refused', ${p.alertId ?? null}::uuid, ${p.rule ?? null}, ${p.because}, ${p.reason},
      ${p.by}, clock_timestamp(), clock_timestamp(), ${p.limits.holdMs}::bigint, ${p.limits.verifyMs}::bigint
    where not exists (
      select from muster.recovery_runs where alert_id = ${p.alertId ?? null}::uuid and action = ${p.action} and state <> 'refused')
    on conflict do nothing`);
  return count > 0;
}

export async function getRun(on: Queryable, runId: string): Promise<Run | undefined> {
  return (await on.query<Run>(sql`select ${RUN_COLUMNS} from muster.recovery_runs r where r.run_id = ${runId}::uuid`)).rows[0];
}

/** What is to be looked at in a round, the gravest and oldest first. */
export async function openRuns(on: Queryable, limit: number): Promise<readonly Run[]> {
  const { rows } = await on.query<Run>(sql`
    select ${RUN_COLUMNS} from muster.recovery_runs r
    where r.state in ('proposed', 'approved', 'running', 'verifying') or r.undo in ('requested', 'running')
    order by array_position(array['emergency', 'critical', 'warning', 'info'], r.level), r.proposed_at
    limit ${limit}`);
  return rows;
}

/** How often something was tried for an alert at a target, and whether a person has said no, before or after it was done. */
export async function triedFor(
  on: Queryable,
  alertId: string,
  action: string,
  target: string,
): Promise<{ readonly n: number; readonly isRejected: boolean; readonly isOpen: boolean }> {
  const { rows } = await on.query<{ n: number; rejected: boolean; open: boolean }>(sql`
    select count(*) filter (where alert_id = ${alertId}::uuid)::int as n,
      coalesce(bool_or((state in ('rejected', 'undone') or undo is not null) and alert_id = ${alertId}::uuid), false) as rejected,
      coalesce(bool_or(state in ('proposed', 'approved', 'running', 'verifying')), false) as open
    from muster.recovery_runs
    where action = ${action} and target = ${target}
      and (alert_id = ${alertId}::uuid or state in ('proposed', 'approved', 'running', 'verifying'))`);
  return { n: rows[0]?.n ?? 0, isRejected: rows[0]?.rejected ?? false, isOpen: rows[0]?.open ?? false };
}

/** The rail that holds it back; null: it runs. */
export async function start(on: Queryable, runId: string, agentId: string, epoch: number): Promise<string | null> {
  const { rows } = await on.query<{ rail: string | null }>(sql`select muster.start_recovery(${runId}::uuid, ${agentId}, ${epoch}) as rail`);
  return rows[0]?.rail ?? null;
}

/** It was carried out: from now on the symptom is watched. Only by whom it was started, at that epoch. */
export async function acted(on: Queryable, run: Pick<Run, 'run_id'>, epoch: number, result: unknown): Promise<boolean> {
  const { count } = await on.query(sql`
    update muster.recovery_runs set state = 'verifying', acted_at = clock_timestamp(), result = ${JSON.stringify(result ?? null)}::jsonb
    where run_id = ${run.run_id}::uuid and state = 'running' and epoch = ${epoch}`);
  return count > 0;
}

/** True where this was the second in a row that did not help: the action is stopped now. */
export async function finish(on: Queryable, runId: string, outcome: Outcome, reason: string, symptom?: Symptom): Promise<boolean> {
  const { rows } = await on.query<{ stopped: boolean }>(sql`
    select muster.finish_recovery(${runId}::uuid, ${outcome}, ${reason}, ${symptom === undefined ? null : JSON.stringify(symptom)}::jsonb) as stopped`);
  return rows[0]?.stopped ?? false;
}

/** What was seen at a look, and since when it is gone. */
export async function noteSymptom(on: Queryable, runId: string, symptom: Symptom): Promise<void> {
  await on.query(sql`
    update muster.recovery_runs
    set symptom_after = ${JSON.stringify(symptom)}::jsonb,
      symptom_gone_at = case when ${symptom.present} then null else coalesce(symptom_gone_at, clock_timestamp()) end
    where run_id = ${runId}::uuid and state = 'verifying'`);
}

/** Says what holds back what has not begun. */
export async function hold(on: Queryable, runId: string, reason: string): Promise<void> {
  await on.query(sql`
    update muster.recovery_runs set held_by = ${reason}
    where run_id = ${runId}::uuid and state in ('proposed', 'approved') and held_by is distinct from ${reason}`);
}

/** Ends what has not begun. */
export async function expire(on: Queryable, runId: string, reason: string): Promise<boolean> {
  const { count } = await on.query(sql`
    update muster.recovery_runs set state = 'expired', reason = ${reason}, finished_at = clock_timestamp(), held_by = null
    where run_id = ${runId}::uuid and state in ('proposed', 'approved')`);
  return count > 0;
}

/** Gives a run that was cut off back to be started again, under the rails: only for what may be repeated. */
export async function giveBack(on: Queryable, run: Run): Promise<void> {
  await on.query(sql`
    update muster.recovery_runs set state = 'approved', started_at = null, decided_by = coalesce(decided_by, 'auto'),
      expires_at = greatest(expires_at, clock_timestamp() + interval '5 minutes')
    where run_id = ${run.run_id}::uuid and state = 'running' and epoch is not distinct from ${run.epoch}`);
}
