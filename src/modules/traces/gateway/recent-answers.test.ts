import { expect, it } from 'vitest';
import type { KeptAnswer } from './answer-store.ts';
import { RecentAnswers } from './recent-answers.ts';

const KEY = Buffer.from('a key of an answer');
const answer = (text: string, more: Partial<KeptAnswer> = {}): KeptAnswer => ({
  provider: 'p',
  priceProvider: null,
  model: 'm',
  isStream: false,
  contentType: 'application/json',
  body: Buffer.from(text),
  ageMs: 100,
  leftMs: 60_000,
  ...more,
});

/** A store whose reads are counted, and a clock that stands still. */
function open(kept: KeptAnswer | undefined) {
  const store = { kept, reads: 0, get: async () => (store.reads++, store.kept) };
  const clock = { now: 5_000 };
  return { store, clock, recent: new RecentAnswers(store, () => clock.now) };
}

it('is read once, and is as old as it is', async () => {
  const { clock, recent, store } = open(answer('a'));
  await recent.get(KEY);
  clock.now += 900;
  expect(await recent.get(KEY)).toMatchObject({ body: Buffer.from('a'), ageMs: 1_000, leftMs: 59_100 });
  expect(store.reads).toBe(1);
});

it('is read again after a second, and when it has expired', async () => {
  const { clock, recent, store } = open(answer('a'));
  await recent.get(KEY);
  clock.now += 1_000;
  store.kept = answer('b', { leftMs: 50 });
  expect((await recent.get(KEY))?.body.toString()).toBe('b');
  clock.now += 50;
  store.kept = undefined;
  expect(await recent.get(KEY)).toBeUndefined();
  expect(store.reads).toBe(3);
});

it('is not what was read before it changed', async () => {
  const { recent, store } = open(answer('old'));
  const reading = recent.get(KEY);
  store.kept = answer('new');
  recent.forget();
  await reading;
  expect((await recent.get(KEY))?.body.toString()).toBe('new');
});

it('takes no more memory than it may: the oldest go first', async () => {
  const { recent, store } = open(answer('x'.repeat(1_000_000)));
  const keys = Array.from({ length: 20 }, (_, n) => Buffer.from(`key ${n}`));
  for (const key of keys) await recent.get(key);
  expect(store.reads).toBe(20);
  await recent.get(keys[19] ?? KEY);
  expect(store.reads).toBe(20);
  await recent.get(keys[0] ?? KEY);
  expect(store.reads).toBe(21);
});
