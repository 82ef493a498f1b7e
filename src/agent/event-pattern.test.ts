import { expect, test } from 'vitest';
import { isEventPattern, matches } from './event-pattern.ts';
import { compileSchedule, describeSchedule } from './schedule.ts';

test('a pattern means one kind of event, or all of one noun or verb', () => {
  expect(matches(['invoice:created'], 'invoice:created')).toBe(true);
  expect(matches(['invoice:created'], 'invoice:created_twice')).toBe(false);
  expect(matches(['invoice:*'], 'invoice:paid')).toBe(true);
  expect(matches(['*:failed'], 'agent:failed')).toBe(true);
  expect(matches(['*:*'], 'a:b')).toBe(true);
  expect(matches([], 'a:b')).toBe(false);
  expect(['a:b', 'a:*', '*:b', 'a', 'A:b', 'a:b:c', 'inv*:paid', 5].map(isEventPattern)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});

test('a schedule may be of events alone, or of both', () => {
  expect(describeSchedule({ on: 'invoice:created' })).toBe('on invoice:created');
  expect(describeSchedule({ every: '1m', on: ['invoice:*', '*:failed'] })).toBe('every 1m, on invoice:*, *:failed');
  expect(compileSchedule({ on: 'a:b' }).grid(0).after(0)).toBeUndefined();
  expect(() => compileSchedule({ on: 'Invoice created' as 'a:b' })).toThrow(/schedule.on: "Invoice created" is no pattern/);
  expect(() => compileSchedule({ on: [] })).toThrow(/schedule.every/);
});
