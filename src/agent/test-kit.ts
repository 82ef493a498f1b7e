import { durationMs, type DurationInput } from '../base/duration.ts';
import { MusterError } from '../base/errors.ts';
import { agentId, epoch, newHostId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import { noWake } from '../base/wake.ts';
import type { Queryable, Result, Transaction } from '../db/database.ts';
import type { Sql } from '../db/sql.ts';
import { createOutbound, type Outbound } from '../outbound/index.ts';
import type { EventType } from '../state/events.ts';
import type { SharedState } from '../state/shared-state.ts';
import { parseConfig } from './config.ts';
import type { AgentContext, AgentSql } from './context.ts';
import type { AgentDefinition } from './definition.ts';
import { MemoryEvents } from './event-source.ts';
import type { HealthReport } from './health.ts';
import { MemoryState } from './memory-state.ts';
import { RunLedger } from './run-ledger.ts';
import { AgentRunner, type Call, type LifeEnd, type RunOutcome } from './runner.ts';
import { toSample, type AgentSample, type SampleFault } from './sample.ts';
import { MemoryTicks } from './tick-book.ts';
import { settled, VirtualClock } from './virtual-clock.ts';

export interface AgentTestOptions {
  /** As it would stand in `agents.config`: parsed by the type's schema. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly agentId?: string;
  /** The virtual clock starts here. Default: 2026-01-01T00:00:00Z. */
  readonly at?: Date | number;
  /** The last tick of its schedule that had its run, as if another host had run the agent until then. Default: it never ran. */
  readonly lastTick?: Date | number;
  /** Documents that shared state holds from the start. */
  readonly state?: Readonly<Record<string, unknown>>;
  /** Answers the agent's SQL: a real database, or a function from statement to rows. Without it SQL fails with a remedy. */
  readonly sql?: Queryable | ((statement: Sql) => readonly object[] | Promise<readonly object[]>);
  /** What `ctx.outbound` gives. Default: the public internet alone. */
  readonly outbound?: Outbound;
  /** What `ctx.fleet` gives. */
  readonly fleet?: SharedState;
  /** Real time that a run may wait for the outside (files, sockets) before the virtual clock moves on without it. Default 2,000 ms. */
  readonly patienceMs?: number;
}

export interface TestedEvent {
  readonly type: EventType;
  readonly data: Readonly<Record<string, unknown>>;
  readonly at: number;
}

/** An event that a test has happen. */
export interface DeliveredEvent {
  readonly type: EventType;
  readonly data?: Readonly<Record<string, unknown>>;
  /** Who told it. */
  readonly agentId?: string;
}

export interface TestedLog {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Runs an agent without a server, on a virtual clock. Resolves when its startup is done; rejects where that fails or the
 * configuration is not valid.
 *
 * @example
 * ```ts
 * import { defineAgent } from 'muster-agents';
 * import { runAgent } from 'muster-agents/testing';
 *
 * const pulse = defineAgent({
 *   type: 'pulse',
 *   name: 'Pulse',
 *   description: 'Counts its own runs.',
 *   schedule: { every: '30s' },
 *   async run(ctx) {
 *     ctx.metric('pulse_count', ctx.runNumber);
 *   },
 * });
 *
 * const agent = await runAgent(pulse);
 * await agent.advance('2m');
 * console.assert(agent.metrics.length >= 4);
 * await agent.stop();
 * ```
 */
export async function runAgent<Config>(definition: AgentDefinition<Config>, options: AgentTestOptions = {}): Promise<AgentUnderTest> {
  const agent = new AgentUnderTest();
  await agent.begin(definition, options);
  return agent;
}

/** An agent at work under a test's eyes. */
export class AgentUnderTest implements AsyncDisposable {
  readonly metrics: AgentSample[] = [];
  /** Samples that were no samples, with why. */
  readonly refusedMetrics: { readonly name: string; readonly fault: SampleFault }[] = [];
  readonly events: TestedEvent[] = [];
  readonly logs: TestedLog[] = [];
  readonly outcomes: RunOutcome[] = [];
  readonly ledger = new RunLedger();
  readonly #inbox = new MemoryEvents();
  clock = new VirtualClock();
  state = new MemoryState();
  /** Parts of the agent that went on although their signal aborted a grace ago. */
  readonly stuck: string[] = [];
  #runner: LivingAgent | undefined;
  #ended: Promise<LifeEnd> | undefined;
  #end: LifeEnd | undefined;
  #patienceMs = 2_000;
  #agentSleeps = 0;
  #delivered = 0;
  readonly #stop = new AbortController();

  /** Use {@link runAgent}. */
  async begin<Config>(definition: AgentDefinition<Config>, options: AgentTestOptions): Promise<void> {
    this.clock = new VirtualClock(options.at);
    this.state = new MemoryState(options.state);
    this.#patienceMs = options.patienceMs ?? this.#patienceMs;
    const id = options.agentId ?? `${definition.type}_under_test`;
    const identity = this.#identity(definition.type, id, options);
    let started = false;
    const runner = new AgentRunner<Config>({
      definition,
      agentId: id,
      config: parseConfig(definition, options.config ?? {}),
      clock: this.clock,
      ledger: this.ledger,
      ticks: new MemoryTicks(
        options.lastTick === undefined
          ? { activeSince: this.clock.now() }
          : { begun: Number(options.lastTick), done: Number(options.lastTick) },
      ),
      events: this.#inbox,
      context: (call, config) => this.#context(identity, call, config),
      observer: {
        started: () => void (started = true),
        ran: (outcome) => void this.outcomes.push(outcome),
        stuck: (phase) => void this.stuck.push(phase),
      },
    });
    this.#runner = runner;
    this.#ended = runner.live(this.#stop.signal).then((end) => (this.#end = end));
    await this.#until(() => started || this.#end !== undefined, 'startup');
    if (this.#end?.kind === 'crashed') throw this.#end.error;
  }

  /** The next run: time moves to it, or, without a schedule, it is asked for. Resolves with what it came to. */
  async tick(): Promise<RunOutcome> {
    const runner = this.#alive();
    const before = this.outcomes.length;
    if (runner.nextRunAt === undefined) void runner.runNow();
    else if (runner.state === 'idle') await this.clock.advanceTo(runner.nextRunAt);
    await this.#until(() => this.outcomes.length > before || this.#end !== undefined, 'run');
    const outcome = this.outcomes[before];
    if (outcome === undefined) throw new Error(`the agent ended (${this.#end?.kind}) before the run did`);
    return outcome;
  }

  /** Lets virtual time pass, with every run that falls into it. */
  async advance(time: DurationInput): Promise<void> {
    const end = this.clock.now() + durationMs(time);
    await this.#untilResting();
    for (let next = this.clock.nextAt; next !== undefined && next <= end; next = this.clock.nextAt) {
      await this.clock.advanceTo(next);
      await this.#untilResting();
    }
    await this.clock.advanceTo(end);
  }

  /** Has an event of another agent happen that this one runs on; resolves with what the run came to. Throws where it does not run on such events. */
  async deliver(event: DeliveredEvent): Promise<RunOutcome> {
    this.#alive();
    const before = this.outcomes.length;
    this.#delivered += 1;
    const record = { ts: this.clock.now(), hostId: null, epoch: null, hops: 0, data: event.data ?? {}, id: String(this.#delivered) };
    const from = event.agentId === undefined ? null : agentId(event.agentId);
    if (!this.#inbox.deliver({ ...record, type: event.type, agentId: from }))
      throw new Error(`the agent does not run on events ${event.type}: its schedule has no such pattern in \`on\``);
    await this.#until(() => this.outcomes.length > before || this.#end !== undefined, 'run');
    const outcome = this.outcomes[before];
    if (outcome === undefined) throw new Error(`the agent ended (${this.#end?.kind}) before the run did`);
    return outcome;
  }

  /** Carries out a command of the type's own. */
  async command(name: string, payload: unknown = {}): Promise<unknown> {
    return this.#alive().command(name, payload);
  }

  health(): HealthReport {
    return this.#alive().health();
  }

  /** How the life ended, once it has. */
  get end(): LifeEnd | undefined {
    return this.#end;
  }

  /** The newest value of a metric. */
  metric(name: string): number | undefined {
    return this.metrics.findLast((sample) => sample.name === name)?.value;
  }

  /** Stops the agent; resolves when its shutdown is done. */
  async stop(): Promise<void> {
    this.#stop.abort(new MusterError('LEASE_LOST', 'the test stops the agent'));
    await this.#until(() => this.#end !== undefined || this.#ended === undefined, 'shutdown');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #alive(): LivingAgent {
    if (this.#runner === undefined || this.#end !== undefined)
      throw new Error(`the agent is not running (${this.#end?.kind ?? 'not started'})`);
    return this.#runner;
  }

  /** Waits in real time; where the agent itself sleeps, or patience ends, moves the clock to the next sleeper. */
  async #until(done: () => boolean, what: string): Promise<void> {
    const patientUntil = performance.now() + this.#patienceMs;
    for (;;) {
      await settled();
      if (done()) return;
      if (this.#agentSleeps === 0 && performance.now() < patientUntil) continue;
      const next = this.clock.nextAt;
      if (next === undefined) throw new Error(`the ${what} does not end, not even after its signal aborted`);
      await this.clock.advanceTo(next);
    }
  }

  /** A run in progress that waits for the outside is waited for, within patience. */
  async #untilResting(): Promise<void> {
    const patientUntil = performance.now() + this.#patienceMs;
    do await settled();
    while (this.#runner?.state === 'running' && this.#agentSleeps === 0 && performance.now() < patientUntil);
  }

  #identity(agentType: string, id: string, options: AgentTestOptions): Identity {
    const log = this.#logger({ agent_id: id });
    return {
      agentId: agentId(id),
      agentType,
      hostId: newHostId(),
      epoch: epoch(1),
      log,
      sql: sqlOf(options.sql),
      fleet: options.fleet,
      wake: noWake,
      outbound: options.outbound ?? createOutbound(),
      clock: {
        now: () => this.clock.now(),
        monotonic: () => this.clock.monotonic(),
        sleep: async (ms: number, signal?: AbortSignal) => {
          this.#agentSleeps += 1;
          try {
            await this.clock.sleep(ms, signal);
          } finally {
            this.#agentSleeps -= 1;
          }
        },
      },
    };
  }

  #context<Config>(identity: Identity, call: Call, config: Config): AgentContext<Config> {
    const { fleet, ...rest } = identity;
    return {
      ...rest,
      ...call,
      config,
      state: this.state,
      get fleet(): SharedState {
        if (fleet === undefined) throw lacking('ctx.fleet', 'Pass `fleet` to runAgent.');
        return fleet;
      },
      metric: (name, value, metricOptions) => {
        const sample = toSample(name, value, metricOptions, this.clock.now());
        if (typeof sample === 'string') this.refusedMetrics.push({ name, fault: sample });
        else this.metrics.push(sample);
      },
      emit: (type, data = {}) => void this.events.push({ type, data, at: this.clock.now() }),
    };
  }

  #logger(bound: Readonly<Record<string, unknown>>): Logger {
    const at =
      (level: TestedLog['level']) =>
      (fields: object | string, message?: string): void => {
        const own = typeof fields === 'string' ? {} : fields;
        this.logs.push({ level, message: typeof fields === 'string' ? fields : (message ?? ''), fields: { ...bound, ...own } });
      };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => this.#logger({ ...bound, ...fields }),
    };
  }
}

/** A runner, whatever its configuration. */
type LivingAgent = Pick<AgentRunner<never>, 'health' | 'runNow' | 'command' | 'state' | 'nextRunAt'>;

/** What stays the same in all contexts of the agent. */
type Identity = Pick<AgentContext, 'agentId' | 'agentType' | 'hostId' | 'epoch' | 'log' | 'sql' | 'clock' | 'wake' | 'outbound'> & {
  readonly fleet: SharedState | undefined;
};

function sqlOf(answer: AgentTestOptions['sql']): AgentSql {
  const query = async <Row>(statement: Sql): Promise<Result<Row>> => {
    if (answer === undefined) throw lacking('SQL', 'Pass `sql: (statement) => rows` to runAgent, or a database.');
    if (typeof answer !== 'function') return answer.query<Row>(statement);
    const rows = (await answer(statement)) as readonly Row[];
    return { rows, count: rows.length };
  };
  const tx: Transaction = { query, copyBinary: () => Promise.reject(lacking('COPY', 'Test what copies against a real database.')) };
  return { read: query, write: query, transaction: (work) => work(tx) };
}

const lacking = (what: string, remedy: string): MusterError =>
  new MusterError('CONFIG_INVALID', `this test gives the agent no ${what}`, { remedy });
