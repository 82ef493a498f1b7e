import { MusterError } from '../../../base/errors.ts';
import type { Metrics } from '../../../state/metrics/metrics.ts';
import { readAbsence, readRatio, readSeries } from './conditions.ts';
import { explain } from './explain.ts';
import type { Level, Rule, Selector } from './rule.ts';
import type { Samples } from './samples.ts';
import type { TargetState } from './state.ts';
import { dueAt, step, type Reading } from './step.ts';
import { matches, targetOf } from './tracked-series.ts';

/** What a replay looks at, so that one question costs seconds and not minutes. */
export const MOST_REPLAY_SERIES = 200;
export const MOST_REPLAY_EVALUATIONS = 2_000_000;
const SERIES_A_READ = 25;
/** Where nothing comes of its own: silence is noticed and forecasts are made at this pace. */
const PACE_MS = 15_000;
const FORECAST_PACE_MS = 5 * 60_000;

/** Once when it would have fired. */
export interface Firing {
  readonly target: string;
  readonly level: Level;
  readonly badSince: number;
  readonly firedAt: number;
  /** Null: it would still fire at the end. */
  readonly endedAt: number | null;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly explanation: string;
}

export interface Replay {
  readonly from: number;
  readonly to: number;
  readonly series: number;
  readonly evaluations: number;
  /** There was more than a replay looks at. */
  readonly isTruncated: boolean;
  /** Why there is nothing to see; null where there is. */
  readonly note: string | null;
  readonly firings: readonly Firing[];
}

interface Series {
  readonly seriesId: number;
  readonly agentId: string;
  readonly unit: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly target: string;
}

/** Lets a rule judge what is stored, by the very same evaluation, and tells when it would have fired. */
export async function replayRule(
  metrics: Metrics,
  rule: Rule,
  { from, to, signal }: { readonly from: number; readonly to: number; readonly signal?: AbortSignal | undefined },
): Promise<Replay> {
  if (rule.selector === undefined || rule.kind === 'burn_rate')
    throw new MusterError('INVALID_INPUT', `a rule of kind ${rule.kind} cannot be replayed`, {
      remedy: rule.kind === 'composite' ? 'Replay the rules it is made of.' : 'Look at its counters with `muster metrics query`.',
    });
  const all = await seriesOf(metrics, rule.selector);
  const series = all.slice(0, MOST_REPLAY_SERIES);
  const outcome: { firings: Firing[]; evaluations: number } = { firings: [], evaluations: 0 };
  let isTruncated = all.length > series.length;
  const backMs = Math.max(rule.windowMs, rule.noDataAfterMs);
  const read = async (page: readonly Series[]): Promise<readonly Samples[]> =>
    metrics.samples(page.map(({ seriesId }) => ({ series: seriesId, from: from - backMs, to: to + 1 })));

  if (rule.kind === 'absence') {
    const columns = await read(series);
    const times = Float64Array.from(columns.flatMap(({ times: each }) => [...each])).toSorted();
    run(rule, { target: '', unit: '' }, [times], (now) => readAbsence(rule, lastBefore(times, now), from, now), { from, to }, outcome);
  } else {
    const divisors = rule.divisor === undefined ? [] : await seriesOf(metrics, rule.divisor);
    for (let at = 0; at < series.length && outcome.evaluations < MOST_REPLAY_EVALUATIONS; at += SERIES_A_READ) {
      signal?.throwIfAborted();
      const page = series.slice(at, at + SERIES_A_READ);
      const columns = await read(page);
      const below = page.map(({ target }) => divisors.find((divisor) => divisor.target === target));
      const lower = await read(below.filter((each) => each !== undefined));
      page.forEach((each, index) => {
        const samples = columns[index] ?? { times: [], values: [] };
        const divisor = below[index];
        const under = divisor === undefined ? undefined : lower[below.filter((other) => other !== undefined).indexOf(divisor)];
        const reading = (now: number): Reading =>
          rule.kind === 'ratio'
            ? readRatio(rule, upTo(samples, now, backMs), under === undefined ? undefined : upTo(under, now, backMs), now)
            : readSeries(rule, upTo(samples, now, backMs), now);
        run(rule, each, under === undefined ? [samples.times] : [samples.times, under.times], reading, { from, to }, outcome);
      });
    }
  }
  if (outcome.evaluations >= MOST_REPLAY_EVALUATIONS) isTruncated = true;
  const note =
    rule.kind === 'anomaly'
      ? 'no detector of anomalies is installed'
      : series.length === 0
        ? `nothing of ${rule.selector.metricName} was ever measured that matches: the rule would say no_data`
        : null;
  const firings = outcome.firings.toSorted((a, b) => a.firedAt - b.firedAt || (a.target < b.target ? -1 : 1));
  return { from, to, series: series.length, evaluations: outcome.evaluations, isTruncated, note, firings };
}

async function seriesOf(metrics: Metrics, selector: Selector): Promise<readonly Series[]> {
  const found: Series[] = [];
  for (let after = 0; ;) {
    const page = await metrics.series([selector.metricName], { after, limit: 10_000 });
    for (const series of page) {
      const labels = series.agentId === '' ? series.labels : { ...series.labels, agent: series.agentId };
      if (matches(selector, { agentId: series.agentId, labels }))
        found.push({ seriesId: series.seriesId, agentId: series.agentId, unit: series.unit, labels, target: targetOf(labels) });
    }
    const last = page.at(-1)?.seriesId;
    if (last === undefined || page.length < 10_000 || found.length > MOST_REPLAY_SERIES) return found;
    after = last;
  }
}

/** Looks at one target whenever something came, something was due, or enough time went by. */
function run(
  rule: Rule,
  { target, unit }: { readonly target: string; readonly unit: string },
  sources: readonly ArrayLike<number>[],
  read: (now: number) => Reading,
  { from, to }: { readonly from: number; readonly to: number },
  outcome: { firings: Firing[]; evaluations: number },
): void {
  const pace = rule.kind === 'forecast' ? FORECAST_PACE_MS : Math.max(PACE_MS, (to - from) / 100_000);
  const places = sources.map((times) => firstAfter(times, from - 1));
  let state: TargetState | undefined;
  let open: Firing | undefined;
  let now = from;
  for (;;) {
    outcome.evaluations += 1;
    state = step(rule, state, read(now), now);
    if (open !== undefined && (state.open === null || state.open !== open.level)) {
      outcome.firings.push({ ...open, endedAt: now });
      open = undefined;
    }
    if (open === undefined && state.state === 'firing' && state.open !== null) {
      open = {
        target,
        level: state.open,
        badSince: state.since,
        firedAt: now,
        endedAt: null,
        value: state.value,
        threshold: state.threshold,
        explanation: explain(rule, state, unit, now),
      };
    }
    if (now >= to || outcome.evaluations >= MOST_REPLAY_EVALUATIONS) break;
    let next = now + pace;
    if (rule.kind !== 'forecast') {
      sources.forEach((times, index) => {
        while ((times[places[index] ?? 0] ?? Number.POSITIVE_INFINITY) <= now) places[index] = (places[index] ?? 0) + 1;
        next = Math.min(next, times[places[index] ?? 0] ?? Number.POSITIVE_INFINITY);
      });
    }
    const due = dueAt(rule, state);
    if (due !== null && due > now) next = Math.min(next, due);
    now = Math.min(next, to);
  }
  if (open !== undefined) outcome.firings.push(open);
}

/** What was known at an instant, as far back as anybody looks. */
function upTo({ times, values }: Samples, now: number, backMs: number): Samples {
  const end = firstAfter(times, now);
  // One before the window as well: a counter's growth is counted from it.
  const start = Math.max(0, firstAfter(times, now - backMs) - 1);
  return { times: times.slice(start, end), values: values.slice(start, end) };
}

function lastBefore(times: ArrayLike<number>, now: number): number | undefined {
  const end = firstAfter(times, now);
  return end === 0 ? undefined : times[end - 1];
}

function firstAfter(times: ArrayLike<number>, at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
