import { boundedResult } from '../agent/bounded-result.ts';
import { isBuiltInCommand, type BuiltInCommand } from '../agent/definition.ts';
import type { RunOutcome } from '../agent/runner.ts';
import { boundedMessage } from '../agent/run-ledger.ts';
import type { Clock } from '../base/clock.ts';
import { isMusterError, MusterError } from '../base/errors.ts';
import type { AgentId, Epoch, HostId } from '../base/ids.ts';
import type { AgentState } from '../state/agents.ts';
import type { CommandRecord } from '../state/commands.ts';
import type { SharedState } from '../state/shared-state.ts';
import type { FaultLog } from './fault-log.ts';
import type { Roster } from './roster.ts';
import type { Supervisor } from './supervisor.ts';

/** Commands claimed at once. */
const MOST_AT_ONCE = 100;
const RETRY_MS = 1_000;

export interface CommandInboxOptions {
  readonly state: SharedState;
  readonly hostId: HostId;
  readonly roster: Roster;
  readonly clock: Clock;
  readonly faults: FaultLog;
  /** More commands wait than were claimed at once. */
  readonly more: () => void;
}

type ClaimedCommand = CommandRecord & { readonly epoch: Epoch };
type Outcome = { readonly result: unknown } | { readonly error: string };

/** Carries out the commands of the agents a host holds: in order for each agent, side by side for different ones. */
export class CommandInbox {
  readonly #options: CommandInboxOptions;
  readonly #queues = new Map<AgentId, Promise<void>>();
  /** What was claimed and is not finished: not to be given again. */
  readonly #known = new Set<string>();
  readonly #over = new AbortController();

  constructor(options: CommandInboxOptions) {
    this.#options = options;
  }

  /** Claims what waits and begins to carry it out. */
  async poll(): Promise<void> {
    const { state, hostId, more } = this.#options;
    const commands = await state.commands.claim(hostId, MOST_AT_ONCE, [...this.#known]);
    for (const command of commands.toSorted((a, b) => a.createdAt - b.createdAt)) this.#enqueue(command);
    if (commands.length === MOST_AT_ONCE) more();
  }

  /** Resolves when everything claimed so far is finished. */
  async settled(): Promise<void> {
    await Promise.all(this.#queues.values());
  }

  /** Gives up results that could not be written. */
  stop(): void {
    this.#over.abort();
  }

  #enqueue(command: ClaimedCommand): void {
    const { agentId, commandId } = command;
    this.#known.add(commandId);
    const queue = (this.#queues.get(agentId) ?? Promise.resolve())
      .then(() => this.#carryOut(command))
      .catch((error: unknown) => this.#options.faults.failed('command', error))
      .finally(() => {
        this.#known.delete(commandId);
        if (this.#queues.get(agentId) === queue) this.#queues.delete(agentId);
      });
    this.#queues.set(agentId, queue);
  }

  async #carryOut(command: ClaimedCommand): Promise<void> {
    const { roster } = this.#options;
    const supervisor = roster.get(command.agentId);
    const outcome =
      supervisor === undefined ? { error: 'its host does not hold the agent any more' } : await this.#outcomeOf(command, supervisor);
    await this.#finish(command, outcome);
    // Only after its result is written: once the agent is given back, the command is no longer ours to finish.
    if (command.command === 'move') await roster.move(command.agentId, reasonOf(command));
  }

  async #outcomeOf(command: CommandRecord, supervisor: Supervisor): Promise<Outcome> {
    try {
      const result = isBuiltInCommand(command.command)
        ? await this.#builtIn(command.command, command, supervisor)
        : await supervisor.command(command.command, command.payload);
      return { result: boundedResult(result) };
    } catch (error) {
      return { error: isMusterError(error) ? `${boundedMessage(error)}. ${error.remedy}` : boundedMessage(error) };
    }
  }

  async #builtIn(name: BuiltInCommand, command: CommandRecord, supervisor: Supervisor): Promise<unknown> {
    switch (name) {
      case 'restart': {
        if (supervisor.record.state !== 'active') {
          throw new MusterError('CONFLICT', `agent ${command.agentId} is ${supervisor.record.state}`, { remedy: 'Resume it instead.' });
        }
        return { status: await supervisor.restart() };
      }
      case 'run_now':
        return resultOf(await supervisor.runNow());
      case 'move':
        return { moved: true, reason: reasonOf(command) };
      case 'start':
      case 'resume':
        return this.#desire(command.agentId, 'active');
      case 'stop':
        return this.#desire(command.agentId, 'inactive');
      case 'pause':
        return this.#desire(command.agentId, 'paused');
      case 'reconfigure':
        await this.#options.state.agents.setConfig(command.agentId, command.payload);
        return { config: command.payload };
    }
  }

  /** Commands that came in by plain SQL: the desired state is all they are about. */
  async #desire(agent: AgentId, state: AgentState): Promise<unknown> {
    await this.#options.state.agents.setState(agent, state);
    return { state };
  }

  /** Writes the result, as often as it takes while the agent is ours. */
  async #finish(command: ClaimedCommand, outcome: Outcome): Promise<void> {
    const { clock, faults, hostId, state } = this.#options;
    let current = outcome;
    while (!this.#over.signal.aborted) {
      try {
        await state.commands.finish(hostId, command.commandId, current);
        return;
      } catch (error) {
        const refused = isMusterError(error, 'LEASE_LOST');
        // The agent has moved on: its next holder carries the command out again.
        if (refused && !(await this.#isOurs(command))) return;
        if (!refused && !(isMusterError(error) && error.code.startsWith('DATABASE_'))) {
          // The result itself is what the database will not have.
          if (current !== outcome) throw error;
          current = { error: `it was carried out, but its result cannot be stored: ${boundedMessage(error)}` };
          continue;
        }
        faults.failed('command result', error);
      }
      await clock.sleep(RETRY_MS, this.#over.signal).catch(() => undefined);
    }
  }

  /** Refused although the agent is still here: the host's lease waits to be confirmed, or an answer was lost that said it is done. */
  async #isOurs(command: ClaimedCommand): Promise<boolean> {
    const { roster, state } = this.#options;
    if (roster.get(command.agentId)?.epoch !== command.epoch) return false;
    // Not to be known now: then asked again with the next try.
    const current = await state.commands.get(command.commandId).catch(() => command);
    return current?.state === 'running';
  }
}

function reasonOf(command: CommandRecord): string {
  const reason = command.payload.reason;
  return typeof reason === 'string' && reason !== '' ? reason.slice(0, 500) : `moved by ${command.requestedBy}`;
}

function resultOf(outcome: RunOutcome): unknown {
  switch (outcome.kind) {
    case 'succeeded':
      return { outcome: 'succeeded', duration_ms: Math.round(outcome.durationMs), result: outcome.result ?? null };
    case 'failed':
      throw outcome.error;
    case 'interrupted':
      throw new MusterError('CONFLICT', 'the run was interrupted: the agent had to stop', { remedy: 'Send the command again.' });
  }
}
