import type { Database, Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import type { Metrics } from '../../../state/metrics/metrics.ts';
import { readAbsence, readBurn, readComposite, readRatio, readSeries, WAITS } from './conditions.ts';
import { readStored } from './document.ts';
import { explain } from './explain.ts';
import { faultReport, reportOf, sameReports, type Count } from './report.ts';
import { compileRule, type Rule } from './rule.ts';
import type { RuleReport } from './rule-store.ts';
import { MOST_IN_WINDOW, type Samples } from './samples.ts';
import { MOST_EVENT_SERIES, MOST_FORECAST_SERIES, SlowReads } from './slow-reads.ts';
import { OK_STATE, type TargetState } from './state.ts';
import { loadStates, saveReports, saveStates, type StateChange, type TargetIdentity } from './state-store.ts';
import { dueAt, isBeyond, isForgettable, step, type Reading } from './step.ts';
import { matches, MOST_TRACKED, TrackedSeries, type Tracked } from './tracked-series.ts';
import type { Evaluation, RuleEvaluator, Verdict } from './verdict.ts';

/** Series a rule may be about; more are left out, and its report says so. */
export const MOST_SERIES_A_RULE = 10_000;
/** How often the reports of rules are written, where they changed. */
const REPORT_MS = 5_000;
/** A report that did not change is written all the same now and then: it says that the rule is looked at. */
const REPORT_ANYWAY_MS = 60_000;

interface Bound {
  readonly rule: Rule;
  readonly createdAt: number;
  targets: readonly Tracked[];
  /** What is not looked at, and why; '' where all is. */
  leftOut: string;
  /** By target: the series that is divided by. */
  divisors: ReadonlyMap<string, Tracked> | undefined;
}

interface Known {
  readonly memory: TargetState;
  readonly series: TargetIdentity;
}

interface RuleRow {
  readonly name: string;
  readonly definition: Readonly<Record<string, unknown>>;
  readonly created_at: number;
}

export interface EvaluatorOptions {
  readonly database: Pick<Database, 'query' | 'transaction'>;
  readonly metrics: Metrics;
}

/** Evaluates all rules over all their series, again and again. Keeps what was settled in memory; the tables have the same. */
export function createRuleEvaluator(options: EvaluatorOptions): RuleEvaluator {
  return new Evaluator(options);
}

/** What one evaluation found, until it is settled. */
interface Round {
  readonly now: number;
  readonly changes: Verdict[];
  readonly states: StateChange[];
  readonly reports: Map<string, RuleReport>;
  nextAt: number | null;
}

class Evaluator implements RuleEvaluator {
  readonly #database: Pick<Database, 'query' | 'transaction'>;
  readonly #series: TrackedSeries;
  readonly #slow: SlowReads;
  #bound: readonly Bound[] = [];
  #rules: ReadonlyMap<string, Rule> = new Map();
  /** By name: what SQL put there is no rule. */
  #faults: ReadonlyMap<string, string> = new Map();
  #signature = '';
  #boundVersion = -1;
  /** By rule and target: only those that are not simply well. */
  #states: Map<string, Map<string, Known>> | undefined;
  #reports: ReadonlyMap<string, RuleReport> = new Map();
  #reportedAt = Number.NEGATIVE_INFINITY;
  #reportedRules = '';

  constructor({ database, metrics }: EvaluatorOptions) {
    this.#database = database;
    this.#series = new TrackedSeries(metrics);
    this.#slow = new SlowReads(metrics);
  }

  async evaluate(): Promise<Evaluation> {
    const startedAt = performance.now();
    const states = (this.#states ??= await this.#load());
    // In one transaction, since it is asked all day.
    const now = await this.#database.transaction(
      async (tx) => {
        const readAt = await this.#readRules(tx);
        await this.#series.look(tx, this.#metricNames(), readAt);
        await this.#series.readNewest(tx);
        return readAt;
      },
      { readOnly: true },
    );
    if (this.#boundVersion !== this.#series.version) await this.#bind(now);
    await this.#slow.read(this.#bound, now);

    const round: Round = { now, changes: [], states: [], reports: new Map(), nextAt: null };
    for (const bound of this.#bound) if (bound.rule.kind !== 'composite') this.#evaluateRule(bound, states.get(bound.rule.name), round);
    this.#evaluateComposites(states, round);
    for (const [name, fault] of this.#faults) round.reports.set(name, faultReport(fault, now));
    this.#closeOrphans(states, round);
    return this.#evaluation(states, round, performance.now() - startedAt);
  }

  async #load(): Promise<Map<string, Map<string, Known>>> {
    const states = new Map<string, Map<string, Known>>();
    for (const { rule, target, series, memory } of await loadStates(this.#database)) {
      const ofRule = states.get(rule) ?? new Map<string, Known>();
      states.set(rule, ofRule);
      ofRule.set(target, { memory, series });
    }
    return states;
  }

  /** Reads the rules where they changed. The database's clock comes with it. */
  async #readRules(reader: Queryable): Promise<number> {
    const { rows } = await reader.query<{ now: number; signature: string }>(sql`
      select (extract(epoch from clock_timestamp()) * 1000)::float8 as now,
        count(*) || ' ' || coalesce(sum(revision), 0) || ' ' || coalesce(max(updated_at)::text, '') || ' ' || coalesce(max(created_at)::text, '') as signature
      from muster.alert_rules`);
    const { now = Date.now(), signature = '' } = rows[0] ?? {};
    if (signature === this.#signature) return now;
    const read = await reader.query<RuleRow>(sql`
      select name, definition, (extract(epoch from created_at) * 1000)::float8 as created_at
      from muster.alert_rules where enabled order by name`);
    const faults = new Map<string, string>();
    const bound: Bound[] = [];
    for (const { name, definition, created_at: createdAt } of read.rows) {
      const document = readStored(name, definition);
      if ('fault' in document) faults.set(name, document.fault);
      else bound.push({ rule: compileRule(document), createdAt, targets: [], leftOut: '', divisors: undefined });
    }
    this.#bound = bound;
    this.#faults = faults;
    this.#rules = new Map(this.#bound.map(({ rule }) => [rule.name, rule]));
    this.#signature = signature;
    this.#boundVersion = -1;
    return now;
  }

  #metricNames(): readonly string[] {
    const names = new Set<string>();
    for (const { rule } of this.#bound) {
      if (rule.selector !== undefined) names.add(rule.selector.metricName);
      if (rule.divisor !== undefined) names.add(rule.divisor.metricName);
    }
    return [...names].toSorted();
  }

  /** Which series each rule is about. */
  async #bind(now: number): Promise<void> {
    const windows = new Map<Tracked, number>();
    const wantWindow = (tracked: Tracked, ms: number): void => {
      windows.set(tracked, Math.max(windows.get(tracked) ?? 0, ms));
    };
    for (const bound of this.#bound) {
      const { rule } = bound;
      const { selector, divisor } = rule;
      if (selector === undefined) continue;
      const found: Tracked[] = [];
      const leftOut: string[] = this.#series.isTruncated ? [`all rules together are about more than ${MOST_TRACKED} series`] : [];
      for (const tracked of this.#series.of(selector.metricName).values()) {
        if (!matches(selector, tracked)) continue;
        if (found.length >= MOST_SERIES_A_RULE) {
          leftOut.push(`more than ${MOST_SERIES_A_RULE} series match`);
          break;
        }
        found.push(tracked);
      }
      bound.targets = found;
      if (divisor !== undefined) {
        const others = [...this.#series.of(divisor.metricName).values()].filter((tracked) => matches(divisor, tracked));
        bound.divisors = new Map(others.slice(0, MOST_SERIES_A_RULE).map((tracked) => [tracked.target, tracked]));
        if (others.length > MOST_SERIES_A_RULE) leftOut.push(`more than ${MOST_SERIES_A_RULE} series of ${divisor.metricName} match`);
      }
      if (rule.kind === 'forecast' && found.length > MOST_FORECAST_SERIES)
        leftOut.push(`more than ${MOST_FORECAST_SERIES} series to forecast`);
      if (rule.kind === 'burn_rate' && Math.max(found.length, bound.divisors?.size ?? 0) > MOST_EVENT_SERIES)
        leftOut.push(`more than ${MOST_EVENT_SERIES} series to add up`);
      bound.leftOut = leftOut.length === 0 ? '' : `${leftOut.join('; ')}: the others are not looked at`;
      if (looksBack(rule)) {
        for (const tracked of found) wantWindow(tracked, rule.windowMs);
        for (const tracked of bound.divisors?.values() ?? []) wantWindow(tracked, rule.windowMs);
      }
    }
    await this.#series.openWindows(windows, now);
    this.#boundVersion = this.#series.version;
  }

  #evaluateRule(bound: Bound, states: ReadonlyMap<string, Known> | undefined, round: Round): void {
    const { rule } = bound;
    const series = bound.targets.length;
    const why = rule.kind === 'anomaly' ? WAITS : '';
    const count: Count = { series, targets: isAboutAll(rule) ? 1 : series, pending: 0, firing: 0, noData: 0, error: 0, why };
    if (rule.kind === 'absence' || rule.kind === 'burn_rate') {
      const reading = rule.kind === 'absence' ? absenceOf(bound, round.now) : readBurn(rule, ...this.#slow.events(rule.name), round.now);
      this.#advance(rule, '', wholeOf(rule), states?.get(''), reading, round, count);
    } else if (rule.kind === 'threshold' && rule.aggregate === 'last') {
      this.#evaluateNewest(bound, states, round, count);
    } else {
      for (const tracked of bound.targets) {
        const known = states?.get(tracked.target);
        if (this.#isForgotten(rule, tracked, known, round)) {
          count.noData += 1;
          continue;
        }
        this.#advance(rule, tracked.target, tracked, known, this.#readingOf(bound, tracked, round.now), round, count);
      }
    }
    // Windows are shared: what is missing concerns the rule that looks back the furthest.
    const isCut = looksBack(rule) && bound.targets.some(({ window }) => window?.isCut === true && window.keepMs === rule.windowMs);
    const cut = isCut ? `of windows with more than ${MOST_IN_WINDOW} samples the oldest are left out` : '';
    round.reports.set(rule.name, reportOf(count, [bound.leftOut, cut].filter((part) => part !== '').join('; '), round.now));
  }

  /** The most common kind by far: a target that was well and is well costs a comparison or two, and no memory. */
  #evaluateNewest({ rule, targets }: Bound, states: ReadonlyMap<string, Known> | undefined, round: Round, count: Count): void {
    const silentBefore = round.now - rule.noDataAfterMs;
    const hasStates = states !== undefined && states.size > 0;
    const { lines, operator } = rule;
    for (const tracked of targets) {
      const known = hasStates ? states.get(tracked.target) : undefined;
      if (known === undefined) {
        if (tracked.at < silentBefore) {
          count.noData += 1;
          continue;
        }
        if (Number.isFinite(tracked.value) && !lines.some((line) => isBeyond(tracked.value, operator, line, false))) continue;
      }
      if (this.#isForgotten(rule, tracked, known, round)) {
        count.noData += 1;
        continue;
      }
      this.#advance(rule, tracked.target, tracked, known, readSeries(rule, newestOf(tracked), round.now), round, count);
    }
  }

  #readingOf({ rule, divisors }: Bound, tracked: Tracked, now: number): Reading {
    if (rule.kind === 'ratio') {
      const below = divisors?.get(tracked.target);
      return readRatio(rule, windowOf(tracked), below === undefined ? undefined : windowOf(below), now);
    }
    if (rule.kind === 'forecast') {
      return readSeries(rule, this.#slow.samples(rule.name, tracked) ?? newestOf(tracked), now);
    }
    return readSeries(rule, windowOf(tracked), now);
  }

  /** Whether a series has been silent for so long that it is no target any more; closes what it left open. */
  #isForgotten(rule: Rule, tracked: Tracked, known: Known | undefined, round: Round): boolean {
    if (round.now - tracked.at <= rule.forgetAfterMs) return false;
    if (known !== undefined) close(rule.name, rule, tracked.target, known, 'it was silent for so long that it is forgotten', round);
    return true;
  }

  #advance(
    rule: Rule,
    target: string,
    series: TargetIdentity,
    known: Known | undefined,
    reading: Reading,
    round: Round,
    count: Count,
  ): void {
    const before = known?.memory;
    const after = step(rule, before, reading, round.now);
    if (after.state === 'pending') count.pending += 1;
    else if (after.state === 'firing') count.firing += 1;
    else if (after.state === 'no_data') count.noData += 1;
    else if (after.state === 'error') count.error += 1;
    if (after.state !== 'ok' && count.why === '') count.why = explain(rule, after, series.unit, round.now);
    const due = dueAt(rule, after);
    if (due !== null && due > round.now && (round.nextAt === null || due < round.nextAt)) round.nextAt = due;
    const isForgettableNow = isForgettable(after);
    if (before === undefined && isForgettableNow) return;
    const previous = before ?? OK_STATE;
    const isChange = previous.state !== after.state || previous.level !== after.level;
    // A value that moved is worth a row only with something that follows from it.
    if (!isChange && !isForgettableNow && isSameMemory(previous, after)) return;
    round.states.push({ rule: rule.name, target, series: identityOf(series), memory: isForgettableNow ? null : after });
    if (!isChange) return;
    round.changes.push({
      rule: rule.name,
      target,
      labels: { ...series.labels, ...rule.labels },
      agentId: series.agentId,
      metricName: series.metricName,
      unit: series.unit,
      state: after.state,
      level: after.level,
      previous: { state: previous.state, level: previous.level },
      value: after.value,
      threshold: after.threshold,
      since: after.since,
      at: round.now,
      explanation: explain(rule, after, series.unit, round.now),
      isGone: false,
    });
  }

  /** After all others, those that others depend on first. One that depends on itself is an error. */
  #evaluateComposites(states: ReadonlyMap<string, ReadonlyMap<string, Known>>, round: Round): void {
    const composites = new Map(this.#bound.filter(({ rule }) => rule.kind === 'composite').map((bound) => [bound.rule.name, bound]));
    const under = new Set<string>();
    const visit = ({ rule }: Bound): void => {
      if (round.reports.has(rule.name)) return;
      under.add(rule.name);
      let isCircular = false;
      for (const { rule: name } of [...rule.all, ...rule.any]) {
        if (under.has(name)) isCircular = true;
        const other = composites.get(name);
        if (other !== undefined && !under.has(name)) visit(other);
      }
      under.delete(rule.name);
      const reading: Reading = isCircular
        ? { kind: 'error', why: 'it depends on itself' }
        : readComposite(rule, (name) => round.reports.get(name)?.state, round.now);
      const count: Count = { series: 0, targets: 1, pending: 0, firing: 0, noData: 0, error: 0, why: '' };
      this.#advance(rule, '', wholeOf(rule), states.get(rule.name)?.get(''), reading, round, count);
      round.reports.set(rule.name, reportOf(count, '', round.now));
    };
    for (const bound of composites.values()) visit(bound);
  }

  /** What rules that are gone, or no longer about a series, left open. */
  #closeOrphans(states: ReadonlyMap<string, ReadonlyMap<string, Known>>, round: Round): void {
    for (const [name, targets] of states) {
      // A rule that cannot be read does not make well what it found before.
      if (this.#faults.has(name)) continue;
      const rule = this.#rules.get(name);
      for (const [target, known] of targets) {
        const why =
          rule === undefined
            ? 'the rule was deleted or disabled'
            : this.#isTarget(rule, target)
              ? undefined
              : 'the rule is no longer about it';
        if (why !== undefined) close(name, rule, target, known, why, round);
      }
    }
  }

  #isTarget(rule: Rule, target: string): boolean {
    if (isAboutAll(rule)) return target === '';
    if (rule.selector === undefined) return false;
    const tracked = this.#series.of(rule.selector.metricName).get(target);
    return tracked !== undefined && matches(rule.selector, tracked);
  }

  #evaluation(states: Map<string, Map<string, Known>>, round: Round, tookMs: number): Evaluation {
    const signature = this.#signature;
    const isDue =
      round.now - this.#reportedAt >= REPORT_ANYWAY_MS ||
      (round.now - this.#reportedAt >= REPORT_MS && !sameReports(this.#reports, round.reports)) ||
      // Who made a rule, or changed one, waits for what it says.
      this.#reportedRules !== this.#signature ||
      round.changes.length > 0;
    return {
      at: round.now,
      changes: round.changes,
      needsSave: round.states.length > 0 || isDue,
      rules: this.#rules,
      nextAt: round.nextAt,
      tookMs,
      save: async (tx) => {
        await saveStates(tx, round.states);
        if (isDue) await saveReports(tx, round.reports, round.now);
      },
      settle: () => {
        for (const { rule, target, series, memory } of round.states) {
          const ofRule = states.get(rule) ?? new Map<string, Known>();
          if (memory === null) ofRule.delete(target);
          else ofRule.set(target, { memory, series });
          if (ofRule.size === 0) states.delete(rule);
          else states.set(rule, ofRule);
        }
        if (isDue) {
          this.#reports = round.reports;
          this.#reportedAt = round.now;
          this.#reportedRules = signature;
        }
      },
    };
  }
}

/** Whether it is judged by samples before the newest, which are kept in memory. */
const looksBack = ({ aggregate, counters, kind }: Rule): boolean =>
  kind === 'rate' || (kind === 'threshold' && aggregate !== 'last') || (kind === 'ratio' && counters);
const isAboutAll = ({ kind }: Rule): boolean => kind === 'absence' || kind === 'burn_rate' || kind === 'composite';

const newestOf = ({ at, value }: Tracked): Samples => (Number.isFinite(at) ? { times: [at], values: [value] } : { times: [], values: [] });
const windowOf = (tracked: Tracked): Samples => tracked.window ?? newestOf(tracked);

const wholeOf = (rule: Rule): TargetIdentity => ({ metricName: rule.selector?.metricName ?? '', agentId: '', unit: '', labels: {} });
const identityOf = ({ metricName, agentId, unit, labels }: TargetIdentity): TargetIdentity => ({ metricName, agentId, unit, labels });

function absenceOf({ rule, targets, createdAt }: Bound, now: number): Reading {
  const newest = targets.reduce((latest, { at }) => Math.max(latest, at), Number.NEGATIVE_INFINITY);
  return readAbsence(rule, Number.isFinite(newest) ? newest : undefined, createdAt, now);
}

function close(name: string, rule: Rule | undefined, target: string, { memory, series }: Known, why: string, round: Round): void {
  round.states.push({ rule: name, target, series, memory: null });
  round.changes.push({
    rule: name,
    target,
    labels: { ...series.labels, ...rule?.labels },
    agentId: series.agentId,
    metricName: series.metricName,
    unit: series.unit,
    state: 'ok',
    level: null,
    previous: { state: memory.state, level: memory.level },
    value: null,
    threshold: null,
    since: round.now,
    at: round.now,
    explanation: why,
    isGone: true,
  });
}

/** Apart from values that say nothing new for the next step. */
function isSameMemory(a: TargetState, b: TargetState): boolean {
  if (a.open !== b.open || a.goodSince !== b.goodSince || a.since !== b.since || a.stops.length !== b.stops.length) return false;
  const levels = Object.keys(b.bad) as (keyof typeof b.bad)[];
  if (levels.length !== Object.keys(a.bad).length) return false;
  return levels.every(
    (level) => a.bad[level]?.since === b.bad[level]?.since && (b.open !== null || a.bad[level]?.samples === b.bad[level]?.samples),
  );
}
