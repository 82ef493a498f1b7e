import { MusterError } from '../../base/errors.ts';
import type { Database } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import {
  limitsOf,
  parseTarget,
  printPlan,
  type LookSite,
  type PrintedStep,
  type RecoveryAction,
  type Symptom,
  type Target,
} from './action.ts';
import { getAction } from './catalogue.ts';
import { findTargets, measure, type Found } from './targets.ts';
import { lookingOnly } from './looking-only.ts';
import type { Level, Mode } from './mode.ts';
import { getRun, propose, RUN_COLUMNS, type Run, type RunState } from './runs.ts';

/** What an action would do now, and what would hold it back; nothing of it is stored or done. */
export interface DryRun {
  readonly action: string;
  readonly targets: readonly {
    readonly target: string;
    readonly group: string;
    readonly plan: readonly PrintedStep[];
    readonly symptom: Symptom | null;
    /** Null: it would run by itself. */
    readonly held_by: string | null;
  }[];
  readonly refused: string | null;
  readonly undo: string;
}

export type FindAction = (name: string) => RecoveryAction | undefined;

/** Throws NOT_FOUND, and CONFLICT where this process does not have the code of the action. */
function codeOf(find: FindAction, name: string): RecoveryAction {
  const action = find(name);
  if (action === undefined)
    throw new MusterError('CONFLICT', `the code of ${name} is not on this server`, {
      remedy: 'Start the server with the same --agents as the hosts.',
    });
  return action;
}

const targetsOf = (site: LookSite, action: RecoveryAction, target: string, level: Level, most: number): Promise<Found> =>
  findTargets(site, action, { labels: parseTarget(target), level }, most);

export async function dryRun(database: Database, find: FindAction, name: string, target: string, level: Level): Promise<DryRun> {
  const row = await getAction(database, name);
  const action = codeOf(find, name);
  const site = { database: lookingOnly(database) };
  const { refused, targets } = await targetsOf(site, action, target, level, row.most_targets);
  const shown = await Promise.all(
    targets.slice(0, 100).map(async (one) => ({
      target: one.target,
      group: one.group,
      plan: printPlan(action.steps(one)),
      symptom: (await measure(site, action, one)) ?? null,
      held_by: await railOf(database, name, one, level),
    })),
  );
  return { action: name, targets: shown, refused: refused?.reason ?? null, undo: row.definition.undo };
}

/** The rail that would hold such a run back if it were proposed now. */
async function railOf(database: Database, action: string, { group, members, target }: Target, level: Level): Promise<string | null> {
  const run = {
    run_id: null,
    action,
    target,
    target_group: group,
    level,
    state: 'proposed',
    members: members?.total ?? null,
    unhealthy: members?.unhealthy ?? null,
  };
  const row = await database.one<{ rail: string | null }>(sql`
    select muster.recovery_rail(jsonb_populate_record(null::muster.recovery_runs,
      ${JSON.stringify(run)}::jsonb || jsonb_build_object('run_id', gen_random_uuid(), 'expires_at', clock_timestamp() + interval '1 hour'))) as rail`);
  return row?.rail ?? null;
}

export interface ProposalByHand {
  readonly action: string;
  readonly target: string;
  readonly level: Level;
  readonly because: string;
  readonly by: string;
  /** The same key twice is the same run. */
  readonly idempotencyKey: string;
}

/** Proposes runs for what a person names. Throws CONFLICT where the list of targets is empty or too long, or a run is open. */
export async function proposeByHand(database: Database, find: FindAction, asked: ProposalByHand): Promise<readonly Run[]> {
  const row = await getAction(database, asked.action);
  const action = codeOf(find, asked.action);
  if (action.symptom === undefined)
    throw new MusterError('CONFLICT', `${asked.action} measures nothing of its own: whether it helped is told by an alert alone`, {
      remedy: 'Let a rule fire that it is bound to.',
    });
  const site = { database: lookingOnly(database) };
  const { refused, targets } = await targetsOf(site, action, asked.target, asked.level, row.most_targets);
  if (refused !== null)
    throw new MusterError('CONFLICT', `${asked.action}: ${refused.reason}`, {
      remedy: 'Name the target more exactly; a dry run shows what is found.',
    });
  return database.transaction(async (tx) => {
    const made: Run[] = [];
    for (const target of targets) {
      const key = `${asked.by}/${asked.idempotencyKey}/${asked.action}/${target.target}`;
      const run =
        (await propose(tx, {
          idempotencyKey: key,
          action: asked.action,
          target,
          level: asked.level,
          alertId: undefined,
          rule: undefined,
          plan: printPlan(action.steps(target)),
          because: asked.because,
          by: asked.by,
          symptom: await measure(site, action, target),
          limits: limitsOf(action),
        })) ?? (await tx.query<Run>(sql`select ${RUN_COLUMNS} from muster.recovery_runs r where r.idempotency_key = ${key}`)).rows[0];
      if (run === undefined)
        throw new MusterError('CONFLICT', `a run of ${asked.action} at ${target.target} is open already`, {
          remedy: 'See `muster recovery runs`.',
        });
      made.push(run);
    }
    return made;
  });
}

/** Throws NOT_FOUND. */
export async function requireRun(database: Database, runId: string): Promise<Run> {
  const run = await getRun(database, runId);
  if (run === undefined)
    throw new MusterError('NOT_FOUND', `healing run ${runId} does not exist`, { remedy: 'See `muster recovery runs`.' });
  return run;
}

/** Agrees to a proposal. Throws CONFLICT where it is no proposal any more, has expired, or its mode lets nobody. */
export async function approve(database: Database, runId: string, by: string): Promise<Run> {
  const { rows } = await database.query<{ mode: Mode }>(sql`
    with approved as (
      update muster.recovery_runs r set state = 'approved', decided_by = ${by}, decided_at = clock_timestamp(), held_by = null
      from muster.recovery_actions a
      where r.run_id = ${runId}::uuid and a.name = r.action and r.state = 'proposed' and r.expires_at > clock_timestamp()
        and a.retired_at is null and muster.recovery_mode(a, r.level) in ('approve', 'auto')
      returning 1
    )
    select 'auto' as mode from approved`);
  const run = await requireRun(database, runId);
  if (rows.length > 0) return run;
  const mode = await database.one<{ mode: Mode }>(sql`
    select muster.recovery_mode(a, ${run.level}) as mode from muster.recovery_actions a where a.name = ${run.action}`);
  if (run.state !== 'proposed')
    throw new MusterError('CONFLICT', `the run is ${run.state}`, { remedy: 'Only a proposal can be approved.' });
  if (run.expires_at <= run.now)
    throw new MusterError('CONFLICT', 'the proposal has expired', { remedy: 'It is made anew while its alert fires.' });
  throw new MusterError('CONFLICT', `the mode of ${run.action} is ${mode?.mode ?? 'off'}: it only says what would help`, {
    remedy: `muster recovery mode ${run.action} approve`,
  });
}

export async function reject(database: Database, runId: string, by: string, reason: string): Promise<Run> {
  const { count } = await database.query(sql`
    update muster.recovery_runs
    set state = 'rejected', decided_by = ${by}, decided_at = clock_timestamp(), reason = ${reason}, finished_at = clock_timestamp(), held_by = null
    where run_id = ${runId}::uuid and state in ('proposed', 'approved')`);
  const run = await requireRun(database, runId);
  if (count === 0) throw new MusterError('CONFLICT', `the run is ${run.state}`, { remedy: 'Only what has not begun can be rejected.' });
  return run;
}

/** Asks for a finished run to be undone, by the undo its action declares. */
export async function requestUndo(database: Database, runId: string, by: string): Promise<Run> {
  const run = await requireRun(database, runId);
  const { definition } = await getAction(database, run.action);
  if (definition.undo === 'irreversible')
    throw new MusterError('CONFLICT', `${run.action} is declared irreversible`, { remedy: 'There is nothing that would take it back.' });
  const { count } = await database.query(sql`
    update muster.recovery_runs set undo = 'requested', undo_by = ${by}, undo_at = clock_timestamp(), undo_error = null
    where run_id = ${runId}::uuid and acted_at is not null and state in ('effective', 'ineffective', 'failed') and (undo is null or undo = 'failed')`);
  if (count === 0)
    throw new MusterError('CONFLICT', run.undo === null ? `the run is ${run.state}` : `its undo is ${run.undo}`, {
      remedy: 'Only what was carried out and is finished can be undone, once.',
    });
  return requireRun(database, runId);
}

export interface RunFilter {
  readonly state?: RunState | undefined;
  readonly action?: string | undefined;
  readonly target?: string | undefined;
  readonly alertId?: string | undefined;
}

/** Newest first. `after` is the place of the last one of the page before. */
export async function listRuns(
  database: Database,
  filter: RunFilter,
  page: { readonly limit: number; readonly after?: string | undefined },
): Promise<readonly Run[]> {
  const [at, id] = page.after?.split(' / ') ?? [];
  const { rows } = await database.query<Run>(sql`
    select ${RUN_COLUMNS} from muster.recovery_runs r
    where (${filter.state ?? null}::text is null or r.state = ${filter.state ?? null})
      and (${filter.action ?? null}::text is null or r.action = ${filter.action ?? null})
      and (${filter.target ?? null}::text is null or r.target = ${filter.target ?? null})
      and (${filter.alertId ?? null}::uuid is null or r.alert_id = ${filter.alertId ?? null}::uuid)
      and (${at ?? null}::timestamptz is null or (r.proposed_at, r.run_id) < (${at ?? null}::timestamptz, ${id ?? null}::uuid))
    order by r.proposed_at desc, r.run_id desc
    limit ${page.limit}`);
  return rows;
}

/** Where a list goes on after this run. */
export const placeOf = (run: Run): string => `${run.proposed} / ${run.run_id}`;

export interface RunStep {
  readonly at: number;
  readonly state: string;
  readonly by: string | null;
  readonly note: string | null;
}

export async function stepsOf(database: Database, runId: string): Promise<readonly RunStep[]> {
  const { rows } = await database.query<RunStep>(sql`
    select (extract(epoch from at) * 1000)::float8 as at, state, by, note from muster.recovery_steps where run_id = ${runId}::uuid order by seq`);
  return rows;
}
