import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgePressure, NO_PRESSURE, type Pressure, type PressureSample } from './pressure.ts';
import { paceOf } from './shedding.ts';

const calm: PressureSample = { latencyMs: 5, connections: 20, maxConnections: 100, active: 3 };
const looks = (count: number, sample: PressureSample, from: Pressure): Pressure => {
  let pressure = from;
  for (let look = 0; look < count; look += 1) pressure = judgePressure(pressure, sample);
  return pressure;
};
const settled = looks(20, calm, NO_PRESSURE);

describe('pressure', () => {
  test('a single slow look changes nothing; a second one raises the level, and it says why', () => {
    const slow = { ...calm, latencyMs: 100 };
    expect(looks(1, slow, settled).level).toBe(0);
    const pressed = looks(2, slow, settled);
    expect(pressed).toMatchObject({ level: 1, reason: 'statements take 100 ms instead of 5' });
    expect(looks(10, slow, settled).level).toBe(1);
  });

  test('rises a level a look after that, and no further than it is bad', () => {
    const bad = { ...calm, latencyMs: 2_000 };
    expect([1, 2, 3, 4, 5].map((count) => looks(count, bad, settled).level)).toEqual([0, 1, 2, 3, 3]);
    expect(looks(20, { ...calm, active: 66 }, settled)).toMatchObject({ level: 2, reason: '66 of 100 connections are at work at once' });
  });

  test('falls after half a minute of relief, a level at a time, and holds in between', () => {
    const pressed = looks(10, { ...calm, active: 66 }, settled);
    expect(looks(5, calm, pressed).level).toBe(2);
    expect(looks(6, calm, pressed).level).toBe(1);
    expect(looks(12, calm, pressed).level).toBe(0);
    // Not enough to raise it, too much to lower it: it stays.
    expect(looks(100, { ...calm, active: 50 }, pressed).level).toBe(2);
  });

  test('connections that rest in the pools of a large fleet are no pressure; that there will soon be no more is a little', () => {
    expect(looks(100, { ...calm, connections: 90 }, settled).level).toBe(0);
    const full = looks(100, { ...calm, connections: 97 }, settled);
    expect(full).toMatchObject({ level: 1, reason: '97 of 100 connections are taken' });
    expect(looks(6, { ...calm, connections: 90 }, full).level).toBe(0);
  });

  test('a database that is slower for good becomes the normal one', () => {
    expect(looks(5_000, { ...calm, latencyMs: 60 }, settled).level).toBe(0);
  });

  test('never leaves its levels, never moves more than one at a time, and comes to rest when all is well', () => {
    const sample = fc.record({
      latencyMs: fc.double({ min: 0.1, max: 60_000, noNaN: true }),
      connections: fc.nat(100),
      maxConnections: fc.constant(100),
      active: fc.nat(100),
    });
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 60 }), (samples) => {
        let pressure: Pressure = settled;
        for (const each of samples) {
          const next = judgePressure(pressure, each);
          expect(Math.abs(next.level - pressure.level)).toBeLessThanOrEqual(1);
          expect(next.level).toBeGreaterThanOrEqual(0);
          expect(next.level).toBeLessThanOrEqual(3);
          pressure = next;
        }
        expect(looks(18, { ...calm, latencyMs: 1 }, pressure).level).toBe(0);
      }),
    );
  });
});

test('the lowest priorities are slowed down first and most, the highest never', () => {
  const priorities = [0, 39, 40, 50, 69, 70, 89, 90, 100];
  expect([0, 1, 2, 3].map((level) => priorities.map((priority) => paceOf(priority, level)))).toEqual([
    [1, 1, 1, 1, 1, 1, 1, 1, 1],
    [2, 2, 1, 1, 1, 1, 1, 1, 1],
    [4, 4, 2, 2, 2, 1, 1, 1, 1],
    [8, 8, 4, 4, 4, 2, 2, 1, 1],
  ]);
});
