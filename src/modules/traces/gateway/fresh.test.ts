import { expect, it } from 'vitest';
import { silentLogger } from '../../../base/logger.ts';
import { Fresh } from './fresh.ts';

it('is read once for many, and again once it has changed, also while it was being read', async () => {
  const reads: ((value: string) => void)[] = [];
  const fresh = new Fresh(() => new Promise<string>((resolve) => reads.push(resolve)), { log: silentLogger, what: 'it' });
  const [first, second] = [fresh.value(), fresh.value()];
  expect(reads).toHaveLength(1);
  fresh.forget();
  const third = fresh.value();
  expect(reads).toHaveLength(2);
  reads[1]?.('new');
  reads[0]?.('old');
  expect(await Promise.all([first, second, third])).toEqual(['old', 'old', 'new']);
  expect(await fresh.value()).toBe('new');
  expect(reads).toHaveLength(2);
});

it('stays what it was while it cannot be read', async () => {
  let isAway = false;
  const fresh = new Fresh(
    async () => {
      if (isAway) throw new Error('away');
      return 'known';
    },
    { log: silentLogger, what: 'it' },
  );
  expect(await fresh.value()).toBe('known');
  isAway = true;
  fresh.forget();
  expect(await fresh.value()).toBe('known');
});
