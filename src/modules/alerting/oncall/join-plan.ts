import { randomUUID } from 'node:crypto';
import type { Queryable } from '../../../db/database.ts';
import type { Alert } from '../alerts/alert.ts';
import type { Plan, World } from '../alerts/plan.ts';
import { escalate } from './escalate.ts';
import { follow, type Escalation } from './escalation.ts';
import { readEscalations } from './escalation-store.ts';
import { readRoster } from './roster-store.ts';

export interface JoinedPlan {
  /** With what escalations add to it. */
  readonly plan: Plan;
  /** To be written with it. */
  readonly escalations: readonly Escalation[];
}

/**
 * What escalations make of a plan: they follow the alerts as it leaves them. With `lock`, in the transaction that writes it; without,
 * only to find out whether there is anything to do.
 */
export async function joinEscalations(db: Queryable, world: World, plan: Plan, { lock }: { readonly lock: boolean }): Promise<JoinedPlan> {
  const known = await readEscalations(db, lock);
  if (known === undefined) return { plan, escalations: [] };
  const { now } = world;
  const firing = firingAfter(world, plan);
  const turns = new Map(known.turns);
  const turnOf = (policy: string): number => {
    const turn = turns.get(policy) ?? 0;
    turns.set(policy, turn + 1);
    return turn;
  };
  const { changed, due } = follow(firing, known.open, now, { ...known, newId: randomUUID, turnOf });
  const incidents = new Map([...world.incidents, ...plan.incidents].map((incident) => [incident.incidentId, incident]));
  const taken = due.length === 0 ? undefined : escalate(due, await readRoster(db, now, now + 1), { firing, incidents, now });
  const escalations = byId([...changed, ...(taken?.escalations ?? [])], ({ escalationId }) => escalationId);
  const timers = byId([...known.open, ...escalations], ({ escalationId }) => escalationId).flatMap(({ dueAt }) => dueAt ?? []);
  const nextAt = Math.min(plan.nextAt ?? Infinity, ...timers);
  return {
    escalations,
    plan: {
      ...plan,
      alerts: byId([...plan.alerts, ...(taken?.alerts ?? [])], ({ alertId }) => alertId),
      transitions: [...plan.transitions, ...(taken?.transitions ?? [])],
      notifications: [...plan.notifications, ...(taken?.notifications ?? [])],
      nextAt: nextAt === Infinity ? undefined : nextAt,
    },
  };
}

function firingAfter(world: World, plan: Plan): readonly Alert[] {
  return byId([...world.firing, ...plan.alerts], ({ alertId }) => alertId).filter(({ state }) => state === 'firing');
}

/** Of those with one id the last. */
const byId = <Item>(items: readonly Item[], idOf: (item: Item) => string): readonly Item[] => [
  ...new Map(items.map((item) => [idOf(item), item])).values(),
];
