import type { Level, NewNotification } from '../delivery/notification.ts';
import { dedupKeyOf, gravest, rankOf, type Alert, type Suppression, type Transition } from './alert.ts';
import { causeOf, explainedBy, Roots, subjectsOf, type Topology } from './dependencies.ts';
import { ratesFor, type BusinessRates } from './impact.ts';
import { Coverage, type Incident } from './incident.ts';
import { advance, nextTimer, type Step, type Tell } from './life-cycle.ts';
import { documentOf } from './message.ts';
import { nextChange, quietOf, type MaintenanceWindow, type Silence } from './quiet.ts';
import type { RuleFacts, Verdict } from './verdict.ts';

/** Alerts that fire at once at most. */
export const MOST_FIRING = 50_000;

/** All that is known when a batch of verdicts comes. */
export interface World {
  readonly now: number;
  /** Every alert that fires. */
  readonly firing: readonly Alert[];
  /** Open ones. */
  readonly incidents: readonly Incident[];
  readonly silences: readonly Silence[];
  readonly windows: readonly MaintenanceWindow[];
  readonly topology: Topology;
  /** Where rules that name no channel are heard. */
  readonly defaultChannels: readonly string[];
}

export interface PlanSettings {
  readonly groupWaitMs: number;
  readonly settleMs: number;
  /** An alert joins without a word where its incident was told of this lately; after that it is news. */
  readonly joinMs: number;
  readonly business: BusinessRates;
  /** From this level on the alerts of rules that name no channel are told, on these. */
  readonly tellFrom: Level;
  readonly newId: () => string;
}

/** What a batch changes: written in one transaction. */
export interface Plan {
  readonly alerts: readonly Alert[];
  readonly transitions: readonly Transition[];
  readonly incidents: readonly Incident[];
  /** The ids of those that are new. */
  readonly opened: ReadonlySet<string>;
  readonly notifications: readonly NewNotification[];
  /** Faults that got no alert, because too many fire. */
  readonly refused: number;
  /** When there is something to do without anything new. */
  readonly nextAt: number | undefined;
}

/** What verdicts, silences, windows, dependencies and the time make of all alerts. Pure, but for the ids it gives. */
export function plan(world: World, verdicts: readonly Verdict[], rules: ReadonlyMap<string, RuleFacts>, settings: PlanSettings): Plan {
  const planner = new Planner(world, rules, settings);
  planner.take(verdicts);
  planner.move();
  planner.tell();
  planner.standIn();
  planner.update();
  planner.close();
  return planner.plan();
}

interface Pending {
  readonly alertId: string;
  readonly tell: Tell;
  readonly seq: number;
}

class Planner {
  readonly #world: World;
  readonly #rules: ReadonlyMap<string, RuleFacts>;
  readonly #settings: PlanSettings;
  readonly #before = new Map<string, Alert>();
  /** By id, as they are by now. */
  readonly #alerts = new Map<string, Alert>();
  readonly #verdicts = new Map<string, Verdict>();
  readonly #roots = new Roots();
  readonly #incidents = new Map<string, Incident>();
  readonly #openByCause = new Map<string, Incident>();
  readonly #changedIncidents = new Set<string>();
  readonly #transitions: Transition[] = [];
  readonly #pending: Pending[] = [];
  readonly #notifications: NewNotification[] = [];
  readonly #changed = new Set<string>();
  readonly #opened = new Set<string>();
  #refused = 0;
  /** How many alerts of an incident fire. */
  readonly #firing = new Map<string, number>();

  constructor(world: World, rules: ReadonlyMap<string, RuleFacts>, settings: PlanSettings) {
    this.#world = world;
    this.#rules = rules;
    this.#settings = settings;
    for (const alert of world.firing) {
      this.#before.set(alert.alertId, alert);
      this.#alerts.set(alert.alertId, alert);
    }
    for (const incident of world.incidents) {
      this.#incidents.set(incident.incidentId, incident);
      this.#openByCause.set(incident.cause, incident);
    }
  }

  /** Gives each verdict its alert; a fault that nobody had noticed gets one, in the incident of its cause. */
  take(verdicts: readonly Verdict[]): void {
    const byKey = new Map(this.#world.firing.map((alert) => [alert.dedupKey, alert]));
    const news: { readonly verdict: Verdict; readonly subjects: readonly string[] }[] = [];
    for (const verdict of verdicts) {
      const known = byKey.get(dedupKeyOf(verdict.rule, verdict.target));
      if (known !== undefined) this.#verdicts.set(known.alertId, verdict);
      else if (verdict.state === 'firing' && !verdict.isGone)
        news.push({ verdict, subjects: subjectsOf({ ...verdict, labels: labelsOfVerdict(verdict) }, this.#world.topology) });
    }
    for (const alert of this.#world.firing) this.#roots.add(afterVerdict(alert, this.#verdicts.get(alert.alertId)));
    // What others stand on first: it is the root of their incident.
    for (const { subjects, verdict } of news.toSorted((a, b) => a.subjects.length - b.subjects.length)) {
      const key = dedupKeyOf(verdict.rule, verdict.target);
      if (byKey.has(key)) continue;
      if (byKey.size >= MOST_FIRING) {
        this.#refused++;
        continue;
      }
      const alert = this.#open(verdict, subjects, this.#rules.get(verdict.rule));
      byKey.set(key, alert);
      this.#alerts.set(alert.alertId, alert);
      this.#roots.add(alert);
    }
  }

  #open(verdict: Verdict, subjects: readonly string[], rule: RuleFacts | undefined): Alert {
    const { newId } = this.#settings;
    const { now } = this.#world;
    const level = verdict.level ?? 'warning';
    const dedupKey = dedupKeyOf(verdict.rule, verdict.target);
    const alertId = newId();
    const summary = summaryOf(verdict, rule);
    const root = this.#roots.of({ level, subjects });
    const cause = causeOf(subjects, dedupKey);
    const known = (root === undefined ? undefined : this.#incidents.get(root.incidentId)) ?? this.#openByCause.get(cause);
    const incident: Incident =
      known === undefined
        ? {
            incidentId: newId(),
            cause,
            title: summary,
            state: 'open',
            level,
            startedAt: verdict.since,
            detectedAt: now,
            resolvedAt: null,
            alerts: 1,
            updateAt: null,
          }
        : {
            ...known,
            alerts: known.alerts + 1,
            startedAt: Math.min(known.startedAt, verdict.since),
            title: rankOf(level) > rankOf(known.level) ? summary : known.title,
            level: gravest(known.level, level),
          };
    if (known === undefined) this.#opened.add(incident.incidentId);
    this.#setIncident(incident);
    return {
      alertId,
      dedupKey,
      rule: verdict.rule,
      target: verdict.target,
      labels: verdict.labels,
      agentId: verdict.agentId === '' ? null : verdict.agentId,
      metricName: verdict.metricName,
      unit: verdict.unit,
      state: 'firing',
      level,
      verdict: 'firing',
      value: verdict.value,
      threshold: verdict.threshold,
      summary,
      explanation: verdict.explanation,
      runbook: runbookOf(rule),
      channels: this.#channelsOf(rule, level),
      subjects,
      incidentId: incident.incidentId,
      startedAt: Math.min(verdict.since, now),
      detectedAt: now,
      updatedAt: now,
      resolvedAt: null,
      acknowledgedBy: null,
      acknowledgedAt: null,
      acknowledgedUntil: null,
      suppression: null,
      toldLevel: null,
      toldAt: null,
      toldOn: [],
      tellAt: null,
      seq: 0,
      impact: ratesFor(level, this.#settings.business),
    };
  }

  #channelsOf(rule: RuleFacts | undefined, level: Level): readonly string[] {
    if (rule === undefined) return [];
    return rule.channels ?? (rankOf(level) >= rankOf(this.#settings.tellFrom) ? this.#world.defaultChannels : []);
  }

  #setIncident(incident: Incident): void {
    this.#incidents.set(incident.incidentId, incident);
    this.#openByCause.set(incident.cause, incident);
    this.#changedIncidents.add(incident.incidentId);
  }

  /** Moves every alert through this moment. */
  move(): void {
    const { groupWaitMs, settleMs } = this.#settings;
    for (const alert of this.#alerts.values()) {
      const verdict = this.#verdicts.get(alert.alertId);
      const step = advance(alert, {
        now: this.#world.now,
        verdict,
        suppression: this.#suppression(afterVerdict(alert, verdict)),
        groupWaitMs,
        settleMs,
      });
      this.#keep(alert, step);
    }
  }

  #suppression(alert: Alert): Suppression | null {
    const { now, silences, windows } = this.#world;
    const quiet = quietOf(labelsOfAlert(alert), silences, windows, now);
    const root = quiet === null ? this.#roots.of(alert) : undefined;
    return root === undefined ? quiet : explainedBy(root);
  }

  #keep(before: Alert, { alert, tells, transitions }: Step): void {
    const isSame =
      transitions.length === 0 &&
      tells.length === 0 &&
      before.verdict === alert.verdict &&
      Object.is(before.value, alert.value) &&
      before.explanation === alert.explanation &&
      before.tellAt === alert.tellAt &&
      before.suppression?.until === alert.suppression?.until &&
      before.suppression?.id === alert.suppression?.id;
    if (isSame) return;
    const leveled = alert.level === before.level ? alert : this.#atItsLevel(alert);
    this.#set(leveled);
    this.#transitions.push(...transitions);
    this.#pending.push(...tells.map(({ seq, tell }) => ({ alertId: alert.alertId, tell, seq })));
    const incident = this.#incidents.get(alert.incidentId);
    if (incident !== undefined && rankOf(alert.level) > rankOf(incident.level))
      this.#setIncident({ ...incident, level: alert.level, title: alert.summary });
  }

  /** Another level costs another rate, and may concern more people. Whoever was told stays concerned. */
  #atItsLevel(alert: Alert): Alert {
    const channels = [...new Set([...alert.channels, ...this.#channelsOf(this.#rules.get(alert.rule), alert.level)])];
    return { ...alert, channels, impact: ratesFor(alert.level, this.#settings.business) };
  }

  #set(alert: Alert): void {
    this.#alerts.set(alert.alertId, alert);
    this.#changed.add(alert.alertId);
  }

  /** The gravest first: it is the one that the others join. */
  tell(): void {
    for (const { incidentId, state } of this.#alerts.values())
      if (state === 'firing') this.#firing.set(incidentId, (this.#firing.get(incidentId) ?? 0) + 1);
    const coverage = new Coverage(this.#alerts.values());
    const since = this.#world.now - this.#settings.joinMs;
    const gravity = ({ alertId }: Pending): number => rankOf(this.#alerts.get(alertId)?.level ?? 'info');
    for (const pending of this.#pending.toSorted((a, b) => gravity(b) - gravity(a))) {
      const alert = this.#alerts.get(pending.alertId);
      if (alert === undefined) continue;
      if (pending.tell === 'resolved') {
        for (const channel of alert.toldOn) this.#notify(alert, channel, pending);
        continue;
      }
      // Who was told of this very alert hears what became of it.
      const uncovered =
        alert.toldOn.length > 0
          ? alert.channels
          : alert.channels.filter((channel) => !coverage.covers(alert.incidentId, channel, alert.level, since));
      if (uncovered.length === 0 && alert.channels.length > 0) {
        this.#join(alert);
        continue;
      }
      for (const channel of uncovered) this.#notify(alert, channel, pending);
      const told = { ...alert, toldOn: [...new Set([...alert.toldOn, ...uncovered])] };
      this.#set(told);
      coverage.add(told);
    }
  }

  #join(alert: Alert): void {
    const incident = this.#incidents.get(alert.incidentId);
    const seq = alert.seq + 1;
    this.#transitions.push({
      alertId: alert.alertId,
      seq,
      at: this.#world.now,
      kind: 'joined',
      level: alert.level,
      actor: null,
      note: `told already with the incident "${incident?.title ?? ''}"`,
    });
    this.#set({ ...alert, seq });
    if (incident !== undefined && incident.updateAt === null)
      this.#setIncident({ ...incident, updateAt: this.#world.now + this.#settings.joinMs });
  }

  #notify(alert: Alert, channel: string, { seq, tell }: { readonly seq: number; readonly tell: Tell }, joined?: readonly Alert[]): void {
    const incident = this.#incidents.get(alert.incidentId);
    if (incident === undefined) return;
    const firing = this.#firing.get(alert.incidentId) ?? 0;
    const others = firing - (alert.state === 'firing' ? 1 : 0);
    this.#notifications.push({
      channel,
      kind: tell,
      level: alert.level,
      document: documentOf({ alert, tell, incident, others, joined, now: this.#world.now }),
      alertId: alert.alertId,
      incidentId: alert.incidentId,
      seq,
    });
  }

  /** Where the alert that spoke for an incident is over and others are not, the gravest of these speaks. */
  standIn(): void {
    const ended = new Set(
      this.#pending.flatMap(({ alertId, tell }) => (tell === 'resolved' ? [this.#alerts.get(alertId)?.incidentId] : [])),
    );
    if (ended.size === 0) return;
    const left = [...this.#alerts.values()].filter((alert) => alert.state === 'firing' && ended.has(alert.incidentId));
    const coverage = new Coverage(left);
    for (const alert of left.toSorted((a, b) => rankOf(b.level) - rankOf(a.level))) {
      // Only one that joined: the others were told, or will be, by themselves.
      if (alert.suppression !== null || alert.acknowledgedBy !== null || alert.toldLevel === null) continue;
      const uncovered = alert.channels.filter(
        (channel) => !alert.toldOn.includes(channel) && !coverage.covers(alert.incidentId, channel, 'info', Number.NEGATIVE_INFINITY),
      );
      if (uncovered.length === 0) continue;
      for (const channel of uncovered) this.#notify(alert, channel, { seq: alert.seq, tell: 'firing' });
      const told = { ...alert, toldAt: this.#world.now, toldOn: [...alert.toldOn, ...uncovered] };
      this.#set(told);
      coverage.add(told);
    }
  }

  /** Those who were told of an incident hear once, when the time for joining is over, which alerts joined it without a message. */
  update(): void {
    const { joinMs } = this.#settings;
    const { now } = this.#world;
    for (const incident of this.#incidents.values()) {
      if (incident.updateAt === null || incident.updateAt > now) continue;
      const since = incident.updateAt - joinMs;
      this.#setIncident({ ...incident, updateAt: null });
      const here = [...this.#alerts.values()]
        .filter((alert) => alert.incidentId === incident.incidentId && alert.state === 'firing')
        .filter(({ acknowledgedBy, suppression }) => acknowledgedBy === null && suppression === null)
        .toSorted((a, b) => rankOf(b.level) - rankOf(a.level));
      const speaker = here.find(({ toldOn }) => toldOn.length > 0);
      const joined = here.filter(({ toldAt, toldOn }) => toldOn.length === 0 && toldAt !== null && toldAt >= since);
      if (speaker === undefined || joined.length === 0) continue;
      const seq = speaker.seq + 1;
      const note = joined.length === 1 ? 'an alert joined its incident' : `${joined.length} alerts joined its incident`;
      this.#transitions.push({ alertId: speaker.alertId, seq, at: now, kind: 'grown', level: speaker.level, actor: null, note });
      this.#set({ ...speaker, seq, updatedAt: now });
      for (const channel of speaker.toldOn) this.#notify(speaker, channel, { seq, tell: 'update' }, joined);
    }
  }

  /** An incident is over with its last alert. */
  close(): void {
    for (const incident of this.#incidents.values()) {
      if ((this.#firing.get(incident.incidentId) ?? 0) > 0) continue;
      this.#setIncident({ ...incident, state: 'resolved', resolvedAt: this.#world.now });
    }
  }

  plan(): Plan {
    const alerts = [...this.#changed].flatMap((id) => this.#alerts.get(id) ?? []);
    const timers = [
      ...[...this.#alerts.values()].flatMap((alert) => nextTimer(alert) ?? []),
      ...[...this.#incidents.values()].flatMap(({ state, updateAt }) => (state === 'open' && updateAt !== null ? [updateAt] : [])),
    ];
    const change = nextChange(this.#world.silences, this.#world.windows, this.#world.now);
    const nextAt = Math.min(...timers, change ?? Infinity);
    return {
      alerts,
      transitions: this.#transitions,
      incidents: [...this.#changedIncidents].flatMap((id) => this.#incidents.get(id) ?? []),
      opened: this.#opened,
      notifications: this.#notifications,
      refused: this.#refused,
      nextAt: nextAt === Infinity ? undefined : nextAt,
    };
  }
}

/** The alert as its rule sees it now: what it explains depends on this, not on what was said before. */
function afterVerdict(alert: Alert, verdict: Verdict | undefined): Alert {
  if (verdict === undefined) return alert;
  const isOver = verdict.isGone || verdict.state === 'ok' || verdict.state === 'pending';
  return { ...alert, state: isOver ? 'resolved' : 'firing', verdict: verdict.state, level: verdict.level ?? alert.level };
}

const labelsOfVerdict = ({ agentId, labels }: Verdict): Readonly<Record<string, string>> =>
  agentId === '' ? labels : { agent: agentId, ...labels };

/** What silences and windows match: the labels, and what every alert has. */
export const labelsOfAlert = ({ agentId, labels, level, metricName, rule, target }: Alert): Readonly<Record<string, string>> => ({
  ...(agentId === null ? {} : { agent: agentId }),
  ...labels,
  rule,
  target,
  level,
  metric: metricName,
});

/** A bare name is a page that comes with Muster. */
function runbookOf(rule: RuleFacts | undefined): string | null {
  const runbook = rule?.runbook ?? null;
  return runbook !== null && /^[A-Za-z0-9_-]+$/.test(runbook) ? `docs/runbooks/${runbook}.md` : runbook;
}

function plainOf(verdict: Verdict, template: string | undefined, text: string | undefined): string {
  if (text === undefined) return verdict.target === '' ? verdict.rule : `${verdict.rule} on ${verdict.target}`;
  return text === template ? `${text}${whereOf(verdict)}` : text;
}

/** A summary that names nothing is told with what it is about; who measured it is no part of that. */
function whereOf({ agentId, labels, target }: Verdict): string {
  const named = Object.entries(labels).filter(([label, value]) => label !== 'agent' && target.includes(`${label}=${value}`));
  const about = named.length > 0 ? named : agentId === '' ? [] : [['agent', agentId] as const];
  return about.length === 0 ? '' : `: ${about.map(([label, value]) => `${label}=${value}`).join(', ')}`;
}

function summaryOf(verdict: Verdict, rule: RuleFacts | undefined): string {
  const values: Readonly<Record<string, string>> = {
    ...verdict.labels,
    agent: verdict.agentId,
    rule: verdict.rule,
    target: verdict.target,
    value: verdict.value === null ? '?' : String(verdict.value),
    threshold: verdict.threshold === null ? '?' : String(verdict.threshold),
    level: verdict.level ?? '',
  };
  const template = rule?.annotations?.summary;
  const text = template?.replace(/\{\{\s*([A-Za-z_][A-Za-z0-9_.]*)\s*\}\}/g, (_, name: string) => values[name] ?? `?`);
  // One line, whatever labels hold.
  return plainOf(verdict, template, text).replace(/\s+/g, ' ').slice(0, 300);
}
