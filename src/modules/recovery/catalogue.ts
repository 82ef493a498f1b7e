import { MusterError } from '../../base/errors.ts';
import type { Queryable } from '../../db/database.ts';
import { raw, sql } from '../../db/sql.ts';
import { limitsOf, type Binding, type RecoveryAction } from './action.ts';
import { isAbove, type Approver, type Ceiling, type Level, type Mode } from './mode.ts';

export type Source = 'shipped' | 'file' | 'module';

export interface Declared {
  readonly action: RecoveryAction;
  readonly source: Source;
}

/** An action as it stands in the database: what is declared, what people have set, and what came of it. */
export interface ActionRow {
  readonly name: string;
  readonly source: Source;
  readonly definition: {
    readonly title: string;
    readonly description: string;
    readonly on: readonly Binding[];
    readonly undo: string;
    readonly timeout_ms: number;
    readonly hold_ms: number;
    readonly verify_ms: number;
    /** As it stands in monitoring.yml, for actions from there. */
    readonly declared?: unknown;
  };
  readonly ceiling: Ceiling;
  readonly idempotent: boolean;
  readonly approver: Approver;
  readonly modes: Readonly<Partial<Record<Level | 'any', Mode>>>;
  readonly runs_an_hour: number;
  readonly runs_an_hour_a_target: number;
  readonly most_targets: number;
  readonly cooldown_ms: number;
  readonly longest_cooldown_ms: number;
  readonly approval_ms: number;
  readonly stopped_at: number | null;
  readonly stopped_reason: string | null;
  readonly retired_at: number | null;
  readonly updated_by: string | null;
  /** Of the verified: runs whose outcome was measured, or that failed. */
  readonly verified: number;
  readonly effective: number;
}

const ACTION_COLUMNS =
  raw(`a.name, a.source, a.definition, a.ceiling, a.idempotent, a.approver, a.modes, a.runs_an_hour, a.runs_an_hour_a_target,
  a.most_targets, a.cooldown_ms::float8 as cooldown_ms, a.longest_cooldown_ms::float8 as longest_cooldown_ms, a.approval_ms::float8 as approval_ms,
  (extract(epoch from a.stopped_at) * 1000)::float8 as stopped_at, a.stopped_reason, (extract(epoch from a.retired_at) * 1000)::float8 as retired_at,
  a.updated_by, coalesce(o.verified, 0)::int as verified, coalesce(o.effective, 0)::int as effective`);

const OUTCOMES = raw(`left join lateral (
  select count(*) as verified, count(*) filter (where outcome = 'effective') as effective
  from muster.recovery_runs where action = a.name and outcome is not null) o on true`);

export async function listActions(on: Queryable): Promise<readonly ActionRow[]> {
  const { rows } = await on.query<ActionRow>(sql`
    select ${ACTION_COLUMNS} from muster.recovery_actions a ${OUTCOMES} where a.retired_at is null order by a.name`);
  return rows;
}

/** Throws NOT_FOUND. */
export async function getAction(on: Queryable, name: string): Promise<ActionRow> {
  const { rows } = await on.query<ActionRow>(
    sql`select ${ACTION_COLUMNS} from muster.recovery_actions a ${OUTCOMES} where a.name = ${name}`,
  );
  if (rows[0] === undefined)
    throw new MusterError('NOT_FOUND', `there is no healing action "${name}"`, { remedy: 'See `muster recovery actions`.' });
  return rows[0];
}

/** Writes down what is declared; modes and what was stopped stay as people have left them. What is no longer declared is retired. */
export async function declare(on: Queryable, declared: readonly Declared[]): Promise<void> {
  const rows = declared.map(({ action, source }) => {
    const limits = limitsOf(action);
    return {
      name: action.name,
      source,
      ceiling: action.ceiling ?? 'auto',
      idempotent: action.idempotent ?? false,
      approver: action.approver ?? 'operator',
      runs_an_hour: limits.runsAnHour,
      runs_an_hour_a_target: limits.runsAnHourATarget,
      most_targets: limits.mostTargets,
      cooldown_ms: limits.cooldownMs,
      longest_cooldown_ms: limits.longestCooldownMs,
      approval_ms: limits.approvalMs,
      definition: {
        title: action.title,
        description: action.description,
        on: action.on,
        undo: action.undo === 'irreversible' ? 'irreversible' : action.undo.describe,
        timeout_ms: limits.timeoutMs,
        hold_ms: limits.holdMs,
        verify_ms: limits.verifyMs,
      },
    };
  });
  await on.query(sql`
    with declared as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as d (name text, source text, ceiling text, idempotent boolean, approver text,
        runs_an_hour integer, runs_an_hour_a_target integer, most_targets integer, cooldown_ms bigint, longest_cooldown_ms bigint,
        approval_ms bigint, definition jsonb)
    ), retired as (
      update muster.recovery_actions set retired_at = clock_timestamp()
      where retired_at is null and name not in (select name from declared)
    )
    insert into muster.recovery_actions as a (name, source, definition, ceiling, idempotent, approver, runs_an_hour, runs_an_hour_a_target,
      most_targets, cooldown_ms, longest_cooldown_ms, approval_ms)
    select name, source, definition, ceiling, idempotent, approver, runs_an_hour, runs_an_hour_a_target,
      most_targets, cooldown_ms, longest_cooldown_ms, approval_ms
    from declared
    on conflict (name) do update set source = excluded.source, definition = excluded.definition, ceiling = excluded.ceiling,
      idempotent = excluded.idempotent, approver = excluded.approver, runs_an_hour = excluded.runs_an_hour,
      runs_an_hour_a_target = excluded.runs_an_hour_a_target, most_targets = excluded.most_targets, cooldown_ms = excluded.cooldown_ms,
      longest_cooldown_ms = excluded.longest_cooldown_ms, approval_ms = excluded.approval_ms, retired_at = null`);
}

/** Sets how far an action may go by itself, for alerts of one level or of any. Throws NOT_FOUND, or CONFLICT above its ceiling. */
export async function setMode(on: Queryable, name: string, mode: Mode, level: Level | 'any', by: string): Promise<ActionRow> {
  const { ceiling } = await getAction(on, name);
  if (isAbove(mode, ceiling))
    throw new MusterError('CONFLICT', `${name} is never more than ${ceiling}: what it does cannot be taken back, or takes data away`, {
      remedy: `Set it to ${ceiling}, or lower.`,
    });
  // For any level means for every one: what was set for single levels is forgotten.
  await on.query(sql`
    update muster.recovery_actions
    set modes = case when ${level} = 'any' then '{}'::jsonb else modes end || jsonb_build_object(${level}::text, ${mode}::text),
      updated_by = ${by}, updated_at = clock_timestamp()
    where name = ${name}`);
  return getAction(on, name);
}

/** Lets an action go on that was stopped because it did not help. */
export async function resume(on: Queryable, name: string, by: string): Promise<ActionRow> {
  await getAction(on, name);
  await on.query(sql`
    update muster.recovery_actions
    set stopped_at = null, stopped_reason = null, resumed_at = clock_timestamp(), updated_by = ${by}, updated_at = clock_timestamp()
    where name = ${name} and stopped_at is not null`);
  return getAction(on, name);
}

export interface Settings {
  readonly halted_at: number | null;
  readonly halted_by: string | null;
  readonly runs_an_hour: number;
  readonly runs_at_once: number;
  readonly most_unhealthy_percent: number;
}

export async function getSettings(on: Queryable): Promise<Settings> {
  const { rows } = await on.query<Settings>(sql`
    select (extract(epoch from halted_at) * 1000)::float8 as halted_at, halted_by, runs_an_hour, runs_at_once, most_unhealthy_percent
    from muster.recovery_settings`);
  if (rows[0] === undefined) throw new MusterError('INTERNAL', 'the row of recovery_settings is gone');
  return rows[0];
}

export interface SettingsChange {
  readonly halted?: boolean | undefined;
  readonly runs_an_hour?: number | undefined;
  readonly runs_at_once?: number | undefined;
  readonly most_unhealthy_percent?: number | undefined;
}

export async function changeSettings(on: Queryable, change: SettingsChange, by: string): Promise<Settings> {
  await on.query(sql`
    update muster.recovery_settings set
      halted_at = case when ${change.halted ?? null}::boolean then coalesce(halted_at, clock_timestamp())
                       when ${change.halted ?? null}::boolean is null then halted_at end,
      halted_by = case when ${change.halted ?? null}::boolean then coalesce(halted_by, ${by})
                       when ${change.halted ?? null}::boolean is null then halted_by end,
      runs_an_hour = coalesce(${change.runs_an_hour ?? null}::int, runs_an_hour),
      runs_at_once = coalesce(${change.runs_at_once ?? null}::int, runs_at_once),
      most_unhealthy_percent = coalesce(${change.most_unhealthy_percent ?? null}::int, most_unhealthy_percent),
      updated_at = clock_timestamp()`);
  return getSettings(on);
}
