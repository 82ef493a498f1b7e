import { useSyncExternalStore } from 'react';
import type { ApiProblem } from '../api/problem.ts';

/** How well this page is connected to the truth. */
export interface Connection {
  readonly stream: 'connecting' | 'open' | 'lost';
  /** When the stream will be tried again, by our own clock; only while it is lost. */
  readonly retryAt: number | undefined;
  /** Why the last state cannot be read right now: no server, or a server without its database. */
  readonly trouble: ApiProblem | undefined;
  /** Since when, by our own clock. */
  readonly troubleSince: number | undefined;
  /** When the database last answered through the API, by our own clock. */
  readonly answeredAt: number | undefined;
  readonly signedOut: boolean;
}

let connection: Connection = { stream: 'connecting', retryAt: undefined, trouble: undefined, troubleSince: undefined, answeredAt: undefined, signedOut: false };
const listeners = new Set<() => void>();

function update(change: Partial<Connection>): void {
  connection = { ...connection, ...change };
  for (const listener of listeners) listener();
}

export function answered(): void {
  const changed = connection.trouble !== undefined || connection.answeredAt === undefined;
  // The time alone is no reason to draw anything again: whoever shows it asks when trouble begins.
  if (!changed) connection = { ...connection, answeredAt: Date.now() };
  else update({ answeredAt: Date.now(), trouble: undefined, troubleSince: undefined });
}

export function failed(problem: ApiProblem): void {
  if (problem.signedOut) {
    if (!connection.signedOut) update({ signedOut: true });
    return;
  }
  const away = problem.databaseAway || problem.code === 'NETWORK' || (problem.status >= 502 && problem.status <= 504);
  if (!away || connection.trouble?.code === problem.code) return;
  update({ trouble: problem, troubleSince: connection.troubleSince ?? Date.now() });
}

export function streamOpened(): void {
  update({ stream: 'open', retryAt: undefined });
}

export function streamLost(problem: ApiProblem, retryInMs: number): void {
  update({ stream: 'lost', retryAt: Date.now() + retryInMs });
  failed(problem);
}

export function signedIn(): void {
  update({ signedOut: false, stream: 'connecting', retryAt: undefined });
}

export function signedOut(): void {
  update({ signedOut: true });
}

export function useConnection(): Connection {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => connection,
  );
}
