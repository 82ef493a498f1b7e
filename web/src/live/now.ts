import { useSyncExternalStore } from 'react';
import { serverNow } from '../api/server-clock.ts';

/** One clock tick a second for all ages on the page; none while nobody looks. */
let current = serverNow();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function tick(): void {
  if (document.hidden) return;
  current = serverNow();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    current = serverNow();
    timer = setInterval(tick, 1_000);
    document.addEventListener('visibilitychange', tick);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
    document.removeEventListener('visibilitychange', tick);
  };
}

/** The present by the server's clock, renewed every second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => current);
}
