import { useSyncExternalStore } from 'react';
import type { FleetEvent } from '../api/types.ts';

/** The newest events this page has heard of, newest first. Bounded: the server keeps the rest. */
const capacity = 1_000;

export interface EventLog {
  readonly events: readonly FleetEvent[];
  /** False until the history has been read once: until then an empty log means nothing. */
  readonly loaded: boolean;
}

let log: EventLog = { events: [], loaded: false };
const listeners = new Set<() => void>();

/** Merges events that may overlap with what is there; newest first by time, then by id. */
export function merge(known: readonly FleetEvent[], news: readonly FleetEvent[], limit = capacity): readonly FleetEvent[] {
  const ids = new Set(known.map((event) => event.id));
  const fresh = news.filter((event) => !ids.has(event.id));
  if (fresh.length === 0) return known;
  return [...fresh, ...known].toSorted((a, b) => Date.parse(b.ts) - Date.parse(a.ts) || compareIds(b.id, a.id)).slice(0, limit);
}

function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

export function record(news: readonly FleetEvent[], options: { readonly history?: boolean } = {}): void {
  const events = merge(log.events, news);
  const loaded = log.loaded || options.history === true;
  if (events === log.events && loaded === log.loaded) return;
  log = { events, loaded };
  for (const listener of listeners) listener();
}

export function useEventLog(): EventLog {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => log,
  );
}
