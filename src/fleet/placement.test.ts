import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hostId } from '../base/ids.ts';
import { claimLimit, fairShare, LOOKS_BEFORE_EXTRA, planMoves, type PlacedHost } from './placement.ts';

const host = (name: string, capacity: number, agents = 0, weight = 1): PlacedHost => ({ hostId: hostId(name), capacity, agents, weight });
const hosts = fc
  .array(
    fc.record({ capacity: fc.integer({ min: 0, max: 50 }), agents: fc.nat(60), weight: fc.constantFrom(1, 1, 1, 0.75, 0.5, 0.25, 0) }),
    { minLength: 1, maxLength: 12 },
  )
  .map((all) =>
    all.map(({ capacity, agents, weight }, n) => host(`host_${n}`, capacity, weight === 0 ? 0 : Math.min(agents, capacity), weight)),
  );
const roomOf = (fleet: readonly PlacedHost[]): number => sum(fleet.filter((h) => h.weight !== 0).map((h) => h.capacity));
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
        expect(sum(shares)).toBeGreaterThanOrEqual(Math.min(active, roomOf(fleet)));
        expect(sum(shares)).toBeLessThan(active + fleet.length);
      }),
    );
  });

  test('are smaller for a host that is overloaded, and none for one that leaves', () => {
    const fleet = [host('well', 100), host('busy', 100, 0, 0.5), host('leaving', 100, 0, 0)];
    expect(fleet.map((h) => fairShare(30, fleet, h.hostId))).toEqual([20, 10, 0]);
    expect(fleet.map((h) => fairShare(180, fleet, h.hostId))).toEqual([100, 80, 0]);
  });

  test('are what they would be without weights where all hosts are equally loaded', () => {
    fc.assert(
      fc.property(hosts, fc.nat(400), fc.constantFrom(0.75, 0.5, 0.25), (fleet, active, weight) => {
        const alike = (each: number): readonly PlacedHost[] => fleet.map((h) => ({ ...h, weight: each }));
        for (const h of fleet) expect(fairShare(active, alike(weight), h.hostId)).toBe(fairShare(active, alike(1), h.hostId));
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
          const before = sum(now.map((h) => Math.abs(h.agents - fairShare(active, now, h.hostId)))) + moving;
          now = now.map((h) => {
            const taken = Math.min(moving, Math.max(0, fairShare(active, now, h.hostId) - h.agents));
            moving -= taken;
            return { ...h, agents: h.agents + taken };
          });
          expect(moving).toBe(0);
          // Every round brings the fleet nearer to its shares: nothing goes to and fro.
          expect(sum(now.map((h) => Math.abs(h.agents - fairShare(active, now, h.hostId))))).toBeLessThan(before);
        }
      }),
    );
  });
});
