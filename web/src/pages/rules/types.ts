import type { AlertLevel } from '../../api/types.ts';
import type { Look } from '../../ui/look.tsx';

export const ruleKinds = ['threshold', 'rate', 'ratio', 'absence', 'staleness', 'forecast', 'burn_rate', 'composite', 'anomaly'] as const;
export type RuleKind = (typeof ruleKinds)[number];
export type VerdictState = 'ok' | 'pending' | 'firing' | 'no_data' | 'error';

export interface Level {
  readonly level: AlertLevel;
  readonly threshold: number;
  readonly clear_threshold?: number;
}

interface Counter {
  readonly metric_name: string;
  readonly match?: Readonly<Record<string, string>>;
}

/** A rule as the API has it. What this page does not know stays in it. */
export interface Definition {
  readonly name: string;
  readonly enabled: boolean;
  readonly kind: RuleKind;
  readonly metric_name?: string;
  readonly match?: Readonly<Record<string, string>>;
  readonly aggregate: string;
  readonly window?: string | number;
  readonly operator: string;
  readonly threshold?: number;
  readonly clear_threshold?: number;
  readonly level: AlertLevel;
  readonly levels?: readonly Level[];
  readonly for: string | number;
  readonly for_samples: number;
  readonly keep_firing: string | number;
  readonly no_data_after?: string | number;
  readonly of?: Counter;
  readonly counters: boolean;
  readonly horizon?: string | number;
  readonly objective?: number;
  readonly all?: readonly Operand[];
  readonly any?: readonly Operand[];
  /** Left out: as the alerting system is set. Empty: nobody is told. */
  readonly channels?: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly runbook?: string;
}

export type Operand = string | { readonly not: string };

export interface RuleRecord {
  readonly name: string;
  readonly source: 'default' | 'file' | 'api';
  readonly enabled: boolean;
  readonly revision: number;
  readonly definition: Definition;
  /** null: not evaluated yet. */
  readonly report: {
    readonly state: VerdictState;
    readonly series: number;
    readonly pending: number;
    readonly firing: number;
    readonly no_data: number;
    readonly error: number;
    readonly is_truncated: boolean;
    readonly why: string;
    readonly evaluated_at: string;
  } | null;
  readonly updated_at: string;
  readonly updated_by: string;
}

export interface RuleTarget {
  readonly target: string;
  readonly state: VerdictState;
  readonly level: AlertLevel | null;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly since: string;
}

export interface Replay {
  readonly from: string;
  readonly to: string;
  readonly series: number;
  readonly evaluations: number;
  readonly is_truncated: boolean;
  readonly note: string | null;
  readonly firings: readonly Firing[];
}

export interface Firing {
  readonly target: string;
  readonly level: AlertLevel;
  readonly bad_since: string;
  readonly fired_at: string;
  /** null: it would still fire at the end. */
  readonly ended_at: string | null;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly explanation: string;
}

export const ruleAddress = (name: string): string => `/rules/${encodeURIComponent(name).replaceAll('.', '%2E')}`;

/** What the fleet itself tells of; no rule of anybody's. */
const builtIn: readonly string[] = ['agent_crash_looping', 'agent_lost', 'host_lost'];
export const isBuiltIn = (name: string): boolean => builtIn.includes(name);

export const verdictLooks: Readonly<Record<VerdictState | 'disabled' | 'new', Look>> = {
  firing: { icon: 'alerts', colour: 'text-bad', label: 'Firing' },
  error: { icon: 'critical', colour: 'text-bad', label: 'Error' },
  pending: { icon: 'clock', colour: 'text-warn', label: 'Pending' },
  ok: { icon: 'check', colour: 'text-ok', label: 'Fine' },
  no_data: { icon: 'unknown', colour: 'text-ink-3', label: 'No data' },
  new: { icon: 'unknown', colour: 'text-ink-3', label: 'Not looked at yet' },
  disabled: { icon: 'pause', colour: 'text-idle', label: 'Off' },
};

export type RuleStanding = keyof typeof verdictLooks;
export const ruleStanding = ({ enabled, report }: RuleRecord): RuleStanding => (enabled ? (report?.state ?? 'new') : 'disabled');

export const sources: Readonly<Record<RuleRecord['source'], string>> = {
  default: 'ships with Muster',
  file: 'monitoring.yml',
  api: 'people',
};
