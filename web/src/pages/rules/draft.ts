import type { AlertLevel } from '../../api/types.ts';
import type { Definition, Operand, RuleKind } from './types.ts';

/** A rule while somebody writes it: text in every field, as it was typed. */
export interface Draft {
  readonly name: string;
  readonly kind: RuleKind;
  readonly metric: string;
  readonly match: string;
  readonly divisor: string;
  readonly divisorMatch: string;
  readonly counters: boolean;
  readonly aggregate: string;
  readonly window: string;
  readonly operator: string;
  readonly lines: readonly DraftLine[];
  readonly horizon: string;
  readonly objective: string;
  readonly all: string;
  readonly any: string;
  readonly for: string;
  readonly forSamples: string;
  readonly keepFiring: string;
  /** undefined: whom the alerting system tells where a rule says nothing. */
  readonly channels: readonly string[] | undefined;
  readonly labels: string;
  readonly summary: string;
  readonly description: string;
  readonly runbook: string;
}

export interface DraftLine {
  readonly level: AlertLevel;
  readonly threshold: string;
  readonly clear: string;
}

type Field = 'aggregate' | 'operator' | 'lines' | 'window' | 'divisor' | 'horizon' | 'objective' | 'operands' | 'metric';

const fields: Readonly<Record<RuleKind, readonly Field[]>> = {
  threshold: ['metric', 'aggregate', 'window', 'operator', 'lines'],
  rate: ['metric', 'window', 'operator', 'lines'],
  ratio: ['metric', 'divisor', 'window', 'operator', 'lines'],
  absence: ['metric', 'window'],
  staleness: ['metric', 'window'],
  forecast: ['metric', 'window', 'horizon', 'operator', 'lines'],
  burn_rate: ['metric', 'divisor', 'objective'],
  composite: ['operands'],
  anomaly: ['metric'],
};

/** Whether a kind has something to do with a field. */
export const has = (kind: RuleKind, field: Field): boolean => fields[kind].includes(field);

export const emptyDraft: Draft = {
  name: '',
  kind: 'threshold',
  metric: '',
  match: '',
  divisor: '',
  divisorMatch: '',
  counters: false,
  aggregate: 'last',
  window: '',
  operator: '>',
  lines: [{ level: 'warning', threshold: '', clear: '' }],
  horizon: '4d',
  objective: '0.999',
  all: '',
  any: '',
  for: '0s',
  forSamples: '1',
  keepFiring: '0s',
  channels: undefined,
  labels: '',
  summary: '',
  description: '',
  runbook: '',
};

const text = (value: string | number | undefined): string => (value === undefined ? '' : String(value));

export function draftOf(rule: Definition): Draft {
  const lines = rule.levels ?? [{ level: rule.level, threshold: rule.threshold, clear_threshold: rule.clear_threshold }];
  return {
    name: rule.name,
    kind: rule.kind,
    metric: rule.metric_name ?? '',
    match: pairsText(rule.match),
    divisor: rule.of?.metric_name ?? '',
    divisorMatch: pairsText(rule.of?.match),
    counters: rule.counters,
    aggregate: rule.aggregate,
    window: text(rule.window),
    operator: rule.operator,
    lines: lines.map(({ clear_threshold: clear, level, threshold }) => ({ level, threshold: text(threshold), clear: text(clear) })),
    horizon: text(rule.horizon ?? emptyDraft.horizon),
    objective: text(rule.objective ?? emptyDraft.objective),
    all: operandsText(rule.all),
    any: operandsText(rule.any),
    for: text(rule.for),
    forSamples: text(rule.for_samples),
    keepFiring: text(rule.keep_firing),
    channels: rule.channels,
    labels: pairsText(rule.labels),
    summary: rule.annotations['summary'] ?? '',
    description: rule.annotations['description'] ?? '',
    runbook: rule.runbook ?? '',
  };
}

/**
 * The rule that a draft says. What the form has no field for is kept from `before`; what another kind has no use for is left out. What
 * is no number goes as it was typed, so that the server's word about it stands beside the field.
 */
export function definitionOf(draft: Draft, before?: Definition): Readonly<Record<string, unknown>> {
  const { kind } = draft;
  const given = <Value>(field: Field, name: string, value: Value | undefined): Readonly<Record<string, Value>> =>
    has(kind, field) && value !== undefined ? { [name]: value } : {};
  const [line] = draft.lines;
  const { annotations, ...kept } = before === undefined ? { annotations: {} } : keptOf(before);
  return {
    ...kept,
    name: draft.name.trim(),
    kind,
    ...given('metric', 'metric_name', filled(draft.metric)),
    ...given('metric', 'match', filledPairs(draft.match)),
    ...given('divisor', 'of', counterOf(draft)),
    ...(kind === 'ratio' ? { counters: draft.counters } : {}),
    ...given('aggregate', 'aggregate', draft.aggregate),
    ...given('window', 'window', filled(draft.window)),
    ...given('operator', 'operator', draft.operator),
    ...given('horizon', 'horizon', filled(draft.horizon)),
    ...given('objective', 'objective', numberOf(draft.objective)),
    ...given('operands', 'all', operandsOf(draft.all)),
    ...given('operands', 'any', operandsOf(draft.any)),
    ...(has(kind, 'lines')
      ? draft.lines.length > 1
        ? { levels: draft.lines.map((each) => ({ level: each.level, ...thresholds(each) })) }
        : line === undefined
          ? {}
          : { level: line.level, ...thresholds(line) }
      : kind === 'burn_rate' || line === undefined
        ? {}
        : { level: line.level }),
    for: filled(draft.for) ?? '0s',
    for_samples: numberOf(draft.forSamples) ?? 1,
    keep_firing: filled(draft.keepFiring) ?? '0s',
    ...(draft.channels === undefined ? {} : { channels: draft.channels }),
    labels: pairsOf(draft.labels),
    annotations: {
      ...annotations,
      ...(filled(draft.summary) === undefined ? {} : { summary: draft.summary.trim() }),
      ...(filled(draft.description) === undefined ? {} : { description: draft.description.trim() }),
    },
    ...(filled(draft.runbook) === undefined ? {} : { runbook: draft.runbook.trim() }),
  };
}

const written = [
  'name',
  'kind',
  'metric_name',
  'match',
  'of',
  'counters',
  'aggregate',
  'window',
  'operator',
  'threshold',
  'clear_threshold',
  'level',
  'levels',
  'horizon',
  'objective',
  'all',
  'any',
  'for',
  'for_samples',
  'keep_firing',
  'channels',
  'labels',
  'annotations',
  'runbook',
];

/** What of a rule no field of the form stands for. */
function keptOf(rule: Definition): Readonly<Record<string, unknown>> & { readonly annotations: Readonly<Record<string, string>> } {
  const { description: _, summary: __, ...annotations } = rule.annotations;
  return { ...Object.fromEntries(Object.entries(rule).filter(([name]) => !written.includes(name))), annotations };
}

const filled = (typed: string): string | undefined => (typed.trim() === '' ? undefined : typed.trim());

function numberOf(typed: string): number | string | undefined {
  const given = filled(typed);
  if (given === undefined) return undefined;
  const value = Number(given);
  return Number.isNaN(value) ? given : value;
}

function thresholds({ clear, threshold }: DraftLine): Readonly<Record<string, unknown>> {
  const [at, good] = [numberOf(threshold), numberOf(clear)];
  return { ...(at === undefined ? {} : { threshold: at }), ...(good === undefined ? {} : { clear_threshold: good }) };
}

function counterOf({ divisor, divisorMatch }: Draft): Readonly<Record<string, unknown>> | undefined {
  const metric = filled(divisor);
  const match = filledPairs(divisorMatch);
  return metric === undefined ? undefined : { metric_name: metric, ...(match === undefined ? {} : { match }) };
}

/** `label=value`, with commas or line ends between them. */
export function pairsOf(typed: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    typed
      .split(/[\n,]/)
      .filter((each) => each.trim() !== '')
      .map((each) => {
        const cut = each.indexOf('=');
        return cut < 0 ? [each.trim(), ''] : [each.slice(0, cut).trim(), each.slice(cut + 1).trim()];
      }),
  );
}

const filledPairs = (typed: string): Readonly<Record<string, string>> | undefined =>
  filled(typed) === undefined ? undefined : pairsOf(typed);

const pairsText = (pairs: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(pairs ?? {})
    .map(([label, value]) => `${label}=${value}`)
    .join(', ');

/** Names of rules with commas between them; `not` before one turns it around. */
function operandsOf(typed: string): readonly Operand[] | undefined {
  const names = typed
    .split(/[\n,]/)
    .map((each) => each.trim())
    .filter((each) => each !== '');
  return names.length === 0 ? undefined : names.map((each) => (each.startsWith('not ') ? { not: each.slice(4).trim() } : each));
}

const operandsText = (operands: readonly Operand[] | undefined): string =>
  (operands ?? []).map((each) => (typeof each === 'string' ? each : `not ${each.not}`)).join(', ');
