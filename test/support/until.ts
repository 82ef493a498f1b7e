import { setTimeout as delay } from 'node:timers/promises';

/** Limits are for an idle machine; the one that runs the suite may have other work. */
const PATIENCE = 4;

/** Waits for a condition, looking every few milliseconds; fails with `what` when it does not come true. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const limitMs = withinMs * PATIENCE;
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms in vain until ${what}`);
    await delay(5);
  }
}
