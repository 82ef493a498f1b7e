import { expect, it } from 'vitest';
import { OneAtATime } from './one-at-a-time.ts';

/** Work that ends when it is told to. */
function work() {
  const ends: ((how?: Error) => void)[] = [];
  let atOnce = 0;
  let most = 0;
  const one = new OneAtATime(async () => {
    most = Math.max(most, (atOnce += 1));
    await new Promise<void>((resolve, reject) => ends.push((how) => (how === undefined ? resolve() : reject(how))));
    atOnce -= 1;
    return ends.length;
  });
  return { one, ends, most: () => most };
}

it('answers all who ask meanwhile by one round more, that began after they asked', async () => {
  const { ends, most, one } = work();
  const first = one.run();
  const asked = [one.run(), one.run(), one.run()];
  ends[0]?.();
  expect(await first).toBe(1);
  ends[1]?.();
  expect(await Promise.all(asked)).toEqual([2, 2, 2]);
  await one.settled();
  expect([ends.length, most()]).toEqual([2, 1]);
});

it('goes on after a round that failed', async () => {
  const { ends, one } = work();
  const first = one.run();
  const second = one.run();
  ends[0]?.(new Error('away'));
  await expect(first).rejects.toThrow('away');
  ends[1]?.();
  expect(await second).toBe(2);
});
