import { parseConfig } from '../agent/config.ts';
import type { AgentContext } from '../agent/context.ts';
import type { AnyAgentDefinition } from '../agent/definition.ts';
import type { EventSource } from '../agent/event-source.ts';
import { DEGRADED_BELOW, type HealthReport } from '../agent/health.ts';
import { isolationOf, type IsolationChoice } from '../agent/isolation.ts';
import type { RunStart } from '../agent/run.ts';
import { boundedMessage, MAX_ERROR_LENGTH, RunLedger } from '../agent/run-ledger.ts';
import { AgentRunner, type Call, type LifeEnd, type RunnerOptions, type RunOutcome } from '../agent/runner.ts';
import { storable } from '../agent/storable.ts';
import type { Clock } from '../base/clock.ts';
import { formatDuration } from '../base/duration.ts';
import { isMusterError, messageOf, MusterError } from '../base/errors.ts';
import type { AgentId, Epoch } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { AgentRecord, AgentStatus } from '../state/agents.ts';
import type { AgentBeat } from '../state/hosts.ts';
import type { AgentTicks } from './agent-ticks.ts';
import type { AgentEvent } from './fleet-event.ts';
import { IsolatedRunner, type IsolationTerms } from './isolated/isolated-runner.ts';
import { afterCrash, NO_CRASHES, restartDelayMs, type CrashRecord } from './restart-policy.ts';
import { paceNote } from './shedding.ts';

export interface SupervisorOptions {
  readonly definition: AnyAgentDefinition;
  readonly record: AgentRecord;
  readonly epoch: Epoch;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly contexts: <Config>(call: Call, config: Config) => AgentContext<Config>;
  readonly emit: (event: AgentEvent) => void;
  readonly began: (run: RunStart) => void;
  readonly ran: (outcome: RunOutcome, run: RunStart) => void;
  /** By how much the time between its runs is stretched now. */
  readonly pace?: () => number;
  /** What of it is not recorded, and why. Default: nothing. */
  readonly refused?: () => string | null;
  /** How far the agent is with its ticks. Default: kept in memory. */
  readonly ticks?: AgentTicks | undefined;
  /** The events it runs on. Default: none. */
  readonly events?: EventSource | undefined;
  /** The time by which ticks are judged. Default: the clock's. */
  readonly now?: (() => number) | undefined;
  /** A copy of this agent from before whose code has not ended yet: two never run in one process. */
  readonly after?: Promise<unknown> | undefined;
  /** What agents in a thread or process of their own need of this host; without it there are none. */
  readonly isolation?: IsolationTerms;
}

type Runner = AgentRunner<never> | IsolatedRunner;

/** Keeps one agent running while this host holds it: starts it, restarts it when it crashes, and knows how it is. */
export class Supervisor {
  readonly agentId: AgentId;
  readonly epoch: Epoch;
  readonly definition: AnyAgentDefinition;
  readonly #options: SupervisorOptions;
  readonly #ledger: RunLedger;
  #record: AgentRecord;
  #status: AgentStatus = 'starting';
  #reason: string | null = null;
  #runner: Runner | undefined;
  #crashes: CrashRecord = NO_CRASHES;
  #unwell = false;
  #stuckIn: string | undefined;
  /** Aborts when the agent must not run; replaced when it may again. */
  #stop: AbortController | undefined;
  /** Aborts to begin a new life, or to end a pause early. */
  #renew = new AbortController();
  #done: Promise<void> = Promise.resolve();
  #busy = false;
  #taking: Promise<void> = Promise.resolve();
  /** The configuration that this life was given, as JSON. */
  #given = '';
  /** Where this life runs, as its row said. */
  #givenPlace = '';
  #watchers: ((status: AgentStatus) => void)[] = [];

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#record = options.record;
    this.agentId = options.record.agentId;
    this.epoch = options.epoch;
    this.definition = options.definition;
    this.#ledger = new RunLedger(options.record);
  }

  get record(): AgentRecord {
    return this.#record;
  }

  get status(): AgentStatus {
    return this.#status;
  }

  /** Whether code of the agent runs, or may at any moment. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Resolves when no code of the agent runs any more. */
  get ended(): Promise<void> {
    return this.#done;
  }

  /** Runs the agent, now and after every crash, until {@link stop}. */
  start(): void {
    if (this.#stop !== undefined && !this.#stop.signal.aborted) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.#busy = true;
    this.#done = Promise.all([this.#done, this.#options.after]).then(() => this.#supervise(stop.signal));
    this.#status = 'starting';
    this.#reason = null;
  }

  /**
   * Tells the agent to end, for this reason; resolves when it has, however long that takes. One in a thread or process of its own
   * is ended by force when it has not ended within so long.
   */
  stop(reason: string, forceAfterMs?: number): Promise<void> {
    if (forceAfterMs !== undefined && this.#runner instanceof IsolatedRunner) void this.#force(this.#runner, reason, forceAfterMs);
    if (this.#stop !== undefined && !this.#stop.signal.aborted) {
      if (this.#busy) this.#status = 'stopping';
      this.#reason = reason;
      this.#stop.abort(new MusterError('LEASE_LOST', reason, { remedy: 'Nothing to do: the agent is told to end.' }));
      this.#renew.abort();
    } else if (!this.#busy) {
      this.#status = 'stopped';
      this.#reason = reason;
    }
    return this.#done;
  }

  async #force(runner: IsolatedRunner, reason: string, afterMs: number): Promise<void> {
    const ended = new AbortController();
    void this.#done.finally(() => ended.abort());
    await this.#options.clock.sleep(afterMs, ended.signal).then(
      () => runner.force(reason),
      // It has ended by itself.
      () => undefined,
    );
  }

  /** The host's trust in its lease was extended. */
  renewed(): void {
    if (this.#runner instanceof IsolatedRunner) this.#runner.renewed();
  }

  /** Ends this life and begins another at once; resolves with the status that comes to. */
  restart(): Promise<AgentStatus> {
    this.#crashes = NO_CRASHES;
    const settled = new Promise<AgentStatus>((resolve) => this.#watchers.push(resolve));
    this.#status = 'starting';
    this.#reason = null;
    this.#renew.abort();
    return settled;
  }

  /** Takes the agent's row as it is now: a changed configuration live where the agent can, else by a restart; one after the other. */
  take(record: AgentRecord): Promise<void> {
    this.#record = record;
    this.#options.ticks?.take(record.ticks);
    if (this.#runner instanceof IsolatedRunner) this.#runner.renewed();
    // Another thread or process is another life.
    if (this.#givenPlace !== '' && placeOf(record) !== this.#givenPlace) this.#renew.abort();
    else if (JSON.stringify(record.config) !== this.#given) this.#taking = this.#taking.then(() => this.#takeConfig());
    return this.#taking;
  }

  async #takeConfig(): Promise<void> {
    const given = JSON.stringify(this.#record.config);
    // Taken meanwhile, or the agent will start with it anyway.
    if (given === this.#given || this.#stop === undefined || this.#stop.signal.aborted) return;
    if (this.#runner?.takesConfigLive) {
      try {
        const config = parseConfig(this.definition, this.#record.config);
        this.#given = given;
        await this.#runner.reconfigure(config);
        this.#options.emit({ type: 'agent:reconfigured', data: { agent_type: this.#record.type } });
        return;
      } catch (error) {
        this.#options.log.warn({ err: error }, 'the agent did not take its changed configuration; it is restarted');
      }
    }
    this.#renew.abort();
  }

  runNow(): Promise<RunOutcome> {
    return this.#alive().runNow();
  }

  command(name: string, payload: unknown): Promise<unknown> {
    return this.#alive().command(name, payload);
  }

  #alive(): Runner {
    if (this.#runner !== undefined && (this.#runner.state === 'idle' || this.#runner.state === 'running')) return this.#runner;
    throw new MusterError('CONFLICT', `agent ${this.agentId} is ${this.#status}${this.#reason === null ? '' : ` (${this.#reason})`}`, {
      remedy: 'Send the command again when it runs.',
    });
  }

  /** What it reports with a beat. */
  beat(): AgentBeat {
    const health = this.#judge();
    const { ticks } = this.#options;
    return {
      agentId: this.agentId,
      epoch: this.epoch,
      status: this.#status,
      healthScore: health === undefined ? null : Math.round(health.score),
      errorCount: this.#ledger.errorCount,
      runCount: this.#ledger.runCount,
      lastError: this.#ledger.lastError,
      reason: this.#reason,
      tickBegun: ticks?.progress.begun ?? null,
      tickDone: ticks?.progress.done ?? null,
    };
  }

  async #supervise(stop: AbortSignal): Promise<void> {
    this.#busy = true;
    while (!stop.aborted) {
      this.#renew = new AbortController();
      const pauseMs = await this.#live(stop);
      if (stop.aborted || pauseMs === 0) continue;
      // Ended early by a restart, a changed configuration or a stop.
      await this.#options.clock.sleep(pauseMs, this.#renew.signal).catch(() => undefined);
    }
    this.#busy = false;
    this.#runner = undefined;
    this.#status = 'stopped';
    this.#settle();
  }

  /** One life. Returns how long to wait before the next one. */
  async #live(stop: AbortSignal): Promise<number> {
    if (!this.#crashes.looping) this.#status = 'starting';
    this.#unwell = false;
    this.#stuckIn = undefined;
    const config = this.#config();
    if (config === undefined) return UNTIL_CHANGED_MS;

    const startedAt = this.#options.clock.monotonic();
    const life = new AbortController();
    const end = (): void => life.abort(stop.reason ?? new MusterError('CONFLICT', 'the agent is restarted'));
    this.#renew.signal.addEventListener('abort', end, { once: true });
    if (this.#renew.signal.aborted) end();
    this.#ledger.renew();
    this.#runner = this.#newRunner(config.value, config.isolation);
    const ended = await this.#runner.live(life.signal).catch((error: unknown): LifeEnd => ({ kind: 'crashed', phase: 'run', error }));
    this.#runner = undefined;
    // Of one that runs apart the configuration is parsed there: a fault in it is no crash.
    if (ended.kind === 'crashed' && ended.phase === 'startup' && isMusterError(ended.error, 'AGENT_CONFIG_INVALID')) {
      this.#refuseConfig(ended.error);
      return UNTIL_CHANGED_MS;
    }
    return ended.kind === 'stopped' ? 0 : this.#crashed(ended, this.#options.clock.monotonic() - startedAt);
  }

  /** The parsed configuration, and where the agent runs; undefined where either makes no sense. */
  #config(): { readonly value: never; readonly isolation: IsolationChoice } | undefined {
    this.#given = JSON.stringify(this.#record.config);
    this.#givenPlace = placeOf(this.#record);
    try {
      const isolation = isolationOf(this.definition, this.#record.metadata);
      return { value: parseConfig(this.definition, this.#record.config), isolation };
    } catch (error) {
      this.#refuseConfig(error);
      return undefined;
    }
  }

  #refuseConfig(error: unknown): void {
    const remedy = isMusterError(error) ? error.remedy : 'Mend the configuration of the agent.';
    const reason = storable(`${messageOf(error)}. ${remedy}`, MAX_ERROR_LENGTH);
    if (this.#status !== 'stopped' || this.#reason !== reason)
      this.#options.emit({ type: 'agent:config_invalid', data: { error: boundedMessage(error), remedy } });
    this.#status = 'stopped';
    this.#reason = reason;
    this.#settle();
  }

  #newRunner(config: never, isolation: IsolationChoice): Runner {
    const { began, clock, contexts, emit, events, log, now, pace, ran, ticks, isolation: terms } = this.#options;
    const options: RunnerOptions<never> = {
      definition: this.definition,
      agentId: this.agentId,
      config,
      clock,
      ledger: this.#ledger,
      context: contexts,
      ...(pace === undefined ? {} : { pace }),
      ticks,
      now,
      events,
      observer: {
        missed: ({ givenUp, tick }) => {
          log.warn({ count: givenUp }, 'more ticks were missed than its schedule makes up');
          emit({ type: 'agent:ticks_missed', data: { count: givenUp, until: new Date(tick).toISOString() } });
        },
        unclaimed: (error) => log.warn({ err: error }, 'a tick is due and could not be claimed; it is tried again'),
        started: () => this.#started(),
        began,
        ran: (outcome, run) => {
          ran(outcome, run);
          this.#ran(outcome);
        },
        stuck: (phase) => {
          this.#stuckIn = phase;
          log.warn({ phase }, `the agent ignores its abort signal in ${phase}; its slot stays taken until it ends`);
          emit({ type: 'agent:stuck', data: { phase } });
        },
        unstuck: (phase) => {
          this.#stuckIn = undefined;
          emit({ type: 'agent:unstuck', data: { phase } });
        },
      },
    };
    if (isolation.kind === 'none') return new AgentRunner<never>(options);
    if (terms === undefined) throw new MusterError('INTERNAL', 'this host runs no agents in threads or processes of their own');
    return new IsolatedRunner({ ...options, isolation, terms, rawConfig: () => this.#record.config });
  }

  #started(): void {
    this.#options.emit({ type: 'agent:started', data: { agent_type: this.#record.type } });
    // One that looped has to prove itself by a run, where it has runs.
    if (this.#crashes.looping && this.definition.schedule !== undefined) return;
    this.#status = 'running';
    this.#reason = null;
    this.#settle();
  }

  #ran(outcome: RunOutcome): void {
    if (outcome.kind === 'failed') this.#options.log.warn({ err: outcome.error }, `run failed: ${boundedMessage(outcome.error)}`);
    if (outcome.kind === 'succeeded' && this.#status === 'crash_looping') {
      this.#crashes = NO_CRASHES;
      this.#status = 'running';
      this.#reason = null;
      this.#options.emit({ type: 'agent:recovered', data: { health_score: 100 } });
      this.#settle();
    }
    this.#judge();
  }

  /** Decides between running and degraded; tells when that changes. Undefined: nothing is known yet, or it does not run. */
  #judge(): HealthReport | undefined {
    if (this.#crashes.attempts > 0 && (this.#status === 'crash_looping' || this.#status === 'starting')) return { score: 0 };
    if (this.#runner === undefined || this.#status === 'starting') return undefined;
    const health = this.#stuckIn === undefined ? this.#runner.health() : atMost(STUCK_SCORE, this.#runner.health());
    if (this.#status !== 'running' && this.#status !== 'degraded') return health;
    const unwell = this.#stuckIn !== undefined || this.#ledger.consecutiveFailures > 0 || health.score < DEGRADED_BELOW;
    this.#status = unwell ? 'degraded' : 'running';
    this.#reason =
      this.#stuckIn === undefined
        ? (boundedReason(health) ?? this.#options.refused?.() ?? paceNote(this.#hasInterval ? (this.#options.pace?.() ?? 1) : 1))
        : `it ignores its abort signal in ${this.#stuckIn}`;
    if (unwell !== this.#unwell) {
      this.#unwell = unwell;
      this.#options.emit(
        unwell
          ? { type: 'agent:failed', data: { error: this.#ledger.lastError, health_score: health.score } }
          : { type: 'agent:recovered', data: { health_score: health.score } },
      );
    }
    return health;
  }

  /** Whether stretching intervals concerns it. */
  get #hasInterval(): boolean {
    const { schedule } = this.definition;
    return typeof schedule === 'function' || schedule?.every !== undefined;
  }

  #crashed(end: Extract<LifeEnd, { kind: 'crashed' }>, livedMs: number): number {
    const { clock, emit, log, random } = this.#options;
    if (end.phase === 'startup') this.#ledger.fail(end.error);
    const wasLooping = this.#crashes.looping;
    this.#crashes = afterCrash(this.#crashes, clock.monotonic(), livedMs);
    const delayMs = restartDelayMs(this.#crashes, random());
    const error = boundedMessage(end.error);
    const remedy = isMusterError(end.error) ? ` ${end.error.remedy}` : '';
    this.#status = this.#crashes.looping ? 'crash_looping' : 'starting';
    this.#reason = `${end.phase} failed: ${error}.${remedy} Next try in ${formatDuration(delayMs)}`.slice(0, 2_000);
    log.warn(
      { err: end.error, restart_in_ms: Math.round(delayMs) },
      `${end.phase} failed, the agent is started again in ${formatDuration(delayMs)}`,
    );
    if (this.#crashes.looping && !wasLooping) {
      emit({ type: 'agent:crash_looping', data: { error, crashes: this.#crashes.attempts, retry_in_ms: Math.round(delayMs) } });
    } else emit({ type: 'agent:crashed', data: { phase: end.phase, error, restart_in_ms: Math.round(delayMs) } });
    this.#settle();
    return delayMs;
  }

  #settle(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher(this.#status);
  }
}

/** A configuration that is not valid is looked at again when it changes; this is no more than a cap on one sleep. */
const UNTIL_CHANGED_MS = 3_600_000;

/** Of an agent that does nothing any more because it is stuck. */
const STUCK_SCORE = 10;

const atMost = (score: number, health: HealthReport): HealthReport => ({ ...health, score: Math.min(score, health.score) });

/** What of a row decides where an agent runs. */
const placeOf = ({ metadata }: AgentRecord): string => JSON.stringify([metadata['isolation'] ?? null, metadata['memory_limit_mb'] ?? null]);

function boundedReason(health: HealthReport): string | null {
  return health.score >= 100 || health.reasons === undefined || health.reasons.length === 0
    ? null
    : storable(health.reasons.join('; '), MAX_ERROR_LENGTH);
}
