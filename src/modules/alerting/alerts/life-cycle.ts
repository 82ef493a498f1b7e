import { isPaging, type Alert, type Suppression, type Transition, type TransitionKind } from './alert.ts';
import type { Verdict } from './verdict.ts';

/** What a verdict and the passing of time do to one alert. Pure: the same input gives the same life. */
export interface Moment {
  readonly now: number;
  /** What was said anew; undefined: only time passed, or a silence changed. */
  readonly verdict?: Verdict | undefined;
  /** What keeps it quiet now. */
  readonly suppression: Suppression | null;
  /** How long something below critical may wait for company. */
  readonly groupWaitMs: number;
  /** After what explained it is over, it has this long to get well by itself before it is told. */
  readonly settleMs: number;
}

/** What people have to hear. `resolved` goes to those who heard that it fires, `update` too: others joined its incident. */
export type Tell = 'firing' | 'reminder' | 'resolved' | 'update';

export interface Step {
  readonly alert: Alert;
  readonly transitions: readonly Transition[];
  /** In this order. */
  readonly tells: readonly { readonly tell: Tell; readonly seq: number }[];
}

const SUPPRESSED: Readonly<Record<Suppression['kind'], TransitionKind>> = {
  silence: 'silenced',
  maintenance: 'maintenance',
  inhibition: 'inhibited',
};

/** Moves an alert that fires. A new one comes with `seq` 0 and what it was made of, and is moved through its first moment too. */
export function advance(before: Alert, moment: Moment): Step {
  const life = new Life(before, moment.now);
  if (before.seq === 0) life.transition('firing', before.explanation);
  if (moment.verdict !== undefined) judge(life, before, moment.verdict);
  if (life.alert.state === 'resolved') return end(life, before);
  suppress(life, moment);
  acknowledge(life, moment.now);
  tell(life, moment);
  return life.step();
}

function judge(life: Life, before: Alert, verdict: Verdict): void {
  if (verdict.isGone || verdict.state === 'ok' || verdict.state === 'pending') {
    life.set({ state: 'resolved', verdict: verdict.state, resolvedAt: verdict.at, value: verdict.value ?? before.value });
    const because = verdict.isGone ? 'its rule or its series is gone' : verdict.explanation;
    life.set({ explanation: because });
    life.transition('resolved', because);
    return;
  }
  life.set({ verdict: verdict.state, explanation: verdict.explanation });
  if (verdict.state !== 'firing') {
    // Not known is not well: it stays open.
    if (verdict.state !== before.verdict) life.transition(verdict.state, verdict.explanation);
    return;
  }
  life.set({ value: verdict.value, threshold: verdict.threshold });
  const level = verdict.level ?? before.level;
  if (level === before.level) return;
  // Whoever took it on took on something else: it is told anew, to everyone.
  life.set({ level, acknowledgedBy: null, acknowledgedAt: null, acknowledgedUntil: null });
  life.transition('level_changed', `from ${before.level} to ${level}`);
}

/** Those who were told that it fires are told that it is over, whatever keeps it quiet now; and nobody hears that before. */
function end(life: Life, before: Alert): Step {
  // It was over while it waited for company: both are told, for nothing is dropped.
  const isUntold = before.tellAt !== null && before.suppression === null && before.acknowledgedBy === null && before.toldOn.length === 0;
  if (isUntold) life.tell('firing', before.seq);
  life.set({ suppression: null, tellAt: null });
  life.tell('resolved');
  return life.step();
}

function suppress(life: Life, { now, settleMs, suppression }: Moment): void {
  const before = life.alert.suppression;
  if (suppression !== null) {
    const isSame = before?.kind === suppression.kind && before.id === suppression.id;
    life.set({ suppression, tellAt: null });
    return isSame ? undefined : life.transition(SUPPRESSED[suppression.kind], suppression.reason);
  }
  if (before === null) return;
  // What explained it is over: most that it explained gets well by itself a moment later.
  if (before.kind === 'inhibition' && before.until === null) return life.set({ suppression: { ...before, until: now + settleMs } });
  if (before.kind === 'inhibition' && (before.until ?? now) > now) return;
  // Still firing at its end: that is told, also where it was known before.
  life.set({ suppression: null, toldLevel: null });
  life.transition('released', `${before.kind} ended: ${before.reason}`);
}

function acknowledge(life: Life, now: number): void {
  const { acknowledgedBy, acknowledgedUntil } = life.alert;
  if (acknowledgedBy === null || acknowledgedUntil === null || acknowledgedUntil > now) return;
  life.set({ acknowledgedBy: null, acknowledgedAt: null, acknowledgedUntil: null, toldLevel: null });
  life.transition('acknowledgement_expired', `${acknowledgedBy} had it`);
}

function tell(life: Life, { groupWaitMs, now }: Moment): void {
  const { acknowledgedBy, level, suppression, tellAt, toldLevel, toldOn } = life.alert;
  if (suppression !== null || acknowledgedBy !== null || toldLevel === level) return life.set({ tellAt: null });
  const at = isPaging(level) ? now : (tellAt ?? now + groupWaitMs);
  if (at > now) return life.set({ tellAt: at });
  life.set({ toldLevel: level, toldAt: now, tellAt: null });
  // At another level it is news; at the same one it is said again.
  life.tell(toldOn.length === 0 || toldLevel !== null ? 'firing' : 'reminder');
}

/** When something happens to it by itself; undefined: only a verdict or a person changes it. */
export function nextTimer(alert: Alert): number | undefined {
  const timers = [alert.tellAt, alert.acknowledgedUntil, alert.suppression?.until ?? null].filter((at) => at !== null);
  return alert.state === 'resolved' || timers.length === 0 ? undefined : Math.min(...timers);
}

/** An alert on its way through one moment. */
class Life {
  alert: Alert;
  readonly #now: number;
  readonly #transitions: Transition[] = [];
  readonly #tells: { readonly tell: Tell; readonly seq: number }[] = [];

  constructor(alert: Alert, now: number) {
    this.alert = alert;
    this.#now = now;
  }

  set(change: Partial<Alert>): void {
    this.alert = { ...this.alert, ...change };
  }

  transition(kind: TransitionKind, note: string | null): void {
    const seq = this.alert.seq + 1;
    const { alertId, level } = this.alert;
    this.set({ seq, updatedAt: this.#now });
    this.#transitions.push({ alertId, seq, at: this.#now, kind, level, actor: null, note });
  }

  tell(tell: Tell, seq: number = this.alert.seq): void {
    this.#tells.push({ tell, seq });
  }

  step(): Step {
    return { alert: this.alert, transitions: this.#transitions, tells: this.#tells };
  }
}
