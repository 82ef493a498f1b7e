import type { Clock } from '../base/clock.ts';
import { MusterError } from '../base/errors.ts';
import { newRunId } from '../base/ids.ts';
import { boundedCall, type CallObserver, type Phase } from './bounded-call.ts';
import type { AgentContext } from './context.ts';
import type { AgentDefinition } from './definition.ts';
import { timeoutOf } from './define-agent.ts';
import { checkedHealth, healthOfRuns, type HealthReport, type RunRecord } from './health.ts';
import type { EventRecord } from '../state/events.ts';
import type { RunStart, RunTrigger } from './run.ts';
import { boundedMessage, type RunLedger } from './run-ledger.ts';
import { hopsAfter, MOST_EVENTS_A_RUN, type EventSource } from './event-source.ts';
import type { Grid } from './grid.ts';
import { compileSchedule, FIRST_RUN_SPREAD_MS, phaseOf, type CompiledSchedule } from './schedule.ts';
import { MemoryTicks, type TickBook } from './tick-book.ts';
import { isClaimed, planTick, type DueTick } from './tick-plan.ts';

/** Time an agent has after its signal aborted before it is reported as stuck. */
export const ABORT_GRACE_MS = 5_000;
export const SHUTDOWN_TIMEOUT_MS = 10_000;
/** So many failed runs in a row end a life: a fresh startup may mend what the runs cannot. */
export const FAILURES_THAT_END_A_LIFE = 5;
/** While runs are stretched, this often it is looked whether they still are. */
const STRETCHED_SLEEP_MS = 5_000;
/** A sleep is cut here and the time read again, so that a changed clock or a machine that slept does not strand a schedule. */
const LONGEST_SLEEP_MS = 60_000;
const LONGEST_REST_MS = 3_600_000;
/** A tick that could not be claimed, because the database is away or the lease is in doubt, is tried again after this. */
const CLAIM_RETRY_MS = 1_000;

export type RunOutcome =
  | { readonly kind: 'succeeded'; readonly result: unknown; readonly durationMs: number }
  | { readonly kind: 'failed'; readonly error: unknown; readonly durationMs: number }
  /** Cut off because the agent had to stop: no failure of its own. */
  | { readonly kind: 'interrupted'; readonly durationMs: number };

/** How a life ended. */
export type LifeEnd =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'crashed'; readonly phase: 'startup' | 'run'; readonly error: unknown };

/** Told as things happen; must not throw. */
export interface RunnerObserver extends CallObserver {
  started?(): void;
  /** The run, and how many events set it off. */
  began?(run: RunStart, events: number): void;
  ran?(outcome: RunOutcome, run: RunStart): void;
  /** Ticks that were to be made up were too many: so many of them get no run. */
  missed?(due: DueTick): void;
  /** A tick is due and could not be claimed; it is tried again. */
  unclaimed?(error: unknown): void;
}

/** What a context is made for. */
export interface Call {
  readonly signal: AbortSignal;
  /** Why the run takes place; null outside of runs. */
  readonly trigger: RunTrigger | null;
  /** The instant of the schedule it is for, milliseconds since 1970. */
  readonly tick: number | null;
  readonly missed: number;
  /** What set it off, oldest first. */
  readonly events: readonly EventRecord[];
  /** How many runs what it tells is away from an event that no run told. */
  readonly hops: number;
  /** Of the run that is called; undefined in startup, shutdown and commands. */
  readonly runId: string | undefined;
  readonly runNumber: number;
  readonly runs: RunRecord;
  readonly life: object;
}

export interface RunnerOptions<Config> {
  readonly definition: AgentDefinition<Config>;
  readonly agentId: string;
  readonly config: Config;
  readonly clock: Clock;
  readonly ledger: RunLedger;
  readonly context: (call: Call, config: Config) => AgentContext<Config>;
  readonly observer: RunnerObserver;
  /** By how much the time between runs of an interval is stretched now; 1 where it is not. */
  readonly pace?: () => number;
  /** How far the agent is with its ticks. Default: kept for this life. */
  readonly ticks?: TickBook | undefined;
  /** The time by which ticks are judged. Default: the clock's. */
  readonly now?: (() => number) | undefined;
  /** Where the events come from that it runs on. Default: nowhere. */
  readonly events?: EventSource | undefined;
}

type Cause = Pick<Call, 'runId' | 'trigger' | 'tick' | 'missed' | 'events'>;

const NO_CAUSE: Cause = { runId: undefined, trigger: null, tick: null, missed: 0, events: [] };

interface DueRun {
  readonly tick: DueTick | undefined;
  readonly events: readonly EventRecord[];
}

/**
 * One life of an agent: startup, runs by its schedule and on demand, never two at once, shutdown. Knows nothing of leases
 * or SQL; the host and the test kit give it their contexts.
 */
export class AgentRunner<Config> {
  readonly #options: RunnerOptions<Config>;
  readonly #definition: AgentDefinition<Config>;
  readonly #phase: number;
  readonly #life = {};
  readonly #ended = new AbortController();
  #config: Config;
  readonly #ticks: TickBook;
  readonly #now: () => number;
  #schedule: CompiledSchedule | undefined;
  #grid: Grid | undefined;
  #state: 'new' | 'starting' | 'idle' | 'running' | 'ending' = 'new';
  #nextAt: number | undefined;
  #hasRun = false;
  #lastAt = Number.NEGATIVE_INFINITY;
  /** Under `skip`: ticks up to here are nothing to make up. */
  #from = Number.NEGATIVE_INFINITY;
  /** What is due already when a life begins waits until here. */
  #notBefore = Number.NEGATIVE_INFINITY;
  #wake = new AbortController();
  #requested: ((outcome: RunOutcome) => void)[] = [];

  constructor(options: RunnerOptions<Config>) {
    this.#options = options;
    this.#definition = options.definition;
    this.#config = options.config;
    this.#phase = phaseOf(options.agentId);
    this.#now = options.now ?? ((): number => options.clock.now());
    this.#ticks = options.ticks ?? new MemoryTicks({ activeSince: this.#now() });
  }

  get state(): 'new' | 'starting' | 'idle' | 'running' | 'ending' {
    return this.#state;
  }

  /** When the next scheduled run is due; undefined where none is. */
  get nextRunAt(): number | undefined {
    return this.#nextAt;
  }

  /** Lives until the signal aborts or the agent crashes; resolves when all code of the agent has ended. Call it once. */
  async live(signal: AbortSignal): Promise<LifeEnd> {
    const onAbort = (): void => {
      this.#ended.abort(signal.reason);
      this.#wake.abort();
    };
    if (signal.aborted) return { kind: 'stopped' };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await this.#live();
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#state = 'ending';
      this.#answer({ kind: 'interrupted', durationMs: 0 });
    }
  }

  async #live(): Promise<LifeEnd> {
    this.#state = 'starting';
    try {
      this.#follow(this.#scheduleOf(this.#config));
      await this.#call('startup', timeoutOf(this.#definition), (ctx) => this.#definition.startup?.(ctx));
    } catch (error) {
      return this.#ended.signal.aborted ? { kind: 'stopped' } : { kind: 'crashed', phase: 'startup', error };
    }
    if (!this.#ended.signal.aborted) this.#options.observer.started?.();
    const end = await this.#runUntilEnd();
    this.#state = 'ending';
    await this.#shutdown();
    return end;
  }

  async #runUntilEnd(): Promise<LifeEnd> {
    // None of its ticks: those come as they would.
    let atOnce = this.#definition.runsAtStart === true;
    for (;;) {
      this.#state = 'idle';
      const due = atOnce && !this.#ended.signal.aborted ? { tick: undefined, events: [] } : await this.#untilDue();
      atOnce = false;
      if (due === undefined) return { kind: 'stopped' };
      this.#lastAt = this.#now();
      const outcome = await this.#runOnce(due);
      if (this.#ended.signal.aborted) return { kind: 'stopped' };
      if (due.tick !== undefined) this.#ticks.end(due.tick.tick);
      if (due.events.length > 0) this.#options.events?.settle(due.events.length);
      if (outcome.kind === 'failed' && this.#options.ledger.consecutiveFailures >= FAILURES_THAT_END_A_LIFE) {
        return { kind: 'crashed', phase: 'run', error: outcome.error };
      }
      // What passed during the run is skipped, and so is a tick that comes less than half a period after it began.
      this.#from = Math.max(this.#now(), this.#lastAt + (this.#schedule?.everyMs ?? 0) / 2);
    }
  }

  /** Sleeps until a run is due or asked for; undefined when the life ends. */
  async #untilDue(): Promise<DueRun | undefined> {
    while (!this.#ended.signal.aborted) {
      this.#wake = new AbortController();
      const wake = this.#wake.signal;
      const tick = await this.#dueTick();
      if (this.#ended.signal.aborted) return undefined;
      const events = this.#options.events?.waiting(MOST_EVENTS_A_RUN) ?? [];
      if (tick !== undefined || events.length > 0 || this.#requested.length > 0) return { tick, events };
      const wait = (this.#nextAt ?? Number.POSITIVE_INFINITY) - this.#now();
      // Waking early is the only way this sleep fails.
      await this.#options.clock.sleep(Math.min(Math.max(wait, 0), this.#longestSleep), wake).catch(() => undefined);
    }
    return undefined;
  }

  get #longestSleep(): number {
    if (this.#schedule === undefined) return LONGEST_REST_MS;
    return this.#stretchedUntil === Number.NEGATIVE_INFINITY ? LONGEST_SLEEP_MS : STRETCHED_SLEEP_MS;
  }

  /** When the runs of a period may go on: later than its ticks while they are stretched. */
  get #stretchedUntil(): number {
    const { everyMs = 0, missed } = this.#schedule ?? {};
    const pace = this.#options.pace?.() ?? 1;
    // Ticks that must not be lost would only pile up.
    return missed === 'skip' && pace > 1 ? this.#lastAt + everyMs * pace : Number.NEGATIVE_INFINITY;
  }

  /** The tick to run now, begun in the book; undefined where there is none, and then `#nextAt` says when to look again. */
  async #dueTick(): Promise<DueTick | undefined> {
    const [schedule, grid] = [this.#schedule, this.#grid];
    if (schedule === undefined || grid === undefined) {
      this.#nextAt = undefined;
      return undefined;
    }
    const now = this.#now();
    const { progress } = this.#ticks;
    const { due, next } = planTick(schedule, grid, progress, now, this.#from);
    const notBefore = Math.max(this.#notBefore, this.#stretchedUntil);
    this.#nextAt = due === undefined ? next : Math.max(now, notBefore);
    const isAnother = isClaimed(schedule) && progress.schedule !== null && progress.schedule !== schedule.text && due?.again !== true;
    if (!isAnother && (due === undefined || now < notBefore)) return undefined;
    if (!isClaimed(schedule) && due !== undefined) {
      this.#ticks.begin(due.tick);
      return due;
    }
    try {
      if (isAnother) await this.#ticks.renew(schedule.text, now);
      else if (due !== undefined && (await this.#ticks.claim(due.tick, schedule.text))) {
        if (due.givenUp > 0) this.#options.observer.missed?.(due);
        return due;
      }
    } catch (error) {
      this.#options.observer.unclaimed?.(error);
    }
    this.#nextAt = isAnother && this.#ticks.progress.schedule === schedule.text ? now : now + CLAIM_RETRY_MS;
    return undefined;
  }

  async #runOnce({ tick, events }: DueRun): Promise<RunOutcome> {
    const { clock, ledger, observer } = this.#options;
    const asked = this.#requested;
    this.#requested = [];
    this.#state = 'running';
    ledger.begin();
    const byEvent = tick === undefined && events.length > 0;
    const run = this.#nextRun(asked.length > 0 ? 'command' : byEvent ? 'event' : this.#hasRun ? 'schedule' : 'first', tick);
    const cause: Cause = { runId: run.runId, trigger: run.trigger, tick: tick?.tick ?? null, missed: tick?.missed ?? 0, events };
    this.#hasRun = true;
    observer.began?.(run, events.length);
    const startedAt = clock.monotonic();
    let outcome: RunOutcome;
    try {
      const result = await this.#call('run', timeoutOf(this.#definition), (ctx) => this.#definition.run(ctx), cause);
      outcome = { kind: 'succeeded', result, durationMs: clock.monotonic() - startedAt };
    } catch (error) {
      const durationMs = clock.monotonic() - startedAt;
      outcome = this.#ended.signal.aborted ? { kind: 'interrupted', durationMs } : { kind: 'failed', error, durationMs };
    }
    ledger.end(outcome);
    observer.ran?.(outcome, run);
    for (const answer of asked) answer(outcome);
    return outcome;
  }

  #nextRun(trigger: RunTrigger, tick: DueTick | undefined): RunStart {
    const startedAt = this.#options.clock.now();
    const scheduledFor = tick?.tick;
    return { runId: newRunId(startedAt), runNumber: this.#options.ledger.runNumber, trigger, scheduledFor, startedAt };
  }

  async #shutdown(): Promise<void> {
    try {
      await boundedCall({
        phase: 'shutdown',
        clock: this.#options.clock,
        timeoutMs: SHUTDOWN_TIMEOUT_MS,
        graceMs: ABORT_GRACE_MS,
        observer: this.#options.observer,
        work: (signal) => this.#definition.shutdown?.(this.#context(signal)),
      });
    } catch (error) {
      this.#context(this.#ended.signal).log.warn({ err: error }, 'shutdown failed');
    }
  }

  /** Runs once more as soon as possible, not waiting for the schedule; resolves with what that run came to. */
  runNow(): Promise<RunOutcome> {
    if (this.#state === 'ending' || this.#ended.signal.aborted) return Promise.resolve({ kind: 'interrupted', durationMs: 0 });
    return new Promise((resolve) => {
      this.#requested.push(resolve);
      this.#wake.abort();
    });
  }

  #answer(outcome: RunOutcome): void {
    const asked = this.#requested;
    this.#requested = [];
    for (const answer of asked) answer(outcome);
  }

  /** Carries out a command of the type's own. */
  async command(name: string, payload: unknown): Promise<unknown> {
    const handler = Object.hasOwn(this.#definition.commands ?? {}, name) ? this.#definition.commands?.[name] : undefined;
    if (handler === undefined) {
      const known = Object.keys(this.#definition.commands ?? {});
      throw new MusterError('COMMAND_UNKNOWN', `agents of type ${this.#definition.type} have no command "${name}"`, {
        remedy: `Its commands: ${['start, stop, restart, pause, resume, reconfigure, run_now', ...known].join(', ')}.`,
      });
    }
    return this.#call('command', timeoutOf(this.#definition), (ctx) => handler(ctx, payload));
  }

  /** Whether a changed configuration can be taken without a new life. */
  get takesConfigLive(): boolean {
    return this.#definition.reconfigure !== undefined && (this.#state === 'idle' || this.#state === 'running');
  }

  async reconfigure(config: Config): Promise<void> {
    const previous = this.#config;
    const schedule = this.#scheduleOf(config);
    this.#config = config;
    await this.#call('reconfigure', timeoutOf(this.#definition), (ctx) => this.#definition.reconfigure?.(ctx, previous));
    if (!isSame(schedule, this.#schedule)) {
      this.#follow(schedule);
      this.#wake.abort();
    }
  }

  /** How fit it is now: by its own measure, or by its recent runs. */
  health(): HealthReport {
    const { ledger } = this.#options;
    if (this.#definition.health === undefined || this.#state === 'new' || this.#state === 'starting') return healthOfRuns(ledger);
    try {
      const report: unknown = this.#definition.health(this.#context(this.#ended.signal));
      if (report instanceof Promise) {
        // Nobody waits for it, and one that rejects unheard would end the whole process.
        report.catch(() => undefined);
        return { score: 0, reasons: ['health() returned a promise, but must answer at once'] };
      }
      return checkedHealth(report as HealthReport);
    } catch (error) {
      return { score: 0, reasons: [`health() failed: ${boundedMessage(error)}`] };
    }
  }

  /** From now on by this schedule. */
  #follow(schedule: CompiledSchedule | undefined): void {
    const now = this.#now();
    this.#schedule = schedule;
    this.#grid = schedule?.grid(this.#phase);
    this.#options.events?.follow(schedule?.on ?? [], () => this.#wake.abort());
    this.#from = now;
    this.#notBefore = now + this.#phase * Math.min(schedule?.everyMs ?? FIRST_RUN_SPREAD_MS, FIRST_RUN_SPREAD_MS);
  }

  #scheduleOf(config: Config): CompiledSchedule | undefined {
    const { schedule } = this.#definition;
    const chosen = typeof schedule === 'function' ? schedule(config) : schedule;
    return chosen === undefined ? undefined : compileSchedule(chosen);
  }

  #context(signal: AbortSignal, cause: Cause = NO_CAUSE): AgentContext<Config> {
    const { ledger } = this.#options;
    const { runId, trigger, tick, missed, events } = cause;
    const { runNumber } = ledger;
    const hops = hopsAfter(events);
    const call: Call = { signal, runId, trigger, tick, missed, events, hops, runNumber, runs: ledger, life: this.#life };
    return this.#options.context(call, this.#config);
  }

  #call(
    phase: Exclude<Phase, 'shutdown'>,
    timeoutMs: number,
    work: (ctx: AgentContext<Config>) => unknown,
    cause?: Cause,
  ): Promise<unknown> {
    return boundedCall({
      phase,
      clock: this.#options.clock,
      timeoutMs,
      graceMs: ABORT_GRACE_MS,
      observer: this.#options.observer,
      until: this.#ended.signal,
      work: (signal) => work(this.#context(signal, cause)),
    });
  }
}

const isSame = (a: CompiledSchedule | undefined, b: CompiledSchedule | undefined): boolean =>
  a?.description === b?.description && a?.missed === b?.missed && a?.catchUpLimit === b?.catchUpLimit;
