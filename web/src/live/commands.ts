import { useSyncExternalStore } from 'react';
import { call } from '../api/client.ts';
import { problemOf, type ApiProblem } from '../api/problem.ts';
import type { Command, CommandState } from '../api/types.ts';
import { failed } from './connection.ts';

export type Verb = 'start' | 'stop' | 'restart' | 'pause' | 'resume' | 'run_now';

/** A command given from this page, with what really became of it. */
export interface Given {
  readonly key: number;
  readonly agentId: string;
  readonly verb: Verb;
  /** sending: on its way. refused: the server did not take it. The rest is the command's own state. */
  readonly state: 'sending' | 'refused' | CommandState;
  readonly command: Command | undefined;
  readonly problem: ApiProblem | undefined;
}

let given: readonly Given[] = [];
let nextKey = 1;
const listeners = new Set<() => void>();
/** Finished ones are shown for a while, the newest of them. */
const kept = 5;
const settledMs = 8_000;
const pollMs = 700;

function change(key: number, update: Partial<Given>): void {
  given = given.map((each) => (each.key === key ? { ...each, ...update } : each));
  for (const listener of listeners) listener();
}

export function dismiss(key: number): void {
  given = given.filter((each) => each.key !== key);
  for (const listener of listeners) listener();
}

export function isOpen(state: Given['state']): boolean {
  return state === 'sending' || state === 'pending' || state === 'running';
}

export function useGiven(): readonly Given[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => given,
  );
}

/** Gives the command and follows it to its end. `onChange` is told whenever the fleet may have changed. */
export async function give(agentId: string, verb: Verb, onChange: () => void): Promise<void> {
  const key = nextKey++;
  given = [{ key, agentId, verb, state: 'sending' as const, command: undefined, problem: undefined }, ...given].slice(0, kept);
  for (const listener of listeners) listener();
  try {
    let command = await call<Command>(`/agents/${encodeURIComponent(agentId)}/commands`, {
      method: 'POST',
      // Two clicks are one command.
      body: { command: verb, dedupe_key: `dashboard:${verb}` },
    });
    change(key, { state: command.state, command });
    while (isOpen(command.state) && given.some((each) => each.key === key)) {
      await new Promise((resolve) => setTimeout(resolve, pollMs));
      command = await call<Command>(`/commands/${encodeURIComponent(command.command_id)}`);
      change(key, { state: command.state, command });
    }
    onChange();
    // A success may go by itself; a failure waits to be read.
    if (command.state === 'done') setTimeout(() => dismiss(key), settledMs);
  } catch (error) {
    const problem = problemOf(error);
    failed(problem);
    change(key, { state: 'refused', problem });
  }
}
