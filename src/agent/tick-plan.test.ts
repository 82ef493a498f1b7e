import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TickProgress } from '../state/agents.ts';
import { compileSchedule, phaseOf, type MissedPolicy, type Schedule } from './schedule.ts';
import { AHEAD_MS, planTick, type TickPlan } from './tick-plan.ts';

const MINUTE = 60_000;
const NOON = Date.parse('2026-05-04T12:00:00Z');
const phase = phaseOf('agent_7');

function planned(schedule: Schedule, progress: Partial<TickProgress>, now: number, from = now): TickPlan {
  const compiled = compileSchedule(schedule);
  return planTick(compiled, compiled.grid(0), { begun: null, done: null, schedule: null, activeSince: 0, ...progress }, now, from);
}

const hourly = (missed: MissedPolicy): Schedule => ({ cron: '0 * * * *', missed });

describe('after an absence of three ticks', () => {
  const progress = { begun: NOON, done: NOON };
  const now = NOON + 200 * MINUTE;

  test('skip waits for the next one', () => {
    expect(planned(hourly('skip'), progress, now)).toEqual({ due: undefined, next: NOON + 240 * MINUTE });
  });

  test('run_once makes one run of them, for the newest', () => {
    expect(planned(hourly('run_once'), progress, now).due).toEqual({ tick: NOON + 180 * MINUTE, missed: 2, givenUp: 0, again: false });
  });

  test('catch_up begins with the oldest', () => {
    expect(planned(hourly('catch_up'), progress, now).due).toEqual({ tick: NOON + 60 * MINUTE, missed: 0, givenUp: 0, again: false });
  });

  test('catch_up gives up what is beyond its bound, and says how many', () => {
    const bounded: Schedule = { cron: '0 * * * *', missed: 'catch_up', catchUpLimit: 2 };
    expect(planned(bounded, progress, now).due).toEqual({ tick: NOON + 120 * MINUTE, missed: 1, givenUp: 1, again: false });
  });

  test('nothing is made up of the time when the agent was not to run', () => {
    expect(planned(hourly('catch_up'), { ...progress, activeSince: NOON + 130 * MINUTE }, now).due?.tick).toBe(NOON + 180 * MINUTE);
  });
});

test('a run that did not come to its end is run again, unless the policy is to skip or the agent was stopped meanwhile', () => {
  const progress = { begun: NOON, done: NOON - 60 * MINUTE };
  const now = NOON + MINUTE;
  expect(planned(hourly('run_once'), progress, now).due).toMatchObject({ tick: NOON, again: true });
  expect(planned(hourly('catch_up'), progress, now).due).toMatchObject({ tick: NOON, again: true });
  expect(planned(hourly('skip'), progress, now)).toEqual({ due: undefined, next: NOON + 60 * MINUTE });
  expect(planned(hourly('run_once'), { ...progress, activeSince: NOON + 1 }, now)).toEqual({ due: undefined, next: NOON + 60 * MINUTE });
});

test('a period begins at once with an agent that never ran; a cron expression waits for its instant', () => {
  expect(planned({ every: '1h' }, {}, NOON + MINUTE).due).toMatchObject({ tick: NOON, missed: 0 });
  expect(planned({ every: '1h', missed: 'catch_up' }, {}, NOON + MINUTE).due).toMatchObject({ tick: NOON, missed: 0 });
  expect(planned(hourly('run_once'), { activeSince: NOON + 1 }, NOON + MINUTE)).toEqual({ due: undefined, next: NOON + 60 * MINUTE });
});

test('a tick that somebody with a clock a little ahead has begun is not run again; one from the far future counts for nothing', () => {
  const soon = { begun: NOON, done: NOON };
  expect(planned({ every: '1h' }, soon, NOON - 500, NOON - 1_000)).toEqual({ due: undefined, next: NOON + 60 * MINUTE });
  const wrong = { begun: NOON + AHEAD_MS + 1_000, done: NOON + AHEAD_MS + 1_000 };
  expect(planned(hourly('run_once'), { ...wrong, activeSince: NOON - MINUTE }, NOON).due?.tick).toBe(NOON);
});

/** Runs a schedule through a history of absences and crashes as hosts would, and tells what was begun and completed. */
function history(schedule: Schedule, steps: readonly { readonly passMs: number; readonly crash: boolean; readonly restart: boolean }[]) {
  const compiled = compileSchedule(schedule);
  const grid = compiled.grid(phase);
  let now = NOON;
  let progress: TickProgress = { begun: null, done: null, schedule: null, activeSince: NOON };
  let from = now;
  const begun: number[] = [];
  const again: number[] = [];
  const completed: number[] = [];
  let given = 0;
  for (const { passMs, crash, restart } of [...steps, { passMs: 0, crash: false, restart: false }]) {
    now += passMs;
    if (restart) from = now;
    for (
      let plan = planTick(compiled, grid, progress, now, from);
      plan.due !== undefined;
      plan = planTick(compiled, grid, progress, now, from)
    ) {
      const { tick } = plan.due;
      expect(tick).toBeLessThanOrEqual(now);
      (plan.due.again ? again : begun).push(tick);
      given += plan.due.missed;
      progress = { ...progress, begun: tick };
      if (crash) break;
      progress = { ...progress, done: tick };
      completed.push(tick);
      from = now;
    }
    const plan = planTick(compiled, grid, progress, now, from);
    if (plan.due === undefined) expect(plan.next).toBeGreaterThan(now);
  }
  return { grid, now, begun, again, completed, given };
}

const steps = fc.array(fc.record({ passMs: fc.integer({ min: 0, max: 600_000 }), crash: fc.boolean(), restart: fc.boolean() }), {
  minLength: 1,
  maxLength: 60,
});

test.each(['skip', 'run_once', 'catch_up'] as const)(
  'with %s no tick is begun twice but to complete it, all are of the grid, in order',
  (missed) => {
    fc.assert(
      fc.property(steps, (all) => {
        const { grid, begun, again } = history({ every: '1m', missed }, all);
        expect(begun).toEqual([...new Set(begun)].toSorted((a, b) => a - b));
        for (const tick of begun) expect(grid.after(tick - 1)).toBe(tick);
        if (missed === 'skip') expect(again).toEqual([]);
        else expect(again.filter((tick) => !begun.includes(tick))).toEqual([]);
      }),
    );
  },
);

test('with catch_up every tick since the first is completed exactly once', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const { grid, now, begun, completed, given } = history({ every: '1m', missed: 'catch_up', catchUpLimit: 1_000 }, all);
      const first = begun[0] ?? now;
      expect(completed).toEqual(grid.between(first - 1, now, 1_000).ticks);
      expect(given).toBe(0);
    }),
  );
});

test('with run_once whatever was missed is accounted for by the run that made it up', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const { grid, now, begun, given } = history({ every: '1m', missed: 'run_once' }, all);
      const first = begun[0] ?? now;
      expect(begun.length + given).toBe(grid.between(first - 1, now, 1_000).count);
    }),
  );
});
