import type { AgentContext } from '../../agent/context.ts';
import { timeoutOf } from '../../agent/define-agent.ts';
import { healthOfRuns, type HealthReport } from '../../agent/health.ts';
import type { IsolationChoice } from '../../agent/isolation.ts';
import type { Phase } from '../../agent/bounded-call.ts';
import type { RunStart } from '../../agent/run.ts';
import { MemoryEvents } from '../../agent/event-source.ts';
import { MemoryTicks, type TickBook } from '../../agent/tick-book.ts';
import { ABORT_GRACE_MS, SHUTDOWN_TIMEOUT_MS, type LifeEnd, type RunnerOptions, type RunOutcome } from '../../agent/runner.ts';
import { formatDuration } from '../../base/duration.ts';
import { messageOf, MusterError } from '../../base/errors.ts';
import { explainEnd, type Cell, type CellEnd } from './cell.ts';
import { MOST_ASKED_BYTES, pack, revive, unpack } from './crossing.ts';
import { hearSaid } from './hear-said.ts';
import { startProcess } from './process-cell.ts';
import { Portions } from './portions.ts';
import type { Conditions, CrossedOutcome, HealthAnswer, Question, ToHost } from './protocol.ts';
import { Requests } from './requests.ts';
import { startThread } from './thread-cell.ts';
import { deadlineIn } from './trust-deadline.ts';

/** What the host lets its isolated agents rely on. */
export interface IsolationTerms {
  /** The file that plays the agent's side: `child.js` beside this one, where it is built. */
  readonly entry: URL;
  /** Until when the host trusts its lease, monotonic milliseconds. */
  readonly trustedUntil: () => number;
  /** From the end of that trust to a forced end. */
  readonly lapseGraceMs: number;
  /** From an abort to a forced end otherwise. Default: as long as an agent in its host has before it counts as stuck. */
  readonly graceMs?: number;
}

export interface IsolatedRunnerOptions extends RunnerOptions<never> {
  readonly isolation: Exclude<IsolationChoice, { readonly kind: 'none' }>;
  readonly terms: IsolationTerms;
  /** The configuration as the agent's row has it: it is parsed where the agent runs. */
  readonly rawConfig: () => Readonly<Record<string, unknown>>;
}

/** Loading the agent's module and everything it imports. */
const START_WITHIN_MS = 30_000;
/** An agent that answers nothing for this long is shown as such. */
const SILENT_AFTER_MS = 5_000;
/** What comes over the line may come this much later than it happened. */
const SLACK_MS = 250;
/** After its last word a thread or process ends by itself within this. */
const EXIT_WITHIN_MS = 1_000;
/** Ended by force and still there after this: it sits in native code that cannot be interrupted. */
const KILLED_WITHIN_MS = 3_000;

interface OpenQuestion {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One life of an agent in a thread or process of its own. To the supervisor it is what an AgentRunner is; that runner itself runs
 * beyond the wall, and this one starts it, does what it asks, and ends it by force when it does not end.
 */
export class IsolatedRunner {
  readonly #options: IsolatedRunnerOptions;
  readonly #graceMs: number;
  readonly #ticks: TickBook;
  readonly #requests: Requests;
  readonly #portions: Portions;
  readonly #life = {};
  readonly #open = new Map<number, OpenQuestion>();
  readonly #timers = new Set<AbortController>();
  #over = false;
  #cell: Cell | undefined;
  #state: 'new' | 'starting' | 'idle' | 'running' | 'ending' = 'new';
  #stopping: AbortSignal | undefined;
  #calls = new Map<Phase, AbortController>();
  #last = 0;
  #end: LifeEnd | undefined;
  /** Why it was ended by force. */
  #killedFor: Error | undefined;
  #uncaught: Error | undefined;
  #started = false;
  #run: { readonly start: RunStart; readonly events: number; readonly at: number } | undefined;
  #context: { readonly runId: string | undefined; readonly hops: number; readonly ctx: AgentContext<never> } | undefined;
  #config: never;
  #conditions: Conditions | undefined;
  #health: HealthReport | undefined;
  #askedHealthAt: number | undefined;
  #nextRunAt: number | undefined;

  constructor(options: IsolatedRunnerOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#ticks = options.ticks ?? new MemoryTicks();
    this.#graceMs = options.terms.graceMs ?? ABORT_GRACE_MS;
    this.#portions = new Portions(options.events ?? new MemoryEvents(), (events) => this.#cell?.send({ kind: 'events', events }));
    this.#requests = new Requests(() => this.#contextOf(), this.#ticks, options.clock);
  }

  get state(): 'new' | 'starting' | 'idle' | 'running' | 'ending' {
    return this.#state;
  }

  /** When the next scheduled run was due when the agent was last heard of. */
  get nextRunAt(): number | undefined {
    return this.#nextRunAt;
  }

  /** Lives until the signal aborts, the agent crashes or its thread or process ends; resolves when that has ended. Call it once. */
  async live(signal: AbortSignal): Promise<LifeEnd> {
    if (signal.aborted) return { kind: 'stopped' };
    this.#stopping = signal;
    const stop = (): void => this.#stop();
    signal.addEventListener('abort', stop, { once: true });
    this.#state = 'starting';
    try {
      const { cell, lastWords } = this.#startCell();
      this.#cell = cell;
      this.#within(START_WITHIN_MS, 'startup', `it was not loaded within ${formatDuration(START_WITHIN_MS)} and was ended by force`);
      const end = await cell.ended;
      return this.#ended(end, String(lastWords));
    } finally {
      signal.removeEventListener('abort', stop);
      this.#state = 'ending';
      this.#over = true;
      for (const timer of this.#timers) timer.abort();
      this.#requests.end();
      const gone = new MusterError('CONFLICT', 'the agent ended before it answered', { remedy: 'Send the command again when it runs.' });
      for (const { reject } of this.#open.values()) reject(gone);
      this.#open.clear();
    }
  }

  /** Ends it now, whatever it does. */
  force(reason: string): void {
    this.#kill(new MusterError('AGENT_TIMEOUT', reason));
  }

  /** The host's trust in its lease was extended; with it goes what else has changed. */
  renewed(): void {
    this.#cell?.trustUntil(this.#trustUntil());
    const conditions = this.#conditionsNow();
    const known = this.#conditions;
    if (known === undefined || isSame(conditions, known)) return;
    this.#conditions = conditions;
    this.#cell?.send({ kind: 'conditions', conditions });
  }

  #conditionsNow(): Conditions {
    const { clock, now, pace } = this.#options;
    return { pace: pace?.() ?? 1, aheadMs: (now?.() ?? clock.now()) - clock.now(), activeSince: this.#ticks.progress.activeSince };
  }

  async runNow(): Promise<RunOutcome> {
    const interrupted: RunOutcome = { kind: 'interrupted', durationMs: 0 };
    if (this.#state === 'ending' || this.#mustEnd) return interrupted;
    try {
      return reviveOutcome((await this.#ask({ name: 'run_now' })) as CrossedOutcome);
    } catch (error) {
      return this.#mustEnd ? interrupted : { kind: 'failed', error: this.#killedFor ?? error, durationMs: 0 };
    }
  }

  command(name: string, payload: unknown): Promise<unknown> {
    return this.#ask({ name: 'command', command: name, payload: pack(payload, MOST_ASKED_BYTES, 'the payload') });
  }

  get takesConfigLive(): boolean {
    return this.#options.definition.reconfigure !== undefined && (this.#state === 'idle' || this.#state === 'running');
  }

  async reconfigure(config: never): Promise<void> {
    await this.#ask({ name: 'reconfigure', config: pack(this.#options.rawConfig(), MOST_ASKED_BYTES, 'the configuration') });
    this.#config = config;
  }

  /** What it last said of itself; asks anew, and says so where it does not answer. Never waits. */
  health(): HealthReport {
    const { clock, definition, isolation, ledger } = this.#options;
    const silentMs = this.#askedHealthAt === undefined ? 0 : clock.monotonic() - this.#askedHealthAt;
    if (this.#askedHealthAt === undefined) this.#askHealth();
    if (silentMs <= SILENT_AFTER_MS) return this.#health ?? healthOfRuns(ledger);
    const silence = `its ${isolation.kind} has not answered for ${formatDuration(Math.round(silentMs / 1_000) * 1_000)}: it is busy or blocked`;
    if (silentMs > timeoutOf(definition) + this.#graceMs + SLACK_MS) this.#kill(tooLong(`${silence}. It was ended by force`));
    return { score: 0, reasons: [silence] };
  }

  get #mustEnd(): boolean {
    return this.#stopping?.aborted ?? false;
  }

  #askHealth(): void {
    if (this.#state !== 'idle' && this.#state !== 'running') return;
    this.#askedHealthAt = this.#options.clock.monotonic();
    this.#ask({ name: 'health' })
      .then((answer) => {
        const { report, nextRunAt } = answer as HealthAnswer;
        this.#health = report;
        this.#nextRunAt = nextRunAt;
      })
      // It has ended, which is told elsewhere.
      .catch(() => undefined)
      .finally(() => (this.#askedHealthAt = undefined));
  }

  #startCell(): { readonly cell: Cell; readonly lastWords: { toString(): string } } {
    const { agentId, isolation, terms } = this.#options;
    const start = isolation.kind === 'thread' ? startThread : startProcess;
    const cell = start({
      entry: terms.entry,
      agentId,
      memoryLimitMb: isolation.memoryLimitMb,
      lapseGraceMs: terms.lapseGraceMs,
      trustUntil: this.#trustUntil(),
      heard: (message) => this.#hear(message),
      printed: (stream, line) => this.#contextOf(this.#run?.start.runId).log[stream === 'stderr' ? 'warn' : 'info']({ stream }, line),
    });
    return { cell, lastWords: cell.lastWords };
  }

  #trustUntil(): bigint {
    const { clock, terms } = this.#options;
    return deadlineIn(Math.max(0, terms.trustedUntil() - clock.monotonic()));
  }

  #hear(message: ToHost): void {
    const { observer } = this.#options;
    switch (message.kind) {
      case 'ready':
        return this.#begin();
      case 'started':
        this.#started = true;
        this.#state = 'idle';
        this.#nextRunAt = message.nextRunAt;
        return observer.started?.();
      case 'called':
        return this.#called(message.phase, message.timeoutMs);
      case 'began':
        return this.#began(message.run, message.events);
      case 'settled':
        this.#calls.get(message.phase)?.abort();
        this.#calls.delete(message.phase);
        return;
      case 'ran':
        return this.#ran(reviveOutcome(message.outcome), message.run);
      case 'tick':
        return message.what === 'begun' ? this.#ticks.begin(message.tick) : this.#ticks.end(message.tick);
      case 'missed':
        return observer.missed?.(message.due);
      case 'follow':
        return this.#portions.follow(message.patterns);
      case 'dealt':
        return this.#portions.settle(message.events);
      case 'unclaimed':
        return observer.unclaimed?.(revive(message.error));
      case 'request':
        return void this.#requests
          .answer(message.operation, message.args)
          .then((answer) => this.#cell?.send({ kind: 'answer', id: message.id, ...answer }));
      case 'said':
        hearSaid(message.said, (runId, hops) => this.#contextOf(runId, hops), this.#options.clock.now());
        return this.#cell?.send({ kind: 'heard' });
      case 'answer': {
        const open = this.#open.get(message.id);
        this.#open.delete(message.id);
        return 'error' in message ? open?.reject(revive(message.error)) : open?.resolve(unpack(message.value));
      }
      case 'uncaught':
        this.#uncaught = uncaught(revive(message.error), message.origin);
        return;
      case 'ended': {
        const { end } = message;
        this.#end = end.kind === 'stopped' ? end : { kind: 'crashed', phase: end.phase, error: revive(end.error) };
        this.#state = 'ending';
        for (const call of this.#calls.values()) call.abort();
        void this.#after(EXIT_WITHIN_MS).then((due) => due && this.#cell?.kill());
      }
    }
  }

  #begin(): void {
    const { agentId, definition, isolation, ledger, rawConfig } = this.#options;
    const { agentType, hostId, epoch, outbound } = this.#contextOf();
    const { runCount, errorCount, lastError, runNumber } = ledger;
    this.#conditions = this.#conditionsNow();
    this.#cell?.send({
      kind: 'begin',
      beginning: {
        agentId,
        agentType,
        hostId,
        epoch,
        url: isolation.source.url,
        definedType: definition.type,
        defaults: pack(definition.defaults ?? {}, MOST_ASKED_BYTES, 'the defaults of its type'),
        config: pack(rawConfig(), MOST_ASKED_BYTES, 'its configuration'),
        ticks: this.#ticks.progress,
        conditions: this.#conditions,
        outbound: outbound.settings,
        ledger: { runCount, errorCount, lastError, runNumber },
      },
    });
    if (this.#mustEnd) this.#stop();
  }

  #began(run: RunStart, events: number): void {
    const { clock, ledger, observer } = this.#options;
    this.#state = 'running';
    this.#run = { start: run, events, at: clock.monotonic() };
    ledger.begin();
    observer.began?.(run, events);
  }

  /** A call of the agent's code begins over there: it is watched from here, where no loop of the agent's can hold up the watch. */
  #called(phase: Phase, timeoutMs: number): void {
    this.#within(
      timeoutMs + this.#graceMs + SLACK_MS,
      phase,
      `${phase} took longer than ${formatDuration(timeoutMs)}, ignored its abort signal and was ended by force`,
    );
  }

  /** Kills the agent unless this phase is over in time. */
  #within(ms: number, phase: Phase, text: string): void {
    this.#calls.get(phase)?.abort();
    const call = new AbortController();
    this.#calls.set(phase, call);
    void this.#after(ms, call).then((due) => due && this.#kill(tooLong(text)));
  }

  #ran(outcome: RunOutcome, run: RunStart): void {
    if (this.#run?.start.runId !== run.runId) return;
    this.#run = undefined;
    if (this.#state === 'running') this.#state = 'idle';
    this.#options.ledger.end(outcome);
    this.#options.observer.ran?.(outcome, run);
  }

  /** It must end. Each call under way has a grace, shutdown its own time; then it is ended by force. */
  #stop(): void {
    this.#cell?.send({ kind: 'stop', reason: messageOf(this.#stopping?.reason) });
    const open = [...this.#calls].filter(([phase]) => phase !== 'shutdown');
    for (const [phase, call] of open) {
      void this.#after(this.#graceMs + SLACK_MS, call).then(
        (due) => due && this.#kill(tooLong(`${phase} ignored its abort signal and was ended by force`)),
      );
    }
    void this.#after(SHUTDOWN_TIMEOUT_MS + 2 * this.#graceMs + SLACK_MS).then(
      (due) => due && this.#kill(tooLong('it did not end when it was told to')),
    );
  }

  #kill(reason: Error): void {
    if (this.#over || this.#killedFor !== undefined || this.#cell === undefined) return;
    this.#killedFor = reason;
    this.#cell.kill();
    void this.#after(KILLED_WITHIN_MS).then((due) => due && this.#options.observer.stuck?.(this.#started ? 'run' : 'startup'));
  }

  #ended(end: CellEnd, lastWords: string): LifeEnd {
    const { clock, isolation, ledger } = this.#options;
    const stopped = this.#mustEnd;
    const phase = this.#started ? 'run' : 'startup';
    const error = this.#killedFor ?? this.#uncaught ?? explainEnd(end, isolation.kind, isolation.memoryLimitMb, lastWords);
    const run = this.#run;
    this.#portions.end();
    if (run !== undefined) {
      const durationMs = clock.monotonic() - run.at;
      this.#ran(stopped ? { kind: 'interrupted', durationMs } : { kind: 'failed', error, durationMs }, run.start);
      // It came to its end, badly: like any run that fails it is not run again for the same tick and events.
      if (!stopped && run.start.scheduledFor !== undefined) this.#ticks.end(run.start.scheduledFor);
      if (!stopped) this.#portions.settle(run.events);
    } else if (!stopped && this.#end === undefined && this.#started) ledger.fail(error);
    if (stopped) return { kind: 'stopped' };
    // Its own word is the better one, unless it was ended by force before it could keep it.
    return this.#killedFor === undefined && this.#end !== undefined ? this.#end : { kind: 'crashed', phase, error };
  }

  #ask(what: Question): Promise<unknown> {
    const cell = this.#cell;
    if (cell === undefined || this.#over) return Promise.reject(new MusterError('CONFLICT', 'the agent has ended'));
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      cell.send({ kind: 'ask', id, what });
    });
  }

  /** The context the agent would have here: whatever it asks is done on it. */
  #contextOf(runId?: string, hops = 0): AgentContext<never> {
    if (this.#context === undefined || this.#context.runId !== runId || this.#context.hops !== hops) {
      const { context, ledger } = this.#options;
      const { trigger = null, scheduledFor: tick = null } = this.#run?.start ?? {};
      const signal = this.#stopping ?? NEVER;
      const { runNumber } = ledger;
      const call = { signal, runId, trigger, tick, missed: 0, events: [], hops, runNumber, runs: ledger, life: this.#life };
      this.#context = { runId, hops, ctx: context(call, this.#config) };
    }
    return this.#context.ctx;
  }

  /** True after so long; false when `call` is over, or this life, before. */
  async #after(ms: number, call = new AbortController()): Promise<boolean> {
    this.#timers.add(call);
    try {
      await this.#options.clock.sleep(ms, call.signal);
      return true;
    } catch {
      // Over before: the only way this sleep fails.
      return false;
    } finally {
      this.#timers.delete(call);
    }
  }
}

/** Clocks are compared over a network: a few milliseconds are no difference. */
const isSame = (a: Conditions, b: Conditions): boolean =>
  a.pace === b.pace && a.activeSince === b.activeSince && Math.abs(a.aheadMs - b.aheadMs) < 5;

const NEVER = new AbortController().signal;

const tooLong = (text: string): MusterError =>
  new MusterError('AGENT_TIMEOUT', text, {
    remedy: 'Look for an endless loop, or for work that does not look at ctx.signal; else raise the timeout of its type.',
  });

function uncaught(error: Error, origin: string): MusterError {
  const what = origin === 'unhandledRejection' ? 'a rejected promise that nobody awaited' : 'an error that nobody caught';
  return new MusterError('AGENT_EXITED', `${what}: ${error.message}`, {
    remedy: 'Await every promise, and catch errors in timers and listeners: one that is missed ends the agent.',
    cause: error,
  });
}

function reviveOutcome(outcome: CrossedOutcome): RunOutcome {
  switch (outcome.kind) {
    case 'succeeded':
      return { kind: 'succeeded', durationMs: outcome.durationMs, result: unpack(outcome.result) };
    case 'failed':
      return { kind: 'failed', durationMs: outcome.durationMs, error: revive(outcome.error) };
    case 'interrupted':
      return outcome;
  }
}
