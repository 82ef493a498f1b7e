import { useSyncExternalStore } from 'react';
import type { ApiProblem } from '../api/problem.ts';
import { serverNow } from '../api/server-clock.ts';

/** How well this page is connected to the truth. */
export interface Connection {
  readonly stream: 'connecting' | 'open' | 'lost';
  /** Why the last state cannot be read right now: no server, or a server without its database. */
  readonly trouble: ApiProblem | undefined;
  /** When the database last answered through the API, by the server's clock. */
  readonly answeredAt: number | undefined;
  readonly signedOut: boolean;
}

let connection: Connection = { stream: 'connecting', trouble: undefined, answeredAt: undefined, signedOut: false };
const listeners = new Set<() => void>();

function update(change: Partial<Connection>): void {
  connection = { ...connection, ...change };
  for (const listener of listeners) listener();
}

export function answered(): void {
  const changed = connection.trouble !== undefined || connection.answeredAt === undefined;
  // The time alone is no reason to draw anything again: whoever shows it asks when trouble begins.
  if (!changed) connection = { ...connection, answeredAt: serverNow() };
  else update({ answeredAt: serverNow(), trouble: undefined });
}

export function failed(problem: ApiProblem): void {
  if (problem.signedOut) {
    if (!connection.signedOut) update({ signedOut: true });
    return;
  }
  const away = problem.databaseAway || problem.code === 'NETWORK' || (problem.status >= 502 && problem.status <= 504);
  if (!away || connection.trouble?.code === problem.code) return;
  update({ trouble: problem });
}

export function streamOpened(): void {
  update({ stream: 'open' });
}

export function streamLost(problem: ApiProblem): void {
  update({ stream: 'lost' });
  failed(problem);
}

export function signedIn(): void {
  update({ signedOut: false, stream: 'connecting' });
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
