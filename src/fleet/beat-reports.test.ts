import { describe, expect, test } from 'vitest';
import { agentId, epoch } from '../base/ids.ts';
import type { AgentBeat, BeatResult } from '../state/hosts.ts';
import { BeatReports } from './beat-reports.ts';

const beatOf = (id: string, overrides: Partial<AgentBeat> = {}): AgentBeat => ({
  agentId: agentId(id),
  epoch: epoch(1),
  status: 'running',
  healthScore: 100,
  errorCount: 0,
  runCount: 1,
  lastError: null,
  reason: null,
  ...overrides,
});
const answer = (holding: string, lost: readonly string[] = []): BeatResult => ({
  held: true,
  lost: lost.map(agentId),
  untold: [],
  holding,
  at: 0,
});
const idsOf = (reports: { readonly beats: readonly AgentBeat[] }): readonly string[] => reports.beats.map((beat) => beat.agentId);

const A = beatOf('a');
const B = beatOf('b');

/** Reports of which a first, complete beat was confirmed at 0. */
function agreed(agents: readonly AgentBeat[], random = () => 0.5): BeatReports {
  const reports = new BeatReports({ beatMs: 2_000, random });
  reports.confirmed(reports.next(agents, 0), answer('H'), 0);
  return reports;
}

describe('a beat', () => {
  test('tells of all agents first, then of none that has no news', () => {
    const reports = new BeatReports({ beatMs: 2_000, random: () => 0.5 });
    expect(reports.next([A, B], 0)).toEqual({ beats: [A, B], complete: true });
    expect(reports.confirmed({ beats: [A, B], complete: true }, answer('H'), 0)).toBe(true);
    expect(reports.next([A, B], 2_000)).toEqual({ beats: [], complete: false });
  });

  test.each<Partial<AgentBeat>>([
    { status: 'degraded' },
    { healthScore: 90 },
    { healthScore: null },
    { errorCount: 1 },
    { runCount: 2 },
    { lastError: 'boom' },
    { reason: 'paused' },
  ])('tells of an agent with %o until that is confirmed', (news) => {
    const reports = agreed([A, B]);
    const changed = beatOf('b', news);
    expect(idsOf(reports.next([A, changed], 2_000))).toEqual(['b']);
    // That beat was never answered.
    const again = reports.next([A, changed], 4_000);
    expect(idsOf(again)).toEqual(['b']);
    reports.confirmed(again, answer('H'), 4_000);
    expect(idsOf(reports.next([A, changed], 6_000))).toEqual([]);
  });

  test('tells again of an agent of which nothing could be written, with the next beat and without comparing all', () => {
    const reports = agreed([A, B]);
    const changed = beatOf('b', { runCount: 2 });
    const told = reports.next([A, changed], 2_000);
    expect(reports.confirmed(told, { ...answer('H'), untold: [changed.agentId] }, 2_000)).toBe(true);
    const again = reports.next([A, changed], 4_000);
    expect(again).toEqual({ beats: [changed], complete: false });
    reports.confirmed(again, answer('H'), 4_000);
    expect(idsOf(reports.next([A, changed], 6_000))).toEqual([]);
  });

  test('tells of every agent at least once in each minute, and not of all at once', () => {
    let draw = 0;
    const agents = Array.from({ length: 100 }, (_, n) => beatOf(`agent_${n}`));
    const reports = agreed(agents, () => (draw = (draw + 0.37) % 1));
    const minutes = new Map<string, Set<number>>();
    for (let now = 2_000; now <= 600_000; now += 2_000) {
      const told = reports.next(agents, now);
      expect(told.beats.length).toBeLessThan(20);
      for (const id of idsOf(told)) minutes.set(id, (minutes.get(id) ?? new Set()).add(Math.floor(now / 60_000)));
      reports.confirmed(told, answer('H'), now);
    }
    for (const { agentId: id } of agents) expect([...(minutes.get(id) ?? [])]).toEqual(expect.arrayContaining([1, 2, 3, 4, 5, 6, 7, 8, 9]));
  });
});

describe('all agents are compared again', () => {
  test('when one was added', () => {
    const reports = agreed([A]);
    expect(reports.next([A, B], 2_000).complete).toBe(true);
  });

  test('when one was given up', () => {
    const reports = agreed([A, B]);
    expect(reports.next([A], 2_000).complete).toBe(true);
  });

  test('when one is held at another epoch', () => {
    const reports = agreed([A, B]);
    expect(reports.next([A, beatOf('b', { epoch: epoch(2) })], 2_000).complete).toBe(true);
  });

  test('when the database has other agents under this host, and only until they were compared', () => {
    const reports = agreed([A, B]);
    expect(reports.confirmed(reports.next([A, B], 2_000), answer('other'), 2_000)).toBe(false);
    const all = reports.next([A, B], 2_000);
    expect(all).toEqual({ beats: [A, B], complete: true });
    expect(reports.confirmed(all, answer('other', ['b']), 2_000)).toBe(true);
    expect(reports.next([A], 4_000)).toEqual({ beats: [], complete: false });
  });

  test('when an agent that is lost is still among those told of', () => {
    const reports = agreed([A, B]);
    reports.confirmed({ beats: [A, B], complete: true }, answer('other', ['b']), 2_000);
    expect(reports.next([A, B], 4_000).complete).toBe(true);
  });
});
