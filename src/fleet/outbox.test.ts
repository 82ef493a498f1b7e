import { expect, test } from 'vitest';
import { toSample } from '../agent/sample.ts';
import { agentId, epoch, hostId } from '../base/ids.ts';
import { systemClock } from '../base/clock.ts';
import type { SharedState } from '../state/shared-state.ts';
import { Outbox } from './outbox.ts';

const ignore = (): void => undefined;

test('a sample by which somebody judges asks to be written at once, others wait for the next batch', () => {
  let asked = 0;
  const fence = { agentId: agentId('a1'), hostId: hostId('7a0c8b8e-6f0e-4b0a-9d1c-0c5a1f4f2b11'), epoch: epoch(1) };
  const outbox = new Outbox({
    state: {} as SharedState,
    hostId: fence.hostId,
    trusted: () => true,
    filled: ignore,
    urgent: ignore,
    soon: () => void (asked += 1),
    clock: systemClock,
  });
  const lane = outbox.lane(fence);
  outbox.sample(lane, toSample('queue_depth', 3, { unit: '' }, 0));
  expect(asked).toBe(0);
  outbox.sample(lane, toSample('queue_depth', 3, { soon: true }, 0));
  outbox.sample(lane, toSample('queue_depth', Number.NaN, { soon: true }, 0));
  expect(asked).toBe(1);
  expect(outbox.counts.samples).toMatchObject({ waiting: 2, refused: 1 });
});
