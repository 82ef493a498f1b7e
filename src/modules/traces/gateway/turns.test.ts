import { expect, it } from 'vitest';
import { Turns } from './turns.ts';

it('works on one thing in the order it was asked for, however long each takes, and on others meanwhile', async () => {
  const turns = new Turns();
  const done: string[] = [];
  let go = (): void => undefined;
  const slow = new Promise<void>((resolve) => (go = resolve));
  const first = turns.take('a', async () => {
    await slow;
    done.push('first');
  });
  const second = turns.take('a', async () => void done.push('second'));
  await turns.take('b', async () => void done.push('other'));
  expect(done).toEqual(['other']);
  go();
  await Promise.all([first, second]);
  expect(done).toEqual(['other', 'first', 'second']);
  expect(turns.size).toBe(0);
});

it('goes on after what failed, which its own asker hears of', async () => {
  const turns = new Turns();
  const first = turns.take('a', () => Promise.reject(new Error('no')));
  const second = turns.take('a', async () => undefined);
  await expect(first).rejects.toThrow('no');
  await expect(second).resolves.toBeUndefined();
  expect(turns.size).toBe(0);
});
