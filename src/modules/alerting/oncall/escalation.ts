import { durationMs } from '../../../base/duration.ts';
import { gravest, rankOf, type Alert } from '../alerts/alert.ts';
import type { Level } from '../delivery/notification.ts';
import { targetOf, type PolicyDocument, type Target } from './policy.ts';

/** One policy at work for one incident. Times are milliseconds since 1970. */
export interface Escalation {
  readonly escalationId: string;
  readonly incidentId: string;
  readonly policy: string;
  /** Somebody asked for it: it is about all alerts of the incident. */
  readonly byHand: boolean;
  readonly state: 'waiting' | 'acknowledged' | 'quiet' | 'exhausted' | 'resolved';
  readonly level: Level;
  /** Taken next; counted from 0, as rounds are. */
  readonly step: number;
  readonly round: number;
  /** Where steps that rotate begin. */
  readonly turn: number;
  /** Steps taken in all. */
  readonly taken: number;
  readonly startedAt: number;
  /** When the next step is taken; null unless it waits for one. */
  readonly dueAt: number | null;
}

/** A step that is to be taken now. */
export interface DueStep {
  readonly escalation: Escalation;
  readonly policy: PolicyDocument;
  readonly targets: readonly Target[];
  /** The gravest of those that nobody has: it is what is told. */
  readonly alert: Alert;
}

export interface FollowSettings {
  /** Which policies there are. */
  readonly policies: ReadonlyMap<string, PolicyDocument>;
  /** The policy that a rule names. */
  readonly byRule: ReadonlyMap<string, string>;
  readonly newId: () => string;
  /** How many escalations of a policy began before. */
  readonly turnOf: (policy: string) => number;
}

export interface Followed {
  /** Those that are new or changed, as they are before their due steps are taken. */
  readonly changed: readonly Escalation[];
  readonly due: readonly DueStep[];
}

/**
 * Starts escalations for alerts that nobody has, holds those that somebody took on, ends those that are over, and finds the steps
 * that are due. One step a time: what was missed while nobody looked is not made up for. Pure, but for the ids.
 */
export function follow(firing: readonly Alert[], open: readonly Escalation[], now: number, settings: FollowSettings): Followed {
  const cases = casesOf(firing, open, settings);
  const changed: Escalation[] = [];
  const due: DueStep[] = [];
  for (const { alerts, before, policy: name } of cases.values()) {
    const policy = settings.policies.get(name);
    const after = next({ alerts, before, name, policy, now, settings });
    if (after === undefined) continue;
    if (after !== before) changed.push(after);
    const alert = gravestOf(alerts.filter(needsSomebody));
    if (policy === undefined || alert === undefined || after.dueAt === null || after.dueAt > now) continue;
    const targets = targetsOf(policy, after);
    if (targets.length > 0) due.push({ escalation: after, policy, targets, alert });
  }
  return { changed, due };
}

/** The escalation after its step was taken at `now`. A step that reached nobody leaves no wait behind it. */
export function afterStep({ escalation, policy }: DueStep, now: number, reached: boolean): Escalation {
  const { round, step, taken } = escalation;
  const isLast = step + 1 >= policy.steps.length;
  const after = { ...escalation, step: isLast ? 0 : step + 1, round: isLast ? round + 1 : round, taken: taken + 1 };
  if (isLast && round >= policy.repeat) return { ...after, step, round, state: 'exhausted', dueAt: null };
  const waitMs = durationMs(policy.steps[after.step]?.wait ?? '5m');
  return { ...after, dueAt: now + (reached || isLast ? waitMs : 0) };
}

interface Case {
  readonly policy: string;
  readonly before: Escalation | undefined;
  /** What fires of the incident and is the policy's affair. */
  readonly alerts: readonly Alert[];
}

function casesOf(firing: readonly Alert[], open: readonly Escalation[], settings: FollowSettings): ReadonlyMap<string, Case> {
  const cases = new Map<string, { readonly policy: string; readonly before: Escalation | undefined; readonly alerts: Alert[] }>();
  const byHand = new Map<string, Escalation[]>();
  for (const escalation of open) {
    const { incidentId, policy } = escalation;
    cases.set(`${incidentId} ${policy}`, { policy, before: escalation, alerts: [] });
    if (escalation.byHand) byHand.set(incidentId, [...(byHand.get(incidentId) ?? []), escalation]);
  }
  const byDefault = [...settings.policies.values()].find((policy) => policy.default);
  for (const alert of firing) {
    const name = alert.labels['escalation'] ?? settings.byRule.get(alert.rule) ?? byDefault?.name;
    const levels: readonly Level[] = name === undefined ? [] : (settings.policies.get(name)?.levels ?? []);
    const policies = new Set((byHand.get(alert.incidentId) ?? []).map(({ policy }) => policy));
    if (name !== undefined && levels.includes(alert.level)) policies.add(name);
    for (const policy of policies) {
      const key = `${alert.incidentId} ${policy}`;
      const known = cases.get(key);
      if (known === undefined) cases.set(key, { policy, before: undefined, alerts: [alert] });
      else known.alerts.push(alert);
    }
  }
  return cases;
}

/**
 * Nobody has it, nothing keeps it quiet, and it speaks for itself: an alert that joined its incident without a word is in the hands of
 * whoever has the one that was told.
 */
function needsSomebody({ acknowledgedBy, channels, suppression, toldOn }: Alert): boolean {
  return acknowledgedBy === null && suppression === null && (toldOn.length > 0 || channels.length === 0);
}

const gravestOf = (alerts: readonly Alert[]): Alert | undefined =>
  alerts.toSorted((a, b) => rankOf(b.level) - rankOf(a.level) || a.detectedAt - b.detectedAt)[0];

interface Situation {
  readonly alerts: readonly Alert[];
  readonly before: Escalation | undefined;
  readonly name: string;
  readonly policy: PolicyDocument | undefined;
  readonly now: number;
  readonly settings: FollowSettings;
}

/** Undefined: there is none, and none begins. */
function next({ alerts, before, name, now, policy, settings }: Situation): Escalation | undefined {
  const waiting = alerts.filter(needsSomebody);
  if (waiting.length === 0 || policy === undefined) {
    if (before === undefined) return undefined;
    const state = stateWithout(alerts, policy !== undefined);
    return before.state === state ? before : { ...before, state, dueAt: null };
  }
  const level = waiting.map((alert) => alert.level).reduce(gravest);
  const begin = { step: 0, round: 0, state: 'waiting', level, dueAt: now + durationMs(policy.steps[0]?.wait ?? '5m') } as const;
  if (before === undefined) {
    const turn = settings.turnOf(name);
    return {
      escalationId: settings.newId(),
      incidentId: waiting[0]?.incidentId ?? '',
      policy: name,
      byHand: false,
      turn,
      taken: 0,
      startedAt: now,
      ...begin,
    };
  }
  const isWorse = rankOf(level) > rankOf(before.level);
  // Whoever had it has it no more, or it is another problem now: from the first step.
  if (isWorse || !['waiting', 'exhausted'].includes(before.state)) return { ...before, ...begin };
  // A policy that got shorter meanwhile.
  if (before.state === 'waiting' && before.step >= policy.steps.length) return { ...before, state: 'exhausted', dueAt: null };
  return before;
}

function stateWithout(alerts: readonly Alert[], hasPolicy: boolean): Escalation['state'] {
  if (alerts.length === 0 || !hasPolicy) return 'resolved';
  return alerts.some(({ acknowledgedBy }) => acknowledgedBy !== null) ? 'acknowledged' : 'quiet';
}

function targetsOf(policy: PolicyDocument, { round, step, turn }: Escalation): readonly Target[] {
  const { notify = [], rotate = false } = policy.steps[step] ?? {};
  const chosen = rotate ? notify.slice((turn + round) % notify.length).slice(0, 1) : notify;
  return chosen.map(targetOf);
}
