import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hostId } from '../base/ids.ts';
import { claimLimit, fairShare, LOOKS_BEFORE_EXTRA, planMoves, type PlacedHost } from './placement.ts';

const host = (name: string, capacity: number, agents = 0): PlacedHost => ({ hostId: hostId(name), capacity, agents });
const hosts = fc
  .array(fc.record({ capacity: fc.integer({ min: 0, max: 50 }), agents: fc.nat(60) }), { minLength: 1, maxLength: 12 })
  .map((all) => all.map(({ capacity, agents }, n) => host(`host_${n}`, capacity, Math.min(agents, capacity))));
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

describe('shares', () => {
  test('are even where capacities allow, and the larger take what the smaller cannot', () => {
    const fleet = [host('small', 2), host('middle', 10), host('large', 100)];
    expect(fleet.map((h) => fairShare(22, fleet, h.hostId))).toEqual([2, 10, 10]);
    expect(fleet.map((h) => fairShare(52, fleet, h.hostId))).toEqual([2, 10, 40]);
  });

  test('never exceed a capacity, and add up to enough for all agents wherever there is room', () => {
    fc.assert(
      fc.property(hosts, fc.nat(400), (fleet, active) => {
        const shares = fleet.map((h) => fairShare(active, fleet, h.hostId));
        shares.forEach((share, n) => expect(share).toBeLessThanOrEqual(fleet[n]?.capacity ?? 0));
        expect(sum(shares)).toBeGreaterThanOrEqual(Math.min(active, sum(fleet.map((h) => h.capacity))));
        expect(sum(shares)).toBeLessThan(active + fleet.length);
      }),
    );
  });

  test('are none for a host the survey does not know', () => {
    expect(fairShare(10, [host('a', 10)], hostId('stranger'))).toBe(0);
  });
});

describe('claiming', () => {
  const situation = {
    active: 10,
    claimable: 10,
    hosts: [host('a', 100), host('b', 100)],
    host: hostId('a'),
    capacity: 100,
    occupied: 0,
    waited: 0,
  };

  test('takes the share, no more', () => {
    expect(claimLimit(situation)).toBe(5);
    expect(claimLimit({ ...situation, occupied: 5 })).toBe(0);
    expect(claimLimit({ ...situation, capacity: 3 })).toBe(3);
    expect(claimLimit({ ...situation, claimable: 1 })).toBe(1);
  });

  test('takes more than the share rather than leave agents waiting', () => {
    expect(claimLimit({ ...situation, occupied: 5, claimable: 4, waited: LOOKS_BEFORE_EXTRA })).toBe(4);
    expect(claimLimit({ ...situation, occupied: 98, claimable: 4, waited: LOOKS_BEFORE_EXTRA })).toBe(2);
  });
});

describe('moves', () => {
  test('go from hosts above their share, half the surplus at a time', () => {
    expect(planMoves(10, [host('a', 100, 10), host('b', 100, 0)])).toEqual([{ hostId: 'a', count: 3, share: 5 }]);
  });

  test('do not happen for a small difference, nor where nobody has room', () => {
    expect(planMoves(100, [host('a', 100, 54), host('b', 100, 46)])).toEqual([]);
    expect(planMoves(20, [host('a', 100, 10), host('b', 10, 10)])).toEqual([]);
  });

  test('never take a host below its share, are few, and repeated come to rest', () => {
    fc.assert(
      fc.property(hosts, (fleet) => {
        const active = sum(fleet.map((h) => h.agents));
        let now = fleet;
        for (let looks = 0; ; looks += 1) {
          const moves = planMoves(active, now);
          expect(sum(moves.map((move) => move.count))).toBeLessThanOrEqual(20);
          if (moves.length === 0) break;
          expect(looks).toBeLessThan(200);
          let moving = 0;
          now = now.map((h) => {
            const move = moves.find((m) => m.hostId === h.hostId);
            if (move === undefined) return h;
            expect(h.agents - move.count).toBeGreaterThanOrEqual(move.share);
            moving += move.count;
            return { ...h, agents: h.agents - move.count };
          });
          now = now.map((h) => {
            const taken = Math.min(moving, Math.max(0, fairShare(active, now, h.hostId) - h.agents));
            moving -= taken;
            return { ...h, agents: h.agents + taken };
          });
          expect(moving).toBe(0);
        }
      }),
    );
  });
});
