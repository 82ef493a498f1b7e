import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hostId } from '../base/ids.ts';
import type { LifeSigns } from '../state/life-signs.ts';
import { judge, neighbourOf, type Look } from './death-verdict.ts';

const watchable = (id: string) => ({ hostId: hostId(id), watchable: true });

describe('the ring', () => {
  test('a host alone watches nobody', () => {
    expect(neighbourOf([], hostId('a'))).toBeUndefined();
    expect(neighbourOf([watchable('a')], hostId('a'))).toBeUndefined();
  });

  test('each watches the next, and the last the first', () => {
    const hosts = ['c', 'a', 'b'].map(watchable);
    expect(['a', 'b', 'c'].map((id) => neighbourOf(hosts, hostId(id)))).toEqual(['b', 'c', 'a']);
  });

  test('a host that cannot be told by its connections is not watched, and watches all the same', () => {
    const hosts = [watchable('a'), { hostId: hostId('b'), watchable: false }, watchable('c')];
    expect(['a', 'b', 'c'].map((id) => neighbourOf(hosts, hostId(id)))).toEqual(['c', 'c', 'a']);
  });

  test('every host of a fleet is watched by exactly one other', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.uuid(), { minLength: 2, maxLength: 30 }), (ids) => {
        const hosts = ids.map(watchable);
        expect(new Set(ids.map((id) => neighbourOf(hosts, hostId(id))))).toEqual(new Set(ids));
      }),
    );
  });
});

describe('the verdict', () => {
  const signs = (more: Partial<LifeSigns> = {}): LifeSigns => ({
    live: true,
    processKey: null,
    sessions: 0,
    beatenSince: false,
    beatenUnderWatch: true,
    silentMs: 1_500,
    leaseMs: 8_000,
    lastBeat: '2026-01-01 00:00:00.000001+00',
    ...more,
  });
  const look = (more: Partial<LifeSigns> = {}, rest: Partial<Look> = {}): Look => ({
    signs: signs(more),
    process: 'unknown',
    before: signs(),
    looks: 2,
    ...rest,
  });

  test('all connections gone for a pause, shortly after a beat: it died', () => {
    expect(judge(look())).toBe('dead');
  });

  test('the first look never settles it: one whose connections were terminated comes back at once', () => {
    expect(judge(look({}, { before: undefined, looks: 1 }))).toBe('look again');
  });

  test('a process of the same machine is known for certain, at the first look', () => {
    expect(judge(look({ sessions: 3 }, { process: 'gone', before: undefined, looks: 1 }))).toBe('dead');
    expect(judge(look({}, { process: 'there' }))).toBe('alive');
  });

  test('one that beats, or says that its connections tell nothing, lives', () => {
    expect(judge(look({ beatenSince: true }))).toBe('alive');
    expect(judge(look({ sessions: null }))).toBe('alive');
  });

  test('connections that stay belong to one that lives; they get a moment to end', () => {
    expect(judge(look({ sessions: 1 }))).toBe('look again');
    expect(judge(look({}, { before: signs({ sessions: 1 }) }))).toBe('look again');
    expect(judge(look({ sessions: 1 }, { looks: 10 }))).toBe('alive');
  });

  test('one that was silent before is frozen or cut off: its lease decides', () => {
    expect(judge(look({ silentMs: 4_001 }))).toBe('undecided');
    expect(judge(look({ silentMs: -1 }))).toBe('undecided');
  });

  test('after a restart of the server everybody is silent: nobody is dead for that', () => {
    expect(judge(look({ beatenUnderWatch: false }))).toBe('undecided');
  });

  test('a host that left, or is gone, is nobody’s death', () => {
    expect(judge(look({ live: false }))).toBe('left');
    expect(judge(look({}, { signs: undefined }))).toBe('left');
  });
});
