import { isoTime, isoTimeOrNull } from '../../../http/time.ts';
import type { Queryable } from '../../../db/database.ts';
import { raw, sql } from '../../../db/sql.ts';
import type { Escalation } from './escalation.ts';
import type { PolicyDocument } from './policy.ts';

/** All that escalations are decided on, but for the alerts. */
export interface EscalationWorld {
  /** Those that are not over, and those of incidents that are open. */
  readonly open: readonly Escalation[];
  readonly policies: ReadonlyMap<string, PolicyDocument>;
  readonly byRule: ReadonlyMap<string, string>;
  readonly turns: ReadonlyMap<string, number>;
}

const COLUMNS = raw(`e.escalation_id as "escalationId", e.incident_id as "incidentId", e.policy, e.by_hand as "byHand", e.state, e.level,
  e.step, e.round, e.turn::float8 as turn, e.taken, (extract(epoch from e.started_at) * 1000)::float8 as "startedAt",
  (extract(epoch from e.due_at) * 1000)::float8 as "dueAt"`);

/** Undefined: there is no policy and nothing under way, as in most fleets. With `lock` nobody else moves a timer meanwhile. */
export async function readEscalations(db: Queryable, lock: boolean): Promise<EscalationWorld | undefined> {
  // Most looks are over here: one statement beside those of the alerts.
  const any = await db.query<{ any: boolean }>(sql`
    select exists (select from muster.escalation_policies) or exists (select from muster.escalations where state <> 'resolved') as any`);
  if (any.rows[0]?.any !== true) return undefined;
  const policies = await db.query<{ definition: PolicyDocument; turn: number }>(
    sql`select definition, turn::float8 as turn from muster.escalation_policies order by name limit 1000`,
  );
  const open = await db.query<Escalation>(sql`
    select ${COLUMNS} from muster.escalations e
    where e.state <> 'resolved' or e.incident_id in (select incident_id from muster.incidents where state = 'open')
    order by e.escalation_id ${raw(lock ? 'for update' : '')}`);
  const rules = await db.query<{ name: string; policy: string }>(
    sql`select name, definition ->> 'escalation' as policy from muster.alert_rules where definition ->> 'escalation' is not null`,
  );
  return {
    open: open.rows,
    policies: new Map(policies.rows.map(({ definition }) => [definition.name, definition])),
    byRule: new Map(rules.rows.map(({ name, policy }) => [name, policy])),
    turns: new Map(policies.rows.map(({ definition, turn }) => [definition.name, turn])),
  };
}

/** Timers and all else of escalations: in the transaction that puts their messages into the outbox. */
export async function writeEscalations(tx: Queryable, escalations: readonly Escalation[]): Promise<void> {
  if (escalations.length === 0) return;
  const rows = escalations.map((each) => ({
    escalation_id: each.escalationId,
    incident_id: each.incidentId,
    policy: each.policy,
    by_hand: each.byHand,
    state: each.state,
    level: each.level,
    step: each.step,
    round: each.round,
    turn: each.turn,
    taken: each.taken,
    started_at: isoTime(each.startedAt),
    due_at: isoTimeOrNull(each.dueAt),
  }));
  // A policy counts the escalations that begin by it: whoever rotates goes on from there.
  await tx.query(sql`
    with given as (
      select * from jsonb_populate_recordset(null::muster.escalations, ${JSON.stringify(rows)}::jsonb)
    ), written as (
      insert into muster.escalations as e (escalation_id, incident_id, policy, by_hand, state, level, step, round, turn, taken, started_at, due_at, updated_at)
      select escalation_id, incident_id, policy, by_hand, state, level, step, round, turn, taken, started_at, due_at, clock_timestamp() from given
      on conflict (incident_id, policy) do update set
        state = excluded.state, level = excluded.level, step = excluded.step, round = excluded.round, taken = excluded.taken,
        due_at = excluded.due_at, updated_at = excluded.updated_at
      returning e.policy, e.xmax = 0 as is_new
    )
    update muster.escalation_policies p set turn = p.turn + n.count
    from (select policy, count(*) as count from written where is_new group by policy) n where n.policy = p.name`);
}

export interface EscalationRecord extends Escalation {
  readonly updatedAt: number;
  readonly title: string;
  readonly place: string;
}

/** Newest first. */
export async function listEscalations(
  db: Queryable,
  filter: { readonly state?: string | undefined; readonly incidentId?: string | undefined },
  page: { readonly limit: number; readonly before?: { readonly at: string; readonly id: string } | undefined },
): Promise<readonly EscalationRecord[]> {
  const { rows } = await db.query<EscalationRecord>(sql`
    select ${COLUMNS}, (extract(epoch from e.updated_at) * 1000)::float8 as "updatedAt", i.title, e.started_at::text as place
    from muster.escalations e join muster.incidents i using (incident_id)
    where (${filter.state ?? null}::text is null or e.state = ${filter.state ?? null})
      and (${filter.incidentId ?? null}::uuid is null or e.incident_id = ${filter.incidentId ?? null}::uuid)
      and (${page.before?.at ?? null}::timestamptz is null
        or (e.started_at, e.escalation_id) < (${page.before?.at ?? null}::timestamptz, ${page.before?.id ?? null}::uuid))
    order by e.started_at desc, e.escalation_id desc limit ${page.limit}`);
  return rows;
}

/** Escalates an incident by a policy from its first step on, by hand. False: there is no such incident open. */
export async function escalateByHand(db: Queryable, incidentId: string, policy: string, firstWaitMs: number): Promise<boolean> {
  const { count } = await db.query(sql`
    insert into muster.escalations as e (incident_id, policy, by_hand, state, level, started_at, due_at, updated_at)
    select i.incident_id, ${policy}, true, 'waiting', i.level, t.at, t.at + ${firstWaitMs}::float8 * interval '1 millisecond', t.at
    from muster.incidents i, (select clock_timestamp() as at) t
    where i.incident_id = ${incidentId}::uuid and i.state = 'open'
    on conflict (incident_id, policy) do update set
      by_hand = true, state = 'waiting', level = excluded.level, step = 0, round = 0, due_at = excluded.due_at, updated_at = excluded.updated_at`);
  return count > 0;
}
