import { LEVELS, msOf, type Kind, type Level, type Operator, type RuleDocument } from './document.ts';

export type { Level } from './document.ts';

/** Which series a rule is about. */
export interface Selector {
  readonly metricName: string;
  readonly match: Readonly<Record<string, string>>;
  /** Undefined: of any agent. */
  readonly agents: ReadonlySet<string> | undefined;
}

/** Where a level begins, and where it ends. */
export interface Line {
  readonly level: Level;
  readonly threshold: number;
  readonly clear: number;
}

export type Operand = { readonly rule: string; readonly fires: boolean };

/** A rule as it is evaluated: defaults filled in, lengths of time in milliseconds, levels gravest first. */
export interface Rule {
  readonly name: string;
  readonly enabled: boolean;
  readonly kind: Kind;
  readonly selector: Selector | undefined;
  readonly aggregate: RuleDocument['aggregate'];
  readonly windowMs: number;
  readonly operator: Operator;
  readonly lines: readonly Line[];
  readonly forMs: number;
  readonly forSamples: number;
  readonly keepFiringMs: number;
  readonly flapping: { readonly changes: number; readonly withinMs: number } | undefined;
  readonly noDataAfterMs: number;
  readonly forgetAfterMs: number;
  readonly divisor: Selector | undefined;
  readonly counters: boolean;
  readonly horizonMs: number;
  readonly objective: number;
  readonly minEvents: number;
  readonly all: readonly Operand[];
  readonly any: readonly Operand[];
  /** undefined: as the alerting system is configured; empty: nobody is told. */
  readonly channels: readonly string[] | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly runbook: string | undefined;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DEFAULT_WINDOW_MS = 5 * MINUTE_MS;
const DEFAULT_FORECAST_WINDOW_MS = 6 * HOUR_MS;
const DEFAULT_NO_DATA_MS = 10 * MINUTE_MS;

export const rank = (level: Level): number => LEVELS.indexOf(level);

export function compileRule(document: RuleDocument): Rule {
  const { kind } = document;
  const windowMs =
    document.window === undefined ? (kind === 'forecast' ? DEFAULT_FORECAST_WINDOW_MS : DEFAULT_WINDOW_MS) : msOf(document.window);
  const noDataAfterMs = document.no_data_after === undefined ? Math.max(DEFAULT_NO_DATA_MS, 0) : msOf(document.no_data_after);
  const forgetAfterMs =
    document.forget_after === undefined
      ? kind === 'staleness'
        ? Math.max(7 * 24 * HOUR_MS, 2 * windowMs)
        : noDataAfterMs + HOUR_MS
      : msOf(document.forget_after);
  return {
    name: document.name,
    enabled: document.enabled,
    kind,
    selector: selectorOf(document),
    aggregate: document.aggregate,
    windowMs,
    operator: document.operator,
    lines: linesOf(document),
    forMs: msOf(document.for),
    forSamples: document.for_samples,
    keepFiringMs: msOf(document.keep_firing),
    flapping:
      document.flapping === undefined ? undefined : { changes: document.flapping.changes, withinMs: msOf(document.flapping.within) },
    noDataAfterMs,
    forgetAfterMs,
    divisor: document.of === undefined ? undefined : selectorOf(document.of),
    counters: document.counters,
    horizonMs: document.horizon === undefined ? 0 : msOf(document.horizon),
    objective: document.objective ?? 0,
    minEvents: document.min_events,
    all: (document.all ?? []).map(operandOf),
    any: (document.any ?? []).map(operandOf),
    channels: document.channels,
    labels: document.labels,
    annotations: document.annotations,
    runbook: document.runbook,
  };
}

function selectorOf(from: Pick<RuleDocument, 'metric_name' | 'match' | 'agents'>): Selector | undefined {
  if (from.metric_name === undefined) return undefined;
  return { metricName: from.metric_name, match: from.match ?? {}, agents: from.agents === undefined ? undefined : new Set(from.agents) };
}

/** Kinds without a threshold have lines all the same: what is compared with them is their own affair. */
function linesOf({ level, levels, threshold, clear_threshold: clear, kind }: RuleDocument): readonly Line[] {
  if (kind === 'burn_rate') return (['critical', 'warning'] as const).map((each) => ({ level: each, threshold: 1, clear: 1 }));
  const given = levels ?? [{ level, threshold: threshold ?? 0, clear_threshold: clear }];
  return given
    .map((each) => ({ level: each.level, threshold: each.threshold, clear: each.clear_threshold ?? each.threshold }))
    .toSorted((a, b) => rank(b.level) - rank(a.level));
}

const operandOf = (operand: string | { readonly not: string }): Operand =>
  typeof operand === 'string' ? { rule: operand, fires: true } : { rule: operand.not, fires: false };
