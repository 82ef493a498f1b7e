import { messageOf, MusterError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { isOwnInterval, OWN_INTERVALS_MS, type Tier } from '../metric.ts';
import { MOST_ADVICE, type Advice } from './advice.ts';
import { aliasesOf } from './aliases.ts';
import { METRICS, type MetricName } from './catalogue.ts';
import type { Collection, Collector } from './collector.ts';
import { PROBE } from './postgres/collectors.ts';
import { measuredPrecision } from './precision.ts';
import type { Labels, Reading } from './reading.ts';
import { isDue } from './tick.ts';

/** Milliseconds between measurements, by tier of the configuration. */
export type Intervals = Readonly<Record<'fast' | 'slow' | 'rare', number>>;

/** How a collector fares, for people: in system_state, with its monitor. */
export interface CollectorStatus {
  readonly collector: string;
  readonly status: 'up' | 'failing' | 'not_offered' | 'not_run';
  readonly reason: string | null;
  readonly errors: number;
  readonly duration_seconds: number | null;
}

interface Course {
  readonly collector: Collector;
  status: CollectorStatus['status'];
  reason: string | null;
  errors: number;
  /** Seconds of the last collection, and of the longest since the last report. */
  duration: number | undefined;
  longest: number;
  lastTick: number | undefined;
  /** Ticks before this one are left out: the collector was slow. */
  notBefore: number;
}

export type RoundContext = Omit<Collection, 'record' | 'advise' | 'emit'> & {
  readonly log: Logger;
  readonly emit?: Collection['emit'];
};

/** What was found by name, by topic, and when. */
export type AdviceBook = ReadonlyMap<string, { readonly at: number; readonly advice: readonly Advice[] }>;

export interface RoundsOptions {
  /** Added to every reading: the database that is measured, where it is not the fleet's own. */
  readonly labels?: Labels;
  /** They run beside others in this process, so that the processor time that passes meanwhile is not theirs. */
  readonly beside?: boolean;
}

/** A collector that takes more than this share of its interval is run less often. */
const MOST_OF_INTERVAL = 0.1;
const RETRY_NOT_OFFERED_MS = 300_000;

/**
 * Runs collectors by their tiers, each bounded by itself: one that fails costs its own metrics and nothing else, one that is
 * slow is asked less often, one whose source this system lacks is tried again every five minutes.
 */
export class Rounds {
  readonly #courses: readonly Course[];
  readonly #intervals: Intervals;
  readonly #labels: Labels;
  readonly #beside: boolean;
  #answers = false;
  readonly #advice = new Map<string, { readonly at: number; readonly advice: readonly Advice[] }>();
  #stopped = false;
  #lastSlow: number | undefined;
  #lastRare: number | undefined;
  #cpuSeconds = 0;

  constructor(collectors: readonly Collector[], intervals: Intervals, { labels = {}, beside = false }: RoundsOptions = {}) {
    this.#labels = labels;
    this.#beside = beside || Object.keys(labels).length > 0;
    this.#courses = collectors.map((collector) => ({
      collector,
      status: 'not_run',
      reason: null,
      errors: 0,
      duration: undefined,
      longest: 0,
      lastTick: undefined,
      notBefore: Number.NEGATIVE_INFINITY,
    }));
    this.#intervals = intervals;
  }

  /** Everything that is due at this tick. */
  async collect(tick: number, context: RoundContext): Promise<readonly Reading[]> {
    const cpuBefore = process.cpuUsage();
    const due = this.#dueTiers(tick);
    const readings: Reading[] = [];
    const record = (name: MetricName, value: number | null | undefined, labels: Labels = {}): void => {
      const { tier, unit } = METRICS[name];
      // What is measured at an interval of its own is read by a collector of that very interval.
      if ((due.has(tier) || isOwnInterval(tier)) && value !== null && value !== undefined && Number.isFinite(value))
        readings.push({ name, labels: { ...this.#labels, ...labels }, value: measuredPrecision(value, unit) });
    };
    const advise: Collection['advise'] = (topic, advice) =>
      void this.#advice.set(topic, { at: tick, advice: advice.slice(0, MOST_ADVICE) });
    const emit: Collection['emit'] = (type, data) => context.emit?.(type, { ...this.#labels, ...data });
    let databaseAnswers = true;
    for (const course of this.#courses) {
      if (this.#stopped) break;
      if (!this.#isDue(course, tick)) continue;
      if (course.collector.asksDatabase === true && !databaseAnswers)
        fail(course, new MusterError('DATABASE_UNREACHABLE', 'the probe failed'));
      else await this.#run(course, tick, { ...context, record, advise, emit }, context.log);
      if (course.collector.name === PROBE) this.#answers = databaseAnswers = course.status === 'up';
    }
    const { user, system } = process.cpuUsage(cpuBefore);
    this.#cpuSeconds += (user + system) / 1e6;
    // The short names are those of the fleet's own host and database.
    if (!this.#beside) readings.push(...aliasesOf(readings));
    if (due.has('slow')) this.#recordOwn(record);
    return readings;
  }

  status(): readonly CollectorStatus[] {
    return this.#courses.map(({ collector, status, reason, errors, duration }) => ({
      collector: collector.name,
      status,
      reason,
      errors,
      duration_seconds: duration === undefined ? null : measuredPrecision(duration, 'seconds'),
    }));
  }

  /** Whether the probe of these rounds succeeded when it was last made. */
  get answers(): boolean {
    return this.#answers;
  }

  advice(): AdviceBook {
    return this.#advice;
  }

  /** A collection under way ends after the collector that is at work. */
  stop(): void {
    this.#stopped = true;
    for (const { collector } of this.#courses) collector.stop?.();
  }

  #dueTiers(tick: number): ReadonlySet<Tier> {
    const due = new Set<Tier>(['fast']);
    if (isDue(tick, this.#lastSlow, this.#intervals.slow, this.#intervals.fast)) {
      due.add('slow');
      this.#lastSlow = tick;
    }
    if (isDue(tick, this.#lastRare, this.#intervals.rare, this.#intervals.fast)) {
      due.add('rare');
      this.#lastRare = tick;
    }
    return due;
  }

  #isDue({ collector, lastTick, notBefore }: Course, tick: number): boolean {
    return tick >= notBefore && isDue(tick, lastTick, this.#intervalOf(collector), this.#intervals.fast);
  }

  #intervalOf({ tier }: Collector): number {
    return isOwnInterval(tier) ? OWN_INTERVALS_MS[tier] : this.#intervals[tier];
  }

  async #run(course: Course, tick: number, collection: Collection, log: Logger): Promise<void> {
    const { collector } = course;
    const startedAt = performance.now();
    course.lastTick = tick;
    try {
      await collector.collect(collection);
      if (course.status === 'failing') log.info({ collector: collector.name }, 'the collector works again');
      course.status = 'up';
      course.reason = null;
    } catch (error) {
      const reason = messageOf(error);
      const isNews = reason !== course.reason;
      fail(course, error);
      if (course.status === 'not_offered') course.notBefore = tick + RETRY_NOT_OFFERED_MS;
      if (isNews)
        log[course.status === 'not_offered' ? 'info' : 'warn']({ collector: collector.name, reason }, 'the collector gives nothing');
    }
    const tookMs = performance.now() - startedAt;
    course.duration = tookMs / 1_000;
    course.longest = Math.max(course.longest, course.duration);
    if (tookMs > this.#intervalOf(collector) * MOST_OF_INTERVAL) course.notBefore = tick + tookMs / MOST_OF_INTERVAL;
  }

  #recordOwn(record: Collection['record']): void {
    if (!this.#beside) record('collector_cpu_seconds_total', this.#cpuSeconds);
    for (const course of this.#courses) {
      if (course.status === 'not_run') continue;
      const labels = { collector: course.collector.name };
      record('collector_up', course.status === 'up' ? 1 : 0, labels);
      record('collector_errors_total', course.errors, labels);
      if (course.longest > 0) record('collector_duration_seconds', course.longest, labels);
      course.longest = 0;
    }
  }
}

/** A source that this system does not have is no error; everything else is, and is counted. */
function fail(course: Course, error: unknown): void {
  course.status = error instanceof MusterError && error.code === 'NOT_MEASURABLE' ? 'not_offered' : 'failing';
  course.reason = messageOf(error);
  if (course.status === 'failing') course.errors += 1;
}
