import { LEVELS, type Level } from '../delivery/notification.ts';
import type { ImpactRates } from './impact.ts';
import type { VerdictState } from './verdict.ts';

/** What keeps an alert from being told. */
export interface Suppression {
  readonly kind: 'silence' | 'maintenance' | 'inhibition';
  /** Of the silence, the window, or the alert that explains this one. */
  readonly id: string;
  readonly reason: string;
  /** Milliseconds since 1970; null: as long as the cause lasts. */
  readonly until: number | null;
}

/** One fault of one target, from its first bad sample until it is over. Times are milliseconds since 1970. */
export interface Alert {
  readonly alertId: string;
  readonly dedupKey: string;
  readonly rule: string;
  readonly target: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly agentId: string | null;
  readonly metricName: string;
  readonly unit: string;
  readonly state: 'firing' | 'resolved';
  readonly level: Level;
  readonly verdict: VerdictState;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly summary: string;
  readonly explanation: string;
  readonly runbook: string | null;
  readonly channels: readonly string[];
  /** What it is about, then what that stands on: agent, database, host. */
  readonly subjects: readonly string[];
  readonly incidentId: string;
  readonly startedAt: number;
  readonly detectedAt: number;
  readonly updatedAt: number;
  readonly resolvedAt: number | null;
  readonly acknowledgedBy: string | null;
  readonly acknowledgedAt: number | null;
  /** Null while acknowledged: until it is over. */
  readonly acknowledgedUntil: number | null;
  readonly suppression: Suppression | null;
  /** The level people know it at; null: it has to be told. */
  readonly toldLevel: Level | null;
  readonly toldAt: number | null;
  /** Channels that know that it fires: they are told when it is over. */
  readonly toldOn: readonly string[];
  /** It has to be told by then. */
  readonly tellAt: number | null;
  /** Of its last transition. */
  readonly seq: number;
  readonly impact: ImpactRates;
}

export type TransitionKind =
  | 'firing'
  | 'level_changed'
  | 'no_data'
  | 'error'
  | 'acknowledged'
  | 'unacknowledged'
  | 'acknowledgement_expired'
  | 'silenced'
  | 'maintenance'
  | 'inhibited'
  | 'released'
  | 'joined'
  | 'grown'
  | 'escalated'
  | 'resolved';

/** One step of an alert's life: its timeline is made of these. */
export interface Transition {
  readonly alertId: string;
  readonly seq: number;
  readonly at: number;
  readonly kind: TransitionKind;
  readonly level: Level;
  readonly actor: string | null;
  readonly note: string | null;
}

export const rankOf = (level: Level): number => LEVELS.indexOf(level);
export const isPaging = (level: Level): boolean => rankOf(level) >= rankOf('critical');
export const gravest = (a: Level, b: Level): Level => (rankOf(a) >= rankOf(b) ? a : b);

/** Names the fault: the same as long as rule and target are. */
export const dedupKeyOf = (rule: string, target: string): string => `${rule}{${target}}`;
