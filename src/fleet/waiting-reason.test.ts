import { expect, test } from 'vitest';
import { hostId } from '../base/ids.ts';
import { whyWaiting, type OpenHost } from './waiting-reason.ts';

const host = (change: Partial<OpenHost> = {}): OpenHost => ({
  hostId: hostId('a'),
  capacity: 10,
  agents: 1,
  desired: 'run',
  labels: {},
  types: { worker: {}, guarded: { anti_affinity: 'guards' } },
  groups: new Set(),
  ...change,
});
const worker = (placement?: object) => ({ type: 'worker', metadata: placement === undefined ? {} : { placement } });

test('an agent that a host can take has no reason to wait', () => {
  expect(whyWaiting(worker(), [host()])).toBeUndefined();
  expect(whyWaiting(worker({ labels: { zone: 'a' } }), [host(), host({ labels: { zone: 'a', disk: 'ssd' } })])).toBeUndefined();
  expect(whyWaiting(worker({ anti_affinity: 'x' }), [host({ groups: new Set(['x']) }), host()])).toBeUndefined();
  expect(whyWaiting({ type: 'unheard_of', metadata: {} }, [host({ types: null })])).toBeUndefined();
});

test.each([
  [{ type: 'stranger', metadata: {} }, [host()], /no live host runs agents of the type stranger: start one that does/],
  [
    worker({ labels: { zone: 'a', disk: 'ssd' } }),
    [host({ labels: { zone: 'a' } })],
    /labels zone=a disk=ssd: start one with --label zone=a --label disk=ssd/,
  ],
  [worker(), [host({ desired: 'drain' })], /is being drained: resume one/],
  [worker({ anti_affinity: 'x' }), [host({ groups: new Set(['x']) })], /already has an agent of its anti-affinity group "x"/],
  [{ type: 'guarded', metadata: {} }, [host({ groups: new Set(['guards']) })], /anti-affinity group "guards"/],
  [worker(), [host({ agents: 10 })], /no host that may run it has room/],
  [worker(), [host({ capacity: 0, agents: 0 })], /no host that may run it has room/],
  [worker({ anti_affinity: 'x' }), [host({ groups: new Set(['x']) }), host({ capacity: 0, agents: 0 })], /anti-affinity group "x"/],
])('what keeps %j from a place is told with what helps', (agent, hosts, reason) => {
  expect(whyWaiting(agent, hosts)).toMatch(reason);
});

test('what an agent says takes away what its type says', () => {
  expect(
    whyWaiting({ type: 'guarded', metadata: { placement: { anti_affinity: null } } }, [host({ groups: new Set(['guards']) })]),
  ).toBeUndefined();
});
