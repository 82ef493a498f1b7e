import type { RuleReport } from './rule-store.ts';
import { gravestOf } from './timeline.ts';

/** What an evaluation of one rule found, by targets. */
export interface Count {
  readonly series: number;
  /** Of which there are verdicts. */
  readonly targets: number;
  pending: number;
  firing: number;
  noData: number;
  error: number;
  why: string;
}

/** Of a rule that cannot be read. */
export const faultReport = (why: string, now: number): RuleReport => ({
  state: 'error',
  series: 0,
  pending: 0,
  firing: 0,
  noData: 0,
  error: 1,
  isTruncated: false,
  why,
  evaluatedAt: now,
});

export function reportOf(count: Count, leftOut: string, now: number): RuleReport {
  const known = count.targets - count.noData - count.error;
  const counted = { firing: count.firing, error: count.error, pending: count.pending, ok: known, no_data: count.noData };
  const state = gravestOf((each) => counted[each] > 0);
  const otherwise = state !== 'no_data' ? '' : count.series === 0 ? 'nobody has measured it yet' : 'nothing is measured';
  const why = [count.why === '' ? otherwise : count.why, leftOut].filter((part) => part !== '').join('; ');
  return {
    state,
    series: count.series,
    pending: count.pending,
    firing: count.firing,
    noData: count.noData,
    error: count.error,
    isTruncated: leftOut !== '',
    why,
    evaluatedAt: now,
  };
}

/** Whether they say the same, apart from words and times. */
export function sameReports(a: ReadonlyMap<string, RuleReport>, b: ReadonlyMap<string, RuleReport>): boolean {
  if (a.size !== b.size) return false;
  for (const [name, report] of b) {
    const other = a.get(name);
    if (
      other === undefined ||
      other.state !== report.state ||
      other.series !== report.series ||
      other.pending !== report.pending ||
      other.firing !== report.firing ||
      other.noData !== report.noData ||
      other.error !== report.error ||
      other.isTruncated !== report.isTruncated
    )
      return false;
  }
  return true;
}
