import { expect, test } from 'vitest';
import { until } from '../../../test/support/until.ts';
import { deadlineIn, TrustDeadline, watchDeadline } from './trust-deadline.ts';

test('a deadline that is extended in time never passes, and one that is not does, once', async () => {
  const deadline = new TrustDeadline();
  deadline.extend(deadlineIn(100));
  let passed = 0;
  watchDeadline(deadline, 20, () => (passed += 1));
  for (let n = 0; n < 10; n += 1) {
    deadline.extend(deadlineIn(10_000));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(passed).toBe(0);
  const other = new TrustDeadline(deadline.memory);
  expect(other.leftMs).toBeGreaterThan(5_000);
  const short = new TrustDeadline();
  const began = performance.now();
  short.extend(deadlineIn(30));
  // Shorter words that come late change nothing.
  short.extend(deadlineIn(5));
  watchDeadline(short, 20, () => (passed += 1));
  await until('it has passed', () => passed === 1);
  expect(performance.now() - began).toBeGreaterThan(40);
});
