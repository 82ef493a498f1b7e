import { expect, it, vi } from 'vitest';
import { Breather, serving } from './breather.ts';

const hold = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

it('lets others have a turn only where it has held the loop for a while', async () => {
  // A clock that stands still: a machine that is busy may take any time for anything.
  let now = 1_000;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  try {
    const breather = new Breather();
    let turns = 0;
    setImmediate(() => (turns += 1));
    await breather.breathe();
    expect(turns).toBe(0);
    now += 3;
    await breather.breathe();
    expect(turns).toBe(1);
  } finally {
    clock.mockRestore();
  }
});

it('takes a small share beside somebody who is being served, all computations together, and gets on all the same', async () => {
  let isServing = true;
  const serve = (): void => {
    serving();
    if (isServing) setImmediate(serve);
  };
  serve();
  const began = performance.now();
  let held = 0;
  const compute = async (): Promise<void> => {
    const breather = new Breather();
    for (let part = 0; part < 5; part++) {
      hold(3);
      held += 3;
      await breather.breathe();
    }
  };
  await Promise.all([compute(), compute(), compute()]);
  isServing = false;
  // The first part of each comes before it first breathes.
  // Twelve rests of six milliseconds, less those that a busy machine cut short: more than the computing alone took.
  expect(performance.now() - began).toBeGreaterThan(held + 10);
});

it('waits for nobody where nobody is being served', async () => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  const breather = new Breather();
  let turns = 0;
  let isCounting = true;
  const count = (): void => {
    turns += 1;
    if (isCounting) setImmediate(count);
  };
  count();
  hold(3);
  const before = turns;
  await breather.breathe();
  isCounting = false;
  expect(turns - before).toBeLessThanOrEqual(2);
});
