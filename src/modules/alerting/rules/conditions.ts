import { formatDuration } from '../../../base/duration.ts';
import type { Level, Rule } from './rule.ts';
import { between, firstAfter, increaseWithin, type Samples } from './samples.ts';
import type { Reading } from './step.ts';
import { theilSen } from './theil-sen.ts';
import type { VerdictState } from './verdict.ts';

/** Why a rule of kind anomaly says nothing. */
export const WAITS = 'it waits for a detector of anomalies, and there is none yet';
const NEVER: Reading = { kind: 'no_data', why: 'nothing was ever measured' };

const silence = (ms: number): Reading => ({ kind: 'no_data', why: `the newest sample is ${formatDuration(ms)} old` });

/** What a rule about single series reads of one, without the newest value compared with anything. Pure. */
export function readSeries(rule: Rule, samples: Samples, now: number): Reading {
  const count = samples.times.length;
  const newest = samples.times[count - 1];
  if (newest === undefined) return NEVER;
  if (rule.kind === 'staleness')
    return { kind: 'value', at: now, value: Math.max(0, now - newest) / 1_000, reached: silentFor(rule, now - newest) };
  if (now - newest > rule.noDataAfterMs) return silence(now - newest);
  switch (rule.kind) {
    case 'rate':
      return rateOf(rule, samples, now, newest);
    case 'forecast':
      return forecast(rule, samples, now, newest);
    case 'anomaly':
      return { kind: 'no_data', why: WAITS };
    default:
      return rule.aggregate === 'last'
        ? { kind: 'value', at: newest, value: samples.values[count - 1] ?? Number.NaN }
        : aggregate(rule, samples, now, newest);
  }
}

const everyLevel = (rule: Rule): ReadonlySet<Level> => new Set(rule.lines.map(({ level }) => level));
const silentFor = (rule: Rule, ms: number): ReadonlySet<Level> => (ms > rule.windowMs ? everyLevel(rule) : new Set());

function aggregate(rule: Rule, samples: Samples, now: number, newest: number): Reading {
  const { times, values } = between(samples, now - rule.windowMs, now);
  // A series that is slower than the window is still known by its newest value.
  if (values.length === 0) return { kind: 'value', at: newest, value: samples.values[samples.values.length - 1] ?? Number.NaN };
  const hasGap = uncovered(rule, samples, times, now);
  if (hasGap !== undefined) return hasGap;
  const sum = values.reduce((total, value) => total + value, 0);
  switch (rule.aggregate) {
    case 'avg':
      return { kind: 'value', at: newest, value: sum / values.length };
    case 'sum':
      return { kind: 'value', at: newest, value: sum };
    case 'min':
      return { kind: 'value', at: newest, value: values.reduce((a, b) => Math.min(a, b)) };
    default:
      return { kind: 'value', at: newest, value: values.reduce((a, b) => Math.max(a, b)) };
  }
}

/**
 * A mean of minutes that is made of seconds says nothing yet: after a first start or a long silence it takes half the window.
 * Undefined where there is enough, or where what there is decides: a maximum that is beyond the threshold stays so.
 */
function uncovered(rule: Rule, samples: Samples, inside: readonly number[], now: number): Reading | undefined {
  const rises = rule.operator === '>' || rule.operator === '>=';
  const decides = (rule.aggregate === 'max' && rises) || (rule.aggregate === 'min' && (rule.operator === '<' || rule.operator === '<='));
  const [first = now] = inside;
  if (decides || now - first >= rule.windowMs / 2) return undefined;
  const before = firstAfter(samples.times, now - rule.windowMs) - 1;
  const earlier = samples.times[before];
  const gap = earlier === undefined ? Number.POSITIVE_INFINITY : first - earlier;
  if (gap <= rule.windowMs) return undefined;
  if (inside.length === 1 && earlier !== undefined) {
    // One sample after a gap: of a series that is slower than the window, or the first of many. Who is slow has no second one soon.
    return now - first > gap / 10 ? undefined : { kind: 'value', at: earlier, value: samples.values[before] ?? Number.NaN };
  }
  return { kind: 'no_data', why: `less than half of ${formatDuration(rule.windowMs)} was measured yet` };
}

function rateOf(rule: Rule, samples: Samples, now: number, newest: number): Reading {
  const grown = increaseWithin(samples, now - rule.windowMs, now);
  if (grown === undefined) return { kind: 'no_data', why: `a rate needs two samples within ${formatDuration(rule.windowMs)}` };
  return { kind: 'value', at: newest, value: grown.increase / (grown.ms / 1_000) };
}

/** One series divided by another. */
export function readRatio(rule: Rule, upper: Samples, lower: Samples | undefined, now: number): Reading {
  const above = partOf(rule, upper, now);
  const below = lower === undefined ? undefined : partOf(rule, lower, now);
  if (above === undefined) return { kind: 'no_data', why: 'what is divided is not known' };
  if (below === undefined) return { kind: 'no_data', why: 'what it is divided by is not known' };
  if (below.value === 0)
    return above.value === 0 ? { kind: 'no_data', why: 'both are zero: nothing happened' } : { kind: 'error', why: 'division by zero' };
  return { kind: 'value', at: Math.min(above.at, below.at), value: above.value / below.value };
}

function partOf(rule: Rule, samples: Samples, now: number): { readonly at: number; readonly value: number } | undefined {
  const count = samples.times.length;
  const at = samples.times[count - 1];
  if (at === undefined || now - at > rule.noDataAfterMs) return undefined;
  if (!rule.counters) return { at, value: samples.values[count - 1] ?? Number.NaN };
  const grown = increaseWithin(samples, now - rule.windowMs, now);
  return grown === undefined ? undefined : { at, value: grown.increase };
}

/** `newest`: of any series of the rule; undefined where there was none since `since`, when the rule was made. */
export function readAbsence(rule: Rule, newest: number | undefined, since: number, now: number): Reading {
  const last = Math.max(newest ?? since, since);
  const ms = Math.max(0, now - (newest ?? last));
  const why = newest === undefined ? 'nothing was ever measured' : `the newest sample is ${formatDuration(ms)} old`;
  return { kind: 'value', at: now, value: ms / 1_000, reached: silentFor(rule, now - last), why };
}

/**
 * Whether the trend of the window crosses a threshold within the horizon. Where the interval of the slope leaves open by more than
 * the horizon when that will be, it says so instead of guessing.
 */
function forecast(rule: Rule, samples: Samples, now: number, newest: number): Reading {
  const { times, values } = between(samples, now - rule.windowMs, now);
  const trend = theilSen(times, values);
  if (trend === undefined)
    return { kind: 'no_data', why: `not predictable: ${times.length} points within ${formatDuration(rule.windowMs)} are too few` };
  const rises = rule.operator === '>' || rule.operator === '>=';
  const current = trend.valueAt(newest);
  const [fast, slow] = rises ? [trend.most, trend.least] : [-trend.least, -trend.most];
  const median = rises ? trend.slope : -trend.slope;
  const reached = new Set<Level>();
  let soonest: number | undefined;
  for (const line of rule.lines) {
    const distance = rises ? line.threshold - current : current - line.threshold;
    const eta = timeTo(distance, median);
    if (timeTo(distance, fast) > rule.horizonMs) continue;
    if (timeTo(distance, slow) - timeTo(distance, fast) > rule.horizonMs)
      return { kind: 'no_data', why: `not predictable: the trend is from ${perHour(trend.least)} to ${perHour(trend.most)} an hour` };
    if (eta > rule.horizonMs) continue;
    reached.add(line.level);
    soonest = eta;
  }
  const atHorizon = current + trend.slope * rule.horizonMs;
  const why =
    soonest === undefined
      ? `in ${formatDuration(rule.horizonMs)} it will be about ${short(atHorizon)}`
      : soonest === 0
        ? 'it is there already'
        : `it will be there in about ${formatDuration(Math.max(1_000, Math.round(soonest / 60_000) * 60_000))}`;
  return { kind: 'value', at: newest, value: atHorizon, reached, why };
}

const timeTo = (distance: number, speed: number): number => (distance <= 0 ? 0 : speed <= 0 ? Number.POSITIVE_INFINITY : distance / speed);
const short = (value: number): string => String(Number(value.toPrecision(4)));
const perHour = (slope: number): string => short(slope * 3_600_000);

/** A pair of windows: both must burn the budget this many times too fast. The long one says it matters, the short one that it goes on. */
export const BURN_WINDOWS = [
  { level: 'critical', factor: 14.4, longMs: 3_600_000, shortMs: 300_000 },
  { level: 'critical', factor: 6, longMs: 6 * 3_600_000, shortMs: 30 * 60_000 },
  { level: 'warning', factor: 3, longMs: 24 * 3_600_000, shortMs: 2 * 3_600_000 },
  { level: 'warning', factor: 1, longMs: 72 * 3_600_000, shortMs: 6 * 3_600_000 },
] as const;

/** Events by even buckets of time, newest last. */
export interface Buckets {
  readonly bucketMs: number;
  /** The end of the newest. */
  readonly end: number;
  readonly counts: readonly number[];
}

export interface Events {
  readonly fine: Buckets;
  readonly coarse: Buckets;
}

/** Of bad and of all events: how fast the error budget is spent, by the worst pair of windows. */
export function readBurn(rule: Rule, bad: Events | undefined, all: Events | undefined, now: number): Reading {
  if (all === undefined) return { kind: 'no_data', why: 'no events were counted' };
  const budget = 1 - rule.objective;
  const reached = new Set<Level>();
  let worst: { burn: number; longMs: number; share: number } | undefined;
  /** The gravest pair that is reached: what is told must be what it fires for. */
  let told: typeof worst;
  let isEnough = false;
  for (const { level, factor, longMs, shortMs } of BURN_WINDOWS) {
    const total = sumWithin(all, now - longMs);
    if (total < Math.max(rule.minEvents, Number.MIN_VALUE)) continue;
    isEnough = true;
    const long = sumWithin(bad, now - longMs) / total / budget;
    const shortTotal = sumWithin(all, now - shortMs);
    const recent = shortTotal === 0 ? 0 : sumWithin(bad, now - shortMs) / shortTotal / budget;
    const share = Math.min(long, recent) / factor;
    const pair = { burn: long, longMs, share };
    if (worst === undefined || share > worst.share) worst = pair;
    if (long < factor || recent < factor) continue;
    reached.add(level);
    told ??= pair;
  }
  if (!isEnough || worst === undefined) return { kind: 'no_data', why: `fewer than ${rule.minEvents} events` };
  const { burn, longMs } = told ?? worst;
  return {
    kind: 'value',
    at: Math.min(now, all.fine.end),
    value: burn,
    reached,
    why: `over ${formatDuration(longMs)} the error budget is spent ${short(burn)} times as fast as it may`,
  };
}

function sumWithin(events: Events | undefined, from: number): number {
  if (events === undefined) return 0;
  const { fine, coarse } = events;
  const buckets = fine.end - fine.counts.length * fine.bucketMs <= from ? fine : coarse;
  const count = Math.min(buckets.counts.length, Math.round((buckets.end - from) / buckets.bucketMs));
  return count <= 0 ? 0 : buckets.counts.slice(-count).reduce((sum, each) => sum + each, 0);
}

/** What another rule says as a whole: the gravest of its targets. */
export type RuleState = VerdictState;

/** All or any of other rules' states. What is not known may decide nothing, so it is told. */
export function readComposite(rule: Rule, stateOf: (name: string) => RuleState | undefined, now: number): Reading {
  const holds = (operand: { readonly rule: string; readonly fires: boolean }): boolean | undefined => {
    const state = stateOf(operand.rule);
    if (state === undefined || state === 'no_data' || state === 'error') return undefined;
    return (state === 'firing') === operand.fires;
  };
  const all = rule.all.length === 0 ? undefined : allOf(rule.all.map(holds));
  const any = rule.any.length === 0 ? undefined : anyOf(rule.any.map(holds));
  const parts = [...(rule.all.length === 0 ? [] : [all]), ...(rule.any.length === 0 ? [] : [any])];
  const result = allOf(parts);
  const unknown = [...rule.all, ...rule.any].map(({ rule: name }) => name).filter((name) => isUnknown(stateOf(name)));
  if (result === undefined) return { kind: 'no_data', why: `nothing is known of ${unknown.join(', ')}` };
  return { kind: 'value', at: now, value: null, reached: result ? everyLevel(rule) : new Set() };
}

const isUnknown = (state: RuleState | undefined): boolean => state === undefined || state === 'no_data' || state === 'error';
const allOf = (parts: readonly (boolean | undefined)[]): boolean | undefined =>
  parts.includes(false) ? false : parts.includes(undefined) ? undefined : true;
const anyOf = (parts: readonly (boolean | undefined)[]): boolean | undefined =>
  parts.includes(true) ? true : parts.includes(undefined) ? undefined : false;
