import type { Metrics } from '../../../state/metrics/metrics.ts';
import { readAbsence, readBurn, readComposite, readRatio, readSeries, WAITS } from './conditions.ts';
import { readEventHistory } from './replay-events.ts';
import { MOST_REPLAY_EVALUATIONS, walk, type Findings, type Firing, type Range } from './replay-walk.ts';
import type { Rule, Selector } from './rule.ts';
import { firstAfter, knownAt, type Samples } from './samples.ts';
import type { Reading } from './step.ts';
import { Timeline, type Turn } from './timeline.ts';
import { matches, targetOf } from './tracked-series.ts';

/** What a replay looks at of each rule, so that one question costs seconds and not minutes. */
export const MOST_REPLAY_SERIES = 200;
const SERIES_A_READ = 25;

export type { Firing } from './replay-walk.ts';

export interface Replay {
  readonly from: number;
  readonly to: number;
  readonly series: number;
  readonly evaluations: number;
  /** There was more than a replay looks at. */
  readonly isTruncated: boolean;
  /** Why there is nothing to see, or what is left out; null where there is nothing to say. */
  readonly note: string | null;
  readonly firings: readonly Firing[];
}

/** A rule that is in force by this name: what a composite is made of. */
export type RuleLookUp = (name: string) => Promise<Rule | undefined>;

interface Series {
  readonly seriesId: number;
  readonly unit: string;
  readonly target: string;
}

interface Question extends Range {
  readonly metrics: Metrics;
  readonly lookUp: RuleLookUp;
  readonly signal: AbortSignal | undefined;
}

/** What is found on the way, of the rule itself and of those it is made of. */
interface Course {
  series: number;
  evaluations: number;
  readonly notes: string[];
}

/** Lets a rule judge what is stored, by the very same evaluation, and tells when it would have fired. */
export async function replayRule(
  metrics: Metrics,
  rule: Rule,
  { from, to, signal, lookUp = () => Promise.resolve(undefined) }: Range & { readonly signal?: AbortSignal; readonly lookUp?: RuleLookUp },
): Promise<Replay> {
  const course: Course = { series: 0, evaluations: 0, notes: [] };
  const findings: Findings = { firings: [], evaluations: 0 };
  const question: Question = { metrics, from, to, signal, lookUp };
  const isCut = await judge(question, rule, findings, course, new Set());
  const isOver = findings.evaluations + course.evaluations >= MOST_REPLAY_EVALUATIONS;
  if (isOver) course.notes.push(`it stops after ${MOST_REPLAY_EVALUATIONS} looks: ask about a shorter time`);
  const firings = findings.firings.toSorted((a, b) => a.firedAt - b.firedAt || (a.target < b.target ? -1 : 1));
  return {
    from,
    to,
    series: course.series,
    evaluations: findings.evaluations + course.evaluations,
    isTruncated: isCut.isCut || isOver,
    note: course.notes.length === 0 ? null : course.notes.join('; '),
    firings,
  };
}

interface Judged {
  readonly timeline: Timeline;
  readonly isCut: boolean;
}

async function judge(question: Question, rule: Rule, findings: Findings, course: Course, under: ReadonlySet<string>): Promise<Judged> {
  if (rule.kind === 'composite') return judgeComposite(question, rule, findings, course, under);
  const { metrics } = question;
  const all = rule.selector === undefined ? [] : await seriesOf(metrics, rule.selector);
  const series = all.slice(0, MOST_REPLAY_SERIES);
  const divisors = rule.divisor === undefined ? [] : await seriesOf(metrics, rule.divisor);
  course.series += series.length;
  const what = rule.selector?.metricName ?? '';
  if (rule.kind === 'anomaly') course.notes.push(`${WAITS}: it would say no_data`);
  else if (series.length === 0) course.notes.push(`nothing of ${what} was ever measured that matches: the rule would say no_data`);
  let isCut = all.length > series.length;
  if (isCut) course.notes.push(`${what} has more than ${MOST_REPLAY_SERIES} series: the others are left out`);

  if (rule.kind === 'burn_rate') {
    if (divisors.length > MOST_REPLAY_SERIES) {
      isCut = true;
      course.notes.push(`${rule.divisor?.metricName ?? ''} has more than ${MOST_REPLAY_SERIES} series: the others are left out`);
    }
    const numbers = (of: readonly Series[]): readonly number[] => of.slice(0, MOST_REPLAY_SERIES).map(({ seriesId }) => seriesId);
    const bad = await readEventHistory(metrics, numbers(series), question);
    const total = await readEventHistory(metrics, numbers(divisors), question);
    const read = (now: number): Reading => readBurn(rule, bad(now), total(now), now);
    return { timeline: new Timeline([walk(rule, { target: '', unit: '', sources: [], read }, question, findings)]), isCut };
  }
  if (rule.kind === 'absence') {
    const columns = await samplesOf(question, rule, series);
    const times = Float64Array.from(columns.flatMap(({ times: each }) => [...each])).toSorted();
    const read = (now: number): Reading => readAbsence(rule, times[firstAfter(times, now) - 1], question.from, now);
    return { timeline: new Timeline([walk(rule, { target: '', unit: '', sources: [times], read }, question, findings)]), isCut };
  }
  return { timeline: new Timeline(await judgeSeries(question, rule, series, divisors, findings)), isCut };
}

/** Each series apart, some at a time. */
async function judgeSeries(
  question: Question,
  rule: Rule,
  series: readonly Series[],
  divisors: readonly Series[],
  findings: Findings,
): Promise<readonly (readonly Turn[])[]> {
  const backMs = backOf(rule);
  const states: (readonly Turn[])[] = [];
  for (let at = 0; at < series.length && findings.evaluations < MOST_REPLAY_EVALUATIONS; at += SERIES_A_READ) {
    question.signal?.throwIfAborted();
    const page = series.slice(at, at + SERIES_A_READ);
    const columns = await samplesOf(question, rule, page);
    const below = page.map(({ target }) => divisors.find((divisor) => divisor.target === target));
    const known = below.filter((each) => each !== undefined);
    const lower = await samplesOf(question, rule, known);
    page.forEach((each, index) => {
      const samples = columns[index] ?? { times: [], values: [] };
      const divisor = below[index];
      const under = divisor === undefined ? undefined : lower[known.indexOf(divisor)];
      const read = (now: number): Reading =>
        rule.kind === 'ratio'
          ? readRatio(rule, knownAt(samples, now, backMs), under === undefined ? undefined : knownAt(under, now, backMs), now)
          : readSeries(rule, knownAt(samples, now, backMs), now);
      // A forecast changes slowly, and costs the most.
      const sources = rule.kind === 'forecast' ? [] : under === undefined ? [samples.times] : [samples.times, under.times];
      states.push(walk(rule, { target: each.target, unit: each.unit, sources, read }, question, findings));
    });
  }
  return states;
}

/** Those it is made of first: what they said over time is what it reads. */
async function judgeComposite(
  question: Question,
  rule: Rule,
  findings: Findings,
  course: Course,
  under: ReadonlySet<string>,
): Promise<Judged> {
  const timelines = new Map<string, Timeline>();
  const within = new Set([...under, rule.name]);
  let isCut = false;
  let isCircular = false;
  for (const { rule: name } of [...rule.all, ...rule.any]) {
    if (timelines.has(name)) continue;
    if (within.has(name)) {
      isCircular = true;
      continue;
    }
    const other = await question.lookUp(name);
    if (other === undefined) {
      course.notes.push(`there is no rule "${name}" in force: nothing is known of it`);
      continue;
    }
    // What fires there is no firing of this one.
    const theirs: Findings = { firings: [], evaluations: 0 };
    const judged = await judge(question, other, theirs, course, within);
    course.evaluations += theirs.evaluations;
    isCut ||= judged.isCut;
    timelines.set(name, judged.timeline);
  }
  if (isCircular) course.notes.push(`"${rule.name}" depends on itself: it would say error`);
  const read = (now: number): Reading =>
    isCircular ? { kind: 'error', why: 'it depends on itself' } : readComposite(rule, (name) => timelines.get(name)?.at(now), now);
  const sources = [...timelines.values()].map(({ times }) => times);
  return { timeline: new Timeline([walk(rule, { target: '', unit: '', sources, read }, question, findings)]), isCut };
}

const backOf = ({ noDataAfterMs, windowMs }: Rule): number => Math.max(windowMs, noDataAfterMs);

const samplesOf = ({ from, metrics, to }: Question, rule: Rule, series: readonly Series[]): Promise<readonly Samples[]> =>
  metrics.samples(series.map(({ seriesId }) => ({ series: seriesId, from: from - backOf(rule), to: to + 1 })));

async function seriesOf(metrics: Metrics, selector: Selector): Promise<readonly Series[]> {
  const found: Series[] = [];
  for (let after = 0; ;) {
    const page = await metrics.series([selector.metricName], { after, limit: 10_000 });
    for (const { agentId, labels: own, seriesId, unit } of page) {
      const labels = agentId === '' ? own : { ...own, agent: agentId };
      if (matches(selector, { agentId, labels })) found.push({ seriesId, unit, target: targetOf(labels) });
    }
    const last = page.at(-1)?.seriesId;
    if (last === undefined || page.length < 10_000 || found.length > MOST_REPLAY_SERIES) return found;
    after = last;
  }
}
