import { formatDuration } from '../../../base/duration.ts';
import type { Alert, Transition } from '../alerts/alert.ts';
import type { Incident } from '../alerts/incident.ts';
import { documentOf } from '../alerts/message.ts';
import type { NewNotification } from '../delivery/notification.ts';
import { afterStep, type DueStep, type Escalation } from './escalation.ts';
import { reachOf, type Roster } from './roster.ts';

export interface Escalated {
  readonly escalations: readonly Escalation[];
  readonly alerts: readonly Alert[];
  readonly transitions: readonly Transition[];
  readonly notifications: readonly NewNotification[];
}

/** Takes the steps that are due: whom they reach is told, and will be told when the alert is over. Pure. */
export function escalate(
  due: readonly DueStep[],
  roster: Roster,
  {
    firing,
    incidents,
    now,
  }: { readonly firing: readonly Alert[]; readonly incidents: ReadonlyMap<string, Incident>; readonly now: number },
): Escalated {
  const alerts = new Map<string, Alert>();
  const [escalations, transitions, notifications]: [Escalation[], Transition[], NewNotification[]] = [[], [], []];
  for (const step of due) {
    const { escalation, policy, targets } = step;
    const { channels, missing } = reachOf(targets, roster, now);
    const after = afterStep(step, now, channels.size > 0);
    escalations.push(after);
    const before = alerts.get(step.alert.alertId) ?? step.alert;
    const alert = { ...before, seq: before.seq + 1, updatedAt: now, toldOn: [...new Set([...before.toldOn, ...channels.keys()])] };
    alerts.set(alert.alertId, alert);
    const place = `step ${escalation.step + 1} of ${policy.steps.length}${policy.repeat > 0 ? `, round ${escalation.round + 1} of ${policy.repeat + 1}` : ''}`;
    const told = [...channels].map(([channel, people]) => (people.length === 0 ? channel : `${people.join(' and ')} (${channel})`));
    transitions.push({
      alertId: alert.alertId,
      seq: alert.seq,
      at: now,
      kind: 'escalated',
      level: alert.level,
      actor: null,
      note: [`policy ${policy.name}, ${place}: ${told.length === 0 ? 'nobody told' : `told ${told.join(', ')}`}`, ...missing].join('; '),
    });
    const incident = incidents.get(alert.incidentId);
    if (incident === undefined) continue;
    const others = firing.filter(({ alertId, incidentId }) => incidentId === alert.incidentId && alertId !== alert.alertId).length;
    const document = documentOf({ alert, tell: 'reminder', incident, others, now });
    for (const [channel, people] of channels)
      notifications.push({
        channel,
        kind: 'escalated',
        level: alert.level,
        alertId: alert.alertId,
        incidentId: incident.incidentId,
        seq: alert.seq,
        step: after.taken,
        document: {
          ...document,
          text: [
            `Nobody has it, ${formatDuration(Math.max(1_000, Math.round((now - escalation.startedAt) / 1_000) * 1_000))} after escalation began (policy ${policy.name}, ${place}).`,
            ...(people.length === 0 ? [] : [`For ${people.join(' and ')}.`]),
            document.text,
          ].join('\n'),
          details: {
            ...document.details,
            escalation: { policy: policy.name, step: escalation.step + 1, round: escalation.round + 1, people },
          },
        },
      });
  }
  return { escalations, alerts: [...alerts.values()], transitions, notifications };
}
