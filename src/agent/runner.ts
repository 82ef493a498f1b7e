import type { Clock } from '../base/clock.ts';
import { MusterError } from '../base/errors.ts';
import { newRunId } from '../base/ids.ts';
import { boundedCall, type Phase } from './bounded-call.ts';
import type { AgentContext } from './context.ts';
import type { AgentDefinition } from './definition.ts';
import { timeoutOf } from './define-agent.ts';
import { checkedHealth, healthOfRuns, type HealthReport, type RunRecord } from './health.ts';
import type { RunStart, RunTrigger } from './run.ts';
import { boundedMessage, type RunLedger } from './run-ledger.ts';
import { compileSchedule, firstRunAt, nextRunAt, phaseOf, type CompiledSchedule } from './schedule.ts';

/** Time an agent has after its signal aborted before it is reported as stuck. */
export const ABORT_GRACE_MS = 5_000;
export const SHUTDOWN_TIMEOUT_MS = 10_000;
/** So many failed runs in a row end a life: a fresh startup may mend what the runs cannot. */
export const FAILURES_THAT_END_A_LIFE = 5;
/** A sleep is cut here and the wall clock read again, so that a changed clock or a machine that slept does not strand a schedule. */
const LONGEST_SLEEP_MS = 3_600_000;
/** While runs are stretched, this often it is looked whether they still are. */
const STRETCHED_SLEEP_MS = 5_000;

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
export interface RunnerObserver {
  started?(): void;
  began?(run: RunStart): void;
  ran?(outcome: RunOutcome, run: RunStart): void;
  /** The agent goes on although its signal aborted a while ago. */
  stuck?(phase: Phase): void;
  /** A stuck call ended at last. */
  unstuck?(phase: Phase): void;
}

/** What a context is made for. */
export interface Call {
  readonly signal: AbortSignal;
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
  #schedule: CompiledSchedule | undefined;
  #state: 'new' | 'starting' | 'idle' | 'running' | 'ending' = 'new';
  #nextAt: number | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;
  #hasRun = false;
  #wake = new AbortController();
  #requested: ((outcome: RunOutcome) => void)[] = [];

  constructor(options: RunnerOptions<Config>) {
    this.#options = options;
    this.#definition = options.definition;
    this.#config = options.config;
    this.#phase = phaseOf(options.agentId);
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
      this.#schedule = this.#scheduleOf(this.#config);
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
    const { clock } = this.#options;
    this.#nextAt = this.#schedule === undefined ? undefined : firstRunAt(this.#schedule, clock.now(), this.#phase);
    for (;;) {
      this.#state = 'idle';
      await this.#untilDue();
      if (this.#ended.signal.aborted) return { kind: 'stopped' };
      this.#lastAt = clock.now();
      const outcome = await this.#runOnce();
      if (this.#ended.signal.aborted) return { kind: 'stopped' };
      if (outcome.kind === 'failed' && this.#options.ledger.consecutiveFailures >= FAILURES_THAT_END_A_LIFE) {
        return { kind: 'crashed', phase: 'run', error: outcome.error };
      }
      this.#nextAt = this.#schedule === undefined ? undefined : nextRunAt(this.#schedule, clock.now(), this.#phase, this.#lastAt);
    }
  }

  /** Sleeps until the next run is due, asked for, or the life ends. */
  async #untilDue(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#ended.signal.aborted && this.#requested.length === 0) {
      const wait = this.#dueAt() - clock.now();
      if (wait <= 0) return;
      this.#wake = new AbortController();
      // Waking early is the only way this sleep fails.
      await clock.sleep(Math.min(wait, this.#longestSleep()), this.#wake.signal).catch(() => undefined);
      this.#followClock();
    }
  }

  /** When the next run is due: later than its schedule says while runs are stretched. */
  #dueAt(): number {
    if (this.#nextAt === undefined) return Number.POSITIVE_INFINITY;
    if (!this.#stretched || this.#lastAt === Number.NEGATIVE_INFINITY) return this.#nextAt;
    return this.#lastAt + (this.#nextAt - this.#lastAt) * this.#pace;
  }

  get #pace(): number {
    return this.#options.pace?.() ?? 1;
  }

  get #stretched(): boolean {
    return this.#schedule?.kind === 'every' && this.#pace > 1;
  }

  #longestSleep(): number {
    if (this.#stretched) return STRETCHED_SLEEP_MS;
    return this.#schedule?.kind === 'every' ? Math.min(this.#schedule.everyMs * 2, LONGEST_SLEEP_MS) : LONGEST_SLEEP_MS;
  }

  /** A wall clock that was set back would leave a periodic agent waiting for it to catch up. */
  #followClock(): void {
    const now = this.#options.clock.now();
    if (this.#schedule?.kind !== 'every' || this.#nextAt === undefined) return;
    if (this.#nextAt - now > this.#schedule.everyMs * 1.5)
      this.#nextAt = nextRunAt(this.#schedule, now, this.#phase, Math.min(this.#lastAt, now));
  }

  async #runOnce(): Promise<RunOutcome> {
    const { clock, ledger, observer } = this.#options;
    const asked = this.#requested;
    this.#requested = [];
    this.#state = 'running';
    ledger.begin();
    const run = this.#nextRun(asked.length > 0 ? 'command' : this.#hasRun ? 'schedule' : 'first');
    this.#hasRun = true;
    observer.began?.(run);
    const startedAt = clock.monotonic();
    let outcome: RunOutcome;
    try {
      const result = await this.#call('run', timeoutOf(this.#definition), (ctx) => this.#definition.run(ctx), run.runId);
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

  #nextRun(trigger: RunTrigger): RunStart {
    const startedAt = this.#options.clock.now();
    const scheduledFor = trigger === 'command' ? undefined : this.#nextAt;
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
        remedy: `Its commands: ${['start, stop, restart, pause, resume, run_now', ...known].join(', ')}.`,
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
    if (schedule?.text !== this.#schedule?.text) {
      this.#schedule = schedule;
      this.#nextAt = schedule === undefined ? undefined : firstRunAt(schedule, this.#options.clock.now(), this.#phase);
      this.#wake.abort();
    }
  }

  /** How fit it is now: by its own measure, or by its recent runs. */
  health(): HealthReport {
    const { ledger } = this.#options;
    if (this.#definition.health === undefined || this.#state === 'new' || this.#state === 'starting') return healthOfRuns(ledger);
    try {
      return checkedHealth(this.#definition.health(this.#context(this.#ended.signal)));
    } catch (error) {
      return { score: 0, reasons: [`health() failed: ${boundedMessage(error)}`] };
    }
  }

  #scheduleOf(config: Config): CompiledSchedule | undefined {
    const { schedule } = this.#definition;
    const chosen = typeof schedule === 'function' ? schedule(config) : schedule;
    return chosen === undefined ? undefined : compileSchedule(chosen);
  }

  #context(signal: AbortSignal, runId?: string): AgentContext<Config> {
    const { ledger } = this.#options;
    return this.#options.context({ signal, runId, runNumber: ledger.runNumber, runs: ledger, life: this.#life }, this.#config);
  }

  #call(
    phase: Exclude<Phase, 'shutdown'>,
    timeoutMs: number,
    work: (ctx: AgentContext<Config>) => unknown,
    runId?: string,
  ): Promise<unknown> {
    return boundedCall({
      phase,
      clock: this.#options.clock,
      timeoutMs,
      graceMs: ABORT_GRACE_MS,
      observer: this.#options.observer,
      until: this.#ended.signal,
      work: (signal) => work(this.#context(signal, runId)),
    });
  }
}
