import { setTimeout as delay } from 'node:timers/promises';
import { EXIT, MusterError } from '../../base/errors.ts';
import { durationMs } from '../../base/duration.ts';
import type { AgentRecord, AgentState } from '../../state/agents.ts';
import type { CommandRecord } from '../../state/commands.ts';
import type { Invocation } from '../invocation.ts';
import type { SteeringVerb } from '../tree/fleet.ts';
import { agentDocument, toDocument } from '../documents.ts';
import { withFleet, type FleetAccess } from '../runtime/fleet-access.ts';
import { requireAgent } from './agents.ts';
import { statusMark } from '../agent-table.ts';
import { printable } from '../table.ts';

/** What each verb desires; the two without are commands to whoever runs the agent. */
const DESIRES: Readonly<Partial<Record<SteeringVerb, AgentState>>> = {
  start: 'active',
  stop: 'inactive',
  pause: 'paused',
  resume: 'active',
};
const POLL_MS = 150;

interface SteerOptions {
  readonly timeout: string;
  readonly wait: boolean;
}

export interface Outcome {
  readonly agent: AgentRecord;
  readonly command?: CommandRecord;
  /** True: seen to happen. Null: not waited for. */
  readonly effective: boolean | null;
  readonly message: string;
}

/** `agents start|stop|restart|pause|resume|run`: writes what is desired, then watches it come true. */
export const steer =
  (verb: SteeringVerb) =>
  async (invocation: Invocation, options: SteerOptions, ids: readonly string[]): Promise<number> => {
    const timeoutMs = durationMs(options.timeout);
    return withFleet(invocation, async (fleet) => {
      for (const id of ids) await requireAgent(fleet.state, id); // all or none: a mistyped second one must not leave the first half done
      const outcomes = await Promise.all(
        ids.map((id) =>
          DESIRES[verb] === undefined
            ? command(fleet, verb, id, options.wait, timeoutMs)
            : desire(fleet, verb, id, options.wait, timeoutMs),
        ),
      );
      return report(invocation, outcomes);
    });
  };

/** Prints what came of it; the exit code. */
export function report({ output }: Invocation, outcomes: readonly Outcome[]): number {
  output.result(
    {
      items: outcomes.map(({ agent, command: sent, effective, message }) => ({
        agent: agentDocument(agent),
        command: sent === undefined ? null : toDocument(sent),
        effective,
        message,
      })),
    },
    () =>
      outcomes
        .map(({ agent, message }) => `${printable(agent.agentId)}  ${statusMark(agent, output.colors)}  ${printable(message)}`)
        .join('\n'),
  );
  return outcomes.every(({ effective }) => effective !== false) ? EXIT.ok : EXIT.failure;
}

async function desire(fleet: FleetAccess, verb: SteeringVerb, id: string, wait: boolean, timeoutMs: number): Promise<Outcome> {
  const state = DESIRES[verb];
  if (state === undefined) throw new MusterError('INTERNAL', `${verb} desires nothing`);
  const before = await requireAgent(fleet.state, id);
  return comeTrue(fleet, await fleet.state.agents.setState(before.agentId, state), state, wait ? timeoutMs : undefined);
}

/** Waits until the agent is as its row desires; undefined: does not wait. */
export async function comeTrue(
  fleet: FleetAccess,
  desired: AgentRecord,
  state: AgentState,
  timeoutMs: number | undefined,
): Promise<Outcome> {
  const id = desired.agentId;
  if (timeoutMs === undefined) return { agent: desired, effective: null, message: `state is now ${state}` };
  const settled = await until(timeoutMs, async () => {
    const agent = await requireAgent(fleet.state, id);
    return isSettled(agent, state) || agent.status === 'crash_looping' || agent.state !== state ? agent : undefined;
  });
  const agent = settled ?? (await requireAgent(fleet.state, id));
  const effective = isSettled(agent, state);
  return { agent, effective, message: effective ? 'done' : whyNot(agent, timeoutMs) };
}

function isSettled(agent: AgentRecord, state: AgentState): boolean {
  if (agent.state !== state) return false;
  if (state !== 'active') return agent.status === 'stopped';
  return agent.status === 'running' || agent.status === 'degraded';
}

async function command(fleet: FleetAccess, verb: SteeringVerb, id: string, wait: boolean, timeoutMs: number): Promise<Outcome> {
  const agent = await requireAgent(fleet.state, id);
  const sent = await fleet.state.commands.submit({
    agentId: agent.agentId,
    command: verb === 'run' ? 'run_now' : verb,
    requestedBy: `cli:${process.env['USER'] ?? process.env['LOGNAME'] ?? 'unknown'}`,
  });
  if (!wait) return { agent, command: sent, effective: null, message: `command ${sent.commandId} is pending` };
  const ended = await until(timeoutMs, async () => {
    const now = await fleet.state.commands.get(sent.commandId);
    return now !== undefined && now.state !== 'pending' && now.state !== 'running' ? now : undefined;
  });
  const last = ended ?? (await fleet.state.commands.get(sent.commandId)) ?? sent;
  const after = await requireAgent(fleet.state, id);
  if (last.state === 'done')
    return {
      agent: after,
      command: last,
      effective: true,
      message: last.result === null || last.result === undefined ? 'done' : `done: ${JSON.stringify(last.result).slice(0, 500)}`,
    };
  return {
    agent: after,
    command: last,
    effective: false,
    message:
      last.error ??
      (ended === undefined ? `the command is still ${last.state}: ${whyNot(after, timeoutMs)}` : `the command has ${last.state}`),
  };
}

function whyNot(agent: AgentRecord, timeoutMs: number): string {
  if (agent.reason !== null) return agent.reason;
  if (agent.status === 'crash_looping') return agent.lastError ?? 'it crashes at every start';
  const held = agent.hostId === null ? 'no host runs it: is one up (`muster status`)?' : `its host shows it ${agent.status}`;
  return `not seen to happen within ${timeoutMs / 1_000} s; ${held}`;
}

async function until<T>(timeoutMs: number, look: () => Promise<T | undefined>): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined || performance.now() >= deadline) return found;
    await delay(POLL_MS);
  }
}
