import { rank, type Level, type Line, type Rule } from './rule.ts';
import { OK_STATE, type BadRun, type TargetState } from './state.ts';
import type { Operator } from './document.ts';

/** What a rule reads of its target at one instant. */
export type Reading =
  | {
      readonly kind: 'value';
      /** When it was measured. Later than now counts as now. */
      readonly at: number;
      readonly value: number | null;
      /** Levels that are reached; undefined: `value` is compared with the lines. */
      readonly reached?: ReadonlySet<Level>;
      readonly why?: string;
    }
  | { readonly kind: 'no_data'; readonly why: string }
  | { readonly kind: 'error'; readonly why: string };

export function compare(value: number, operator: Operator, threshold: number): boolean {
  switch (operator) {
    case '>':
      return value > threshold;
    case '>=':
      return value >= threshold;
    case '<':
      return value < threshold;
    case '<=':
      return value <= threshold;
    case '==':
      return value === threshold;
    case '!=':
      return value !== threshold;
  }
}

/** Whether a value is beyond a line; one that was crossed is left only at where it clears. */
export function isBeyond(value: number, operator: Operator, line: Line, isOpen: boolean): boolean {
  if (!isOpen || line.clear === line.threshold) return compare(value, operator, line.threshold);
  // Good again at the clear threshold itself, whichever way the operator looks.
  return operator === '>' || operator === '>=' ? value > line.clear : value < line.clear;
}

/**
 * From what was known of a target and what is read now to what is known of it: the whole life of a verdict. Pure; an
 * evaluation that brings nothing new may come as often as it likes.
 */
export function step(rule: Rule, before: TargetState | undefined, reading: Reading, now: number): TargetState {
  const previous = before ?? OK_STATE;
  if (reading.kind !== 'value') return unknown(previous, reading, now);
  if (reading.value !== null && !Number.isFinite(reading.value))
    return unknown(previous, { kind: 'error', why: `the value is ${reading.value}` }, now);
  const at = Math.min(reading.at, now);
  const isNew = previous.sampleAt === null || reading.at > previous.sampleAt;
  const bad: Partial<Record<Level, BadRun>> = {};
  for (const line of rule.lines) {
    if (!isReached(rule, reading, line, previous)) continue;
    const run = previous.bad[line.level];
    bad[line.level] =
      run === undefined
        ? { since: at, samples: 1 }
        : isNew
          ? { since: run.since, samples: Math.min(run.samples + 1, rule.forSamples) }
          : run;
  }
  const held = gravest(rule.lines, (level) => lasts(rule, bad[level], now));
  const { open, goodSince, stops } = openLevel(rule, previous, bad, held, at, now);
  const reached = gravest(rule.lines, (level) => bad[level] !== undefined);
  const state = open === null ? (reached === null ? 'ok' : 'pending') : 'firing';
  const level = open ?? reached;
  const shown = rule.lines.find((line) => line.level === level) ?? rule.lines.at(-1);
  return {
    state,
    level,
    open,
    since: sinceOf(previous, state, bad, now),
    bad,
    goodSince,
    stops,
    value: reading.value,
    threshold: shown?.threshold ?? null,
    sampleAt: previous.sampleAt === null ? reading.at : Math.max(previous.sampleAt, reading.at),
    why: reading.why ?? '',
  };
}

/** Silence and mistakes change no level: what fired goes on where it was once something is known again. */
function unknown(previous: TargetState, { kind, why }: Exclude<Reading, { kind: 'value' }>, now: number): TargetState {
  return {
    ...previous,
    state: kind,
    level: null,
    since: previous.state === kind ? previous.since : now,
    // What was not seen to be bad all the time begins anew, unless it fires already.
    bad: previous.open === null ? {} : previous.bad,
    goodSince: null,
    value: null,
    why,
  };
}

function isReached(rule: Rule, reading: Extract<Reading, { kind: 'value' }>, line: Line, previous: TargetState): boolean {
  if (reading.reached !== undefined) return reading.reached.has(line.level);
  if (reading.value === null) return false;
  const isOpen = previous.bad[line.level] !== undefined && previous.open !== null && rank(previous.open) >= rank(line.level);
  return isBeyond(reading.value, rule.operator, line, isOpen);
}

const lasts = (rule: Rule, run: BadRun | undefined, now: number): boolean =>
  run !== undefined && now - run.since >= rule.forMs && run.samples >= rule.forSamples;

function gravest(lines: readonly Line[], holds: (level: Level) => boolean): Level | null {
  return lines.find(({ level }) => holds(level))?.level ?? null;
}

/** The level that fires: up at once, down only after it was better for as long as the rule keeps firing. */
function openLevel(
  rule: Rule,
  previous: TargetState,
  bad: TargetState['bad'],
  held: Level | null,
  at: number,
  now: number,
): Pick<TargetState, 'open' | 'goodSince' | 'stops'> {
  // While it is on its way to stop, what counts is how it was when it became good.
  const asOf = previous.goodSince ?? now;
  const stops =
    rule.flapping === undefined ? [] : previous.stops.filter((stop) => asOf - stop < (rule.flapping?.withinMs ?? 0)).slice(-100);
  const { open } = previous;
  if (open === null || (held !== null && rank(held) >= rank(open))) return { open: held, goodSince: null, stops };
  // Bad again before it stopped firing: it never stopped.
  if (rule.lines.some(({ level }) => rank(level) >= rank(open) && bad[level] !== undefined)) return { open, goodSince: null, stops };
  const goodSince = previous.goodSince ?? at;
  const isFlapping = rule.flapping !== undefined && stops.length >= rule.flapping.changes;
  const keepMs = isFlapping ? Math.max(rule.keepFiringMs, rule.flapping?.withinMs ?? 0) : rule.keepFiringMs;
  if (now - goodSince < keepMs) return { open, goodSince, stops };
  if (held !== null) return { open: held, goodSince: null, stops };
  return { open: null, goodSince: null, stops: rule.flapping === undefined ? [] : [...stops, now] };
}

function sinceOf(previous: TargetState, state: TargetState['state'], bad: TargetState['bad'], now: number): number {
  if (state === 'ok') return previous.state === 'ok' && previous.since > 0 ? previous.since : now;
  // A run of bad samples is one, from its first to the end of what it set off.
  if (previous.open !== null && (previous.state === 'firing' || previous.state === 'no_data' || previous.state === 'error'))
    return previous.state === 'firing' ? previous.since : firstOf(bad, previous.since);
  return firstOf(bad, previous.state === state ? previous.since : now);
}

const firstOf = (bad: TargetState['bad'], otherwise: number): number =>
  Object.values(bad).reduce(
    (first, run) => Math.min(first, run.since),
    Object.keys(bad).length === 0 ? otherwise : Number.POSITIVE_INFINITY,
  );

/** When the state may change though nothing new is measured; null: never. */
export function dueAt(rule: Rule, state: TargetState): number | null {
  const times = Object.values(state.bad)
    .filter((run) => run.samples >= rule.forSamples)
    .map((run) => run.since + rule.forMs);
  if (state.goodSince !== null) {
    const isFlapping = rule.flapping !== undefined && state.stops.length >= rule.flapping.changes;
    times.push(state.goodSince + (isFlapping ? Math.max(rule.keepFiringMs, rule.flapping?.withinMs ?? 0) : rule.keepFiringMs));
  }
  return times.length === 0 ? null : Math.min(...times);
}

/** Whether nothing needs to be kept of a target: it is as good as one never seen. */
export const isForgettable = (state: TargetState): boolean =>
  state.open === null &&
  (state.state === 'ok' || state.state === 'no_data') &&
  state.stops.length === 0 &&
  Object.keys(state.bad).length === 0;
