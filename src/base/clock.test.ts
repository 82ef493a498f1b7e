import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';

test('a sleep never ends early by the monotonic clock', async () => {
  const early: number[] = [];
  for (let i = 0; i < 60; i += 1) {
    const ms = 1 + (i % 7) + i / 61;
    const from = systemClock.monotonic();
    await systemClock.sleep(ms);
    const slept = systemClock.monotonic() - from;
    if (slept < ms) early.push(slept - ms);
  }
  expect(early).toEqual([]);
});

test('a sleep ends with its signal, before it began or during it', async () => {
  const reason = new Error('enough');
  await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
  const controller = new AbortController();
  const sleeping = systemClock.sleep(60_000, controller.signal);
  controller.abort(reason);
  await expect(sleeping).rejects.toBe(reason);
});
