import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { invalid, type FieldError } from '../../../http/problem.ts';
import { targetOf, type PolicyDocument } from './policy.ts';
import type { ScheduleDocument } from './schedule.ts';

/** Throws INVALID_INPUT where a schedule names people who are not there. */
export async function requirePeople(db: Queryable, { layers }: ScheduleDocument): Promise<void> {
  const known = await names(db, sql`select name from muster.people`);
  refuse(
    layers.flatMap(({ people }, layer) =>
      people.flatMap((name, index) => (known.has(name) ? [] : [unknown(`/layers/${layer}/people/${index}`, 'person', name)])),
    ),
  );
}

/** Throws INVALID_INPUT where a policy names a channel, a person or a schedule that is not there. */
export async function requireTargets(db: Queryable, { steps }: PolicyDocument): Promise<void> {
  const known = {
    channel: await names(db, sql`select name from muster.channels`),
    person: await names(db, sql`select name from muster.people`),
    schedule: await names(db, sql`select name from muster.oncall_schedules`),
  };
  refuse(
    steps.flatMap(({ notify }, step) =>
      notify
        .map(targetOf)
        .flatMap(({ kind, name }, index) => (known[kind].has(name) ? [] : [unknown(`/steps/${step}/notify/${index}`, kind, name)])),
    ),
  );
}

/** What names something, so that it cannot go: one plain line each. */
export async function usersOf(db: Queryable, kind: 'person' | 'schedule' | 'escalation policy', name: string): Promise<readonly string[]> {
  const schedules = sql`select 'schedule ' || name as name from muster.oncall_schedules
    where exists (select from jsonb_array_elements(definition -> 'layers') l where l -> 'people' ? ${name})`;
  const policies = (target: string) => sql`select 'escalation policy ' || name as name from muster.escalation_policies
    where exists (select from jsonb_array_elements(definition -> 'steps') s where s -> 'notify' ? ${target})`;
  const rules = sql`select 'rule ' || name as name from muster.alert_rules where definition ->> 'escalation' = ${name}`;
  if (kind === 'escalation policy') return [...(await names(db, rules))];
  if (kind === 'schedule') return [...(await names(db, policies(`schedule:${name}`)))];
  return [...(await names(db, schedules)), ...(await names(db, policies(`person:${name}`)))];
}

async function names(db: Queryable, statement: ReturnType<typeof sql>): Promise<ReadonlySet<string>> {
  return new Set((await db.query<{ name: string }>(statement)).rows.map(({ name }) => name));
}

const unknown = (pointer: string, kind: string, name: string): FieldError => ({
  pointer,
  code: 'unknown',
  message: `there is no ${kind} "${name}"`,
});

function refuse(faults: readonly FieldError[]): void {
  if (faults.length > 0) throw invalid(faults);
}
