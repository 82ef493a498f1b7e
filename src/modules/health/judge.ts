import { formatDuration } from '../../base/duration.ts';
import { POINTS_AT, type Finding, type Level, type Subject, type Verdict } from './finding.ts';
import { breachOf, type CheckName, type Thresholds } from './thresholds.ts';

/** What a judgement depends on besides the value. */
export interface Bench {
  readonly thresholds: Thresholds;
  /** Findings that were open before, by id: they clear a little later than they open. */
  readonly open: ReadonlyMap<string, Level>;
}

export interface Measured {
  readonly subject: Subject;
  readonly check: CheckName;
  /** Undefined: not measured. */
  readonly value: number | undefined;
  /** Which of several: a mount point, a slot. */
  readonly of?: string;
  readonly text: (value: number) => string;
  readonly remedy: string;
  /** It never gets graver than this. */
  readonly atMost?: 'warning';
}

export const NOT_MEASURED = 'not measured lately; see performance_monitor';

/** Holds a value against its thresholds. */
export function judge({ subject, check, value, of, text, remedy, atMost }: Measured, bench: Bench): Verdict {
  if (value === undefined) return { kind: 'unknown', subject, check, why: NOT_MEASURED };
  const id = findingId(subject, check, of);
  const breach = breachOf(value, bench.thresholds[check], bench.open.get(id));
  if (breach === undefined) return { kind: 'fine', subject, check };
  const level = atMost === 'warning' ? 'warning' : breach.level;
  const points = level === breach.level ? pointsOf(level, breach.towardsNext) : POINTS_AT[level];
  return {
    kind: 'finding',
    id,
    subject,
    check,
    level,
    points,
    text: text(value),
    value: rounded(value),
    threshold: breach.threshold,
    remedy,
  };
}

/** A finding that no threshold decides. It takes what its level takes, unless `points` says more. */
export function found(finding: Omit<Finding, 'id' | 'points' | 'threshold'> & { readonly of?: string; readonly points?: number }): Verdict {
  const { of, points = POINTS_AT[finding.level], ...rest } = finding;
  return { kind: 'finding', ...rest, id: findingId(finding.subject, finding.check, of), points, threshold: null };
}

const findingId = (subject: Subject, check: string, of: string | undefined): string =>
  `${subject}/${check}${of === undefined ? '' : `/${of}`}`;

const NEXT: Readonly<Record<Level, Level | undefined>> = {
  info: 'warning',
  warning: 'critical',
  critical: 'emergency',
  emergency: undefined,
};

/** On the way to the next level a finding weighs more and more. */
function pointsOf(level: Level, towardsNext: number): number {
  const next = NEXT[level];
  const span = next === undefined ? 0 : POINTS_AT[next] - POINTS_AT[level];
  return Math.round((POINTS_AT[level] + span * towardsNext) * 10) / 10;
}

const rounded = (value: number): number => Number(value.toPrecision(6));

export const percent = (ratio: number): string => `${Math.round(ratio * 1_000) / 10}%`;
export const lasting = (seconds: number): string => formatDuration(seconds * 1_000);
export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0)} GB`;
