import { setTimeout as delay } from 'node:timers/promises';

/** Limits are for an idle machine; the one that runs the suite may have other work. */
const PATIENCE = 4;
/** Between two looks: short at first, longer where it takes longer anyway, because a look is often a query. */
const SHORTEST_MS = 5;
const LONGEST_MS = 25;

/** Waits for a condition, looking every few milliseconds; fails with `what` when it does not come true. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const limitMs = withinMs * PATIENCE;
  const began = performance.now();
  while (!(await condition())) {
    const waited = performance.now() - began;
    if (waited > limitMs) throw new Error(`waited ${limitMs} ms in vain until ${what}`);
    await delay(Math.min(Math.max(waited / 20, SHORTEST_MS), LONGEST_MS));
  }
}
