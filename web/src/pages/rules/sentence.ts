import { formatCount, formatDuration, formatRatio } from '../../ui/format.ts';
import type { Definition, Level, Operand } from './types.ts';

/** A length of time as people read it; the API takes text, and numbers of milliseconds. */
export const lengthText = (value: string | number): string => (typeof value === 'number' ? formatDuration(value) : value);

const isNone = (value: string | number): boolean => /^0(\.0+)?(ms|s|m|h|d|w)?$/.test(String(value));

/** What a rule watches for, in one sentence. */
export function sentenceOf(rule: Definition): string {
  const waits = [
    ...(isNone(rule.for) ? [] : [`for ${lengthText(rule.for)}`]),
    ...(rule.for_samples > 1 ? [`${rule.for_samples} samples in a row`] : []),
  ];
  const [line, ...others] = linesOf(rule);
  const condition = conditionOf(rule, line !== undefined && others.length === 0 ? `${rule.operator} ${formatCount(line.threshold)}` : '');
  const says = others.length === 0 ? rule.level : [line, ...others].map((each) => levelText(rule, each)).join(', ');
  return `${[condition, ...(waits.length === 0 ? [] : [waits.join(' and ')])].join(' ')}${rule.kind === 'burn_rate' ? '' : `: ${says}`}`;
}

const levelText = ({ operator }: Definition, line: Level | undefined): string =>
  line === undefined ? '' : `${line.level} ${operator} ${formatCount(line.threshold)}`;

/** Where each level begins; none where nothing is compared. */
function linesOf({ levels, level, threshold }: Definition): readonly Level[] {
  return levels ?? (threshold === undefined ? [] : [{ level, threshold }]);
}

/** `compared`: with what, where one level says it. */
function conditionOf(rule: Definition, compared: string): string {
  const what = `${rule.metric_name ?? ''}${labelsOf(rule.match)}`;
  const window = rule.window === undefined ? '' : ` over ${lengthText(rule.window)}`;
  const by = compared === '' ? '' : ` ${compared}`;
  switch (rule.kind) {
    case 'threshold':
      return `${rule.aggregate === 'last' ? what : `${rule.aggregate} of ${what}${window}`}${by}`;
    case 'rate':
      return `growth of ${what} a second${window}${by}`;
    case 'ratio':
      return `${what} / ${rule.of?.metric_name ?? ''}${labelsOf(rule.of?.match)}${window}${by}`;
    case 'absence':
      return `nobody reports ${what}${window}`;
    case 'staleness':
      return `a series of ${what} is silent${window}`;
    case 'forecast':
      return `${what} within ${lengthText(rule.horizon ?? '')}, if it goes on so${by}`;
    case 'burn_rate':
      return `${what} / ${rule.of?.metric_name ?? ''} burns the error budget of ${formatRatio(rule.objective ?? 0)} too fast`;
    case 'composite':
      return [
        ...(rule.all === undefined ? [] : [`all of ${operands(rule.all)}`]),
        ...(rule.any === undefined ? [] : [`any of ${operands(rule.any)}`]),
      ].join(', and ');
    case 'anomaly':
      return `${what} is unlike itself`;
  }
}

const operands = (list: readonly Operand[]): string => list.map((each) => (typeof each === 'string' ? each : `not ${each.not}`)).join(', ');

const labelsOf = (match: Readonly<Record<string, string>> | undefined): string =>
  match === undefined || Object.keys(match).length === 0
    ? ''
    : `{${Object.entries(match)
        .map(([label, value]) => `${label}=${value}`)
        .join(', ')}}`;
