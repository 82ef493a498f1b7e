import { boundedResult } from '../../agent/bounded-result.ts';
import { parseConfig } from '../../agent/config.ts';
import type { AgentDefinition, AnyAgentDefinition } from '../../agent/definition.ts';
import { RunLedger } from '../../agent/run-ledger.ts';
import { AgentRunner, type LifeEnd, type RunOutcome } from '../../agent/runner.ts';
import { systemClock } from '../../base/clock.ts';
import { MusterError } from '../../base/errors.ts';
import { isolatedContexts } from './agent-context.ts';
import { Asking } from './asking.ts';
import { crossError, MOST_ASKED_BYTES, pack, unpack } from './crossing.ts';
import { loadDefinition } from './load-definition.ts';
import {
  LAPSED,
  type Beginning,
  type Conditions,
  type CrossedEnd,
  type CrossedOutcome,
  type HealthAnswer,
  type Question,
  type ToAgent,
  type ToHost,
} from './protocol.ts';
import { RemoteEvents } from './remote-events.ts';
import { RemoteTicks } from './remote-ticks.ts';
import { Saying } from './saying.ts';
import { watchDeadline, type TrustDeadline } from './trust-deadline.ts';

export interface AgentSideOptions {
  /** Resolves when the message is on its way. */
  readonly send: (message: ToHost) => Promise<void>;
  readonly deadline: TrustDeadline;
  /** Between the end of the host's trust and a forced end. */
  readonly lapseGraceMs: number;
}

/** What was said last has this long to be heard before the thread or process ends. */
const LAST_WORDS_MS = 1_000;
/** As it was before any code of the agent: that may have put its own in the place. */
const exit = process.exit.bind(process);

/** The agent's side of its thread or process: runs the agent, with the same runner as any other, as its host says. */
export class AgentSide {
  readonly #options: AgentSideOptions;
  readonly #asking: Asking;
  readonly #saying: Saying;
  readonly #events: RemoteEvents;
  readonly #stop = new AbortController();
  #runner: AgentRunner<never> | undefined;
  #definition: AnyAgentDefinition | undefined;
  #ledger = new RunLedger();
  #ticks: RemoteTicks | undefined;
  #conditions: Conditions | undefined;
  #defaults: Readonly<Record<string, unknown>> = {};

  constructor(options: AgentSideOptions) {
    this.#options = options;
    this.#asking = new Asking((message) => void options.send(message));
    this.#events = new RemoteEvents((message) => void options.send(message));
    this.#saying = new Saying((said) => void options.send({ kind: 'said', said }));
    process.on('uncaughtException', (thrown, origin) => void this.#uncaught(thrown, origin));
  }

  ready(): void {
    void this.#options.send({ kind: 'ready' });
  }

  take(message: ToAgent): void {
    switch (message.kind) {
      case 'begin':
        void this.#live(message.beginning);
        break;
      case 'stop':
        this.#stop.abort(new MusterError('LEASE_LOST', message.reason, { remedy: 'Nothing to do: the agent is told to end.' }));
        break;
      case 'ask':
        void this.#answer(message.id, message.what);
        break;
      case 'answer':
        this.#asking.answered(message.id, message);
        break;
      case 'conditions':
        this.#conditions = message.conditions;
        this.#ticks?.take(message.conditions.activeSince);
        break;
      case 'events':
        this.#events.take(message.events);
        break;
      case 'heard':
        this.#saying.heard();
        break;
    }
  }

  async #live(beginning: Beginning): Promise<void> {
    // Its host cannot be asked once it is frozen: what its trust is worth is known here.
    watchDeadline(this.#options.deadline, 0, () =>
      this.#stop.abort(new MusterError('LEASE_LOST', 'its host could not confirm its lease in time')),
    );
    watchDeadline(this.#options.deadline, this.#options.lapseGraceMs, () => exit(LAPSED));
    let end: CrossedEnd;
    try {
      end = crossEnd(await (await this.#begin(beginning)).live(this.#stop.signal));
    } catch (error) {
      end = { kind: 'crashed', phase: 'startup', error: crossError(error) };
    }
    const heard = this.#saying.told();
    await Promise.race([heard, systemClock.sleep(LAST_WORDS_MS)]);
    await this.#options.send({ kind: 'ended', end });
    exit(0);
  }

  async #begin(beginning: Beginning): Promise<AgentRunner<never>> {
    this.#ledger = new RunLedger(beginning.ledger);
    this.#defaults = unpack(beginning.defaults) as Readonly<Record<string, unknown>>;
    const definition = await loadDefinition(beginning.url, beginning.definedType);
    this.#definition = definition;
    const send = (message: ToHost): void => void this.#options.send(message);
    this.#conditions ??= beginning.conditions;
    this.#ticks = new RemoteTicks(beginning.ticks, this.#asking, send);
    const runner: AgentRunner<never> = new AgentRunner<never>({
      definition,
      agentId: beginning.agentId,
      config: this.#parse(beginning.config),
      clock: systemClock,
      ledger: this.#ledger,
      pace: () => this.#conditions?.pace ?? 1,
      ticks: this.#ticks,
      events: this.#events,
      now: () => Date.now() + (this.#conditions?.aheadMs ?? 0),
      context: isolatedContexts(beginning, this.#asking, this.#saying),
      observer: {
        started: () => send({ kind: 'started', nextRunAt: runner.nextRunAt }),
        called: (phase, timeoutMs) => send({ kind: 'called', phase, timeoutMs }),
        missed: (due) => send({ kind: 'missed', due }),
        unclaimed: (error) => send({ kind: 'unclaimed', error: crossError(error) }),
        began: (run, events) => send({ kind: 'began', run, events }),
        settled: (phase) => send({ kind: 'settled', phase }),
        ran: (outcome, run) => send({ kind: 'ran', run, outcome: crossOutcome(outcome) }),
      },
    });
    this.#runner = runner;
    return runner;
  }

  #parse(packed: Uint8Array): never {
    const { config } = this.#definition ?? {};
    // The host's defaults: its installation may have laid some under those of the file.
    const definition = { ...(config !== undefined && { config }), defaults: this.#defaults } as AgentDefinition<never>;
    return parseConfig(definition, unpack(packed) as Readonly<Record<string, unknown>>);
  }

  async #answer(id: number, question: Question): Promise<void> {
    try {
      const value = pack(await this.#reply(question), MOST_ASKED_BYTES, `the answer to ${question.name}`);
      await this.#options.send({ kind: 'answer', id, value });
    } catch (error) {
      await this.#options.send({ kind: 'answer', id, error: crossError(error) });
    }
  }

  async #reply(question: Question): Promise<unknown> {
    const runner = this.#runner;
    if (runner === undefined)
      throw new MusterError('CONFLICT', 'the agent is starting', { remedy: 'Send the command again when it runs.' });
    switch (question.name) {
      case 'health':
        return { report: runner.health(), nextRunAt: runner.nextRunAt } satisfies HealthAnswer;
      case 'run_now':
        return crossOutcome(await runner.runNow());
      case 'command':
        return asJsonHasIt(boundedResult(await runner.command(question.command, unpack(question.payload))));
      case 'reconfigure':
        return runner.reconfigure(this.#parse(question.config));
    }
  }

  /** Whatever may be broken now: the host is told, and the agent ends. */
  async #uncaught(thrown: unknown, origin: string): Promise<void> {
    const sent = this.#options.send({ kind: 'uncaught', error: crossError(thrown), origin });
    await Promise.race([sent, systemClock.sleep(LAST_WORDS_MS)]);
    exit(1);
  }
}

function crossOutcome(outcome: RunOutcome): CrossedOutcome {
  const { kind, durationMs } = outcome;
  switch (kind) {
    case 'succeeded':
      return { kind, durationMs, result: pack(asJsonHasIt(boundedResult(outcome.result)), MOST_ASKED_BYTES, 'the result of a run') };
    case 'failed':
      return { kind, durationMs, error: crossError(outcome.error) };
    case 'interrupted':
      return { kind, durationMs };
  }
}

/** What can be stored can cross. */
const asJsonHasIt = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));

const crossEnd = (end: LifeEnd): CrossedEnd =>
  end.kind === 'stopped' ? end : { kind: 'crashed', phase: end.phase, error: crossError(end.error) };
