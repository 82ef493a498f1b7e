import { expect, it } from 'vitest';
import { incidentKey, placeOf, TELL_AFTER_MS, tellsNow } from './decision.ts';

it('the first host in line tells after fifteen seconds, the next only five minutes later, the fourth never', () => {
  const tells = (place: number | undefined, awayForMs: number): boolean => tellsNow({ awayForMs, place });
  expect([tells(0, TELL_AFTER_MS - 1), tells(0, TELL_AFTER_MS)]).toEqual([false, true]);
  expect([tells(1, TELL_AFTER_MS + 299_999), tells(1, TELL_AFTER_MS + 300_000)]).toEqual([false, true]);
  expect([tells(3, 86_400_000), tells(undefined, 86_400_000)]).toEqual([false, false]);
});

it('the line is that of the ids, and only those stand in it that lived', () => {
  expect(placeOf('b', ['c', 'b', 'a'])).toBe(1);
  expect(placeOf('d', ['c', 'b', 'a'])).toBeUndefined();
  expect(placeOf(undefined, ['a'])).toBeUndefined();
});

it('hosts that heard of the fleet at about the same time call an incident the same', () => {
  expect(incidentKey('f', 600_001)).toBe(incidentKey('f', 602_000));
  expect(incidentKey('f', 600_001)).not.toBe(incidentKey('g', 600_001));
});
