import { formatDuration } from '../../../base/duration.ts';
import { amount } from './amount.ts';
import type { Operator } from './document.ts';
import type { Rule } from './rule.ts';
import type { TargetState } from './state.ts';
import { compare } from './step.ts';

/** One plain line about a verdict: what is measured, what it is held against, and why. */
export function explain(
  rule: Rule,
  state: Pick<TargetState, 'state' | 'value' | 'threshold' | 'why' | 'since'>,
  unit: string,
  at: number,
): string {
  const name = rule.selector?.metricName ?? rule.name;
  const lasted = formatDuration(Math.max(0, at - state.since));
  if (state.state === 'no_data' || state.state === 'error') return `${name}: ${state.why}`;
  if (rule.kind === 'composite') return state.state === 'ok' ? 'its condition does not hold' : `its condition holds: ${conditionOf(rule)}`;
  if (rule.kind === 'absence' || rule.kind === 'staleness') {
    if (state.state === 'ok') return `${name} is measured`;
    return `${name}: ${state.why === '' ? `nothing for ${formatDuration((state.value ?? 0) * 1_000)}` : state.why}`;
  }
  if (rule.kind === 'forecast' || rule.kind === 'burn_rate') return `${name}: ${state.why}`;
  // One series divided by another has the unit of neither.
  const said = (value: number | null): string => (value === null ? 'unknown' : amount(value, rule.kind === 'ratio' ? '' : unit));
  const measure = `${name} ${measuredAs(rule)}${said(state.value)}`;
  if (state.state === 'ok') return `${measure}${state.value === null ? '' : wellBy(rule, state.value, said)}`;
  return `${measure}, ${rule.operator} ${said(state.threshold)}, ${state.state === 'pending' ? 'pending' : 'bad'} for ${lasted}`;
}

const OPPOSITE: Readonly<Record<Operator, Operator>> = { '>': '<=', '>=': '<', '<': '>=', '<=': '>', '==': '!=', '!=': '==' };

/** What a value is well by: where the mildest level clears, or else where it begins. */
function wellBy({ lines, operator }: Rule, value: number, said: (value: number) => string): string {
  const mildest = lines.at(-1);
  if (mildest === undefined) return '';
  const clears = operator === '>' || operator === '>=' ? '<=' : '>=';
  if (mildest.clear !== mildest.threshold && compare(value, clears, mildest.clear)) return `, ${clears} ${said(mildest.clear)}`;
  const opposite = OPPOSITE[operator];
  return compare(value, opposite, mildest.threshold) ? `, ${opposite} ${said(mildest.threshold)}` : '';
}

function measuredAs(rule: Rule): string {
  if (rule.kind === 'rate') return `a second over ${formatDuration(rule.windowMs)} is `;
  if (rule.kind === 'ratio') return `by ${rule.divisor?.metricName ?? '?'} is `;
  return rule.aggregate === 'last' ? 'is ' : `(${rule.aggregate} of ${formatDuration(rule.windowMs)}) is `;
}

function conditionOf({ all, any }: Rule): string {
  const words = (operands: Rule['all'], joint: string): string =>
    operands.map(({ rule, fires }) => (fires ? rule : `not ${rule}`)).join(joint);
  return [words(all, ' and '), words(any, ' or ')].filter((part) => part !== '').join('; ');
}
