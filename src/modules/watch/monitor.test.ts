import { describe, expect, it } from 'vitest';
import { afterPing, appearance, dueAfter, type Expectation, type Standing } from './monitor.ts';

const MINUTE = 60_000;
const hourly: Expectation = { cron: null, timeZone: 'UTC', everyMs: 60 * MINUTE, graceMs: 5 * MINUTE };
const fresh: Standing = { state: 'new', because: null, dueAt: null, deadline: null, runStartedAt: null };
const call = (before: Standing, signal: 'start' | 'success' | 'fail' | 'log', now: number, exitStatus: number | null = null) =>
  afterPing(before, hourly, { signal, exitStatus, now });

describe('a push monitor', () => {
  it('waits for nothing before its first call', () => {
    expect(appearance(fresh, 1e12)).toBe('new');
  });

  it('is up with a success, late when the next is due, and has until the end of its grace', () => {
    const { standing } = call(fresh, 'success', 0);
    expect(standing).toMatchObject({ state: 'up', dueAt: 60 * MINUTE, deadline: 65 * MINUTE });
    expect(appearance(standing, 60 * MINUTE)).toBe('up');
    expect(appearance(standing, 61 * MINUTE)).toBe('late');
  });

  it('measures a run of which beginning and end are told, and expects the end within the grace', () => {
    const { standing } = call(call(fresh, 'success', 0).standing, 'start', 60 * MINUTE);
    expect(standing).toMatchObject({ state: 'up', deadline: 65 * MINUTE, runStartedAt: 60 * MINUTE });
    expect(appearance(standing, 61 * MINUTE)).toBe('running');
    const ended = call(standing, 'success', 62 * MINUTE);
    expect(ended.durationMs).toBe(2 * MINUTE);
    expect(ended.standing).toMatchObject({ deadline: (62 + 65) * MINUTE, runStartedAt: null });
    expect(call(ended.standing, 'success', 63 * MINUTE).durationMs).toBeNull();
  });

  it('is down at once with a failure, says which, and up again with the next success', () => {
    const { standing } = call(fresh, 'fail', 0, 3);
    expect(standing).toMatchObject({ state: 'down', because: 'the job ended with exit status 3', deadline: null });
    expect(call(standing, 'start', 1).standing.state).toBe('down');
    expect(call(standing, 'success', 1).standing).toMatchObject({ state: 'up', because: null });
  });

  it('is not moved by what is only worth keeping', () => {
    expect(call(fresh, 'log', 5).standing).toEqual(fresh);
  });

  it('expects by a cron expression in a time zone, over the change of clocks too', () => {
    const nightly: Expectation = { cron: '0 3 * * *', timeZone: 'Europe/Warsaw', everyMs: null, graceMs: MINUTE };
    expect(new Date(dueAfter(nightly, Date.parse('2026-10-24T12:00:00Z'))).toISOString()).toBe('2026-10-25T02:00:00.000Z');
    expect(new Date(dueAfter(nightly, Date.parse('2026-07-01T12:00:00Z'))).toISOString()).toBe('2026-07-02T01:00:00.000Z');
  });
});
