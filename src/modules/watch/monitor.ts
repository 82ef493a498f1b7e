import { compileSchedule } from '../../agent/index.ts';

/** What a call says: a run began, went well, went wrong, or only something worth keeping. */
export type Signal = 'start' | 'success' | 'fail' | 'log';

/** When a job must call, and how late it may be. */
export interface Expectation {
  readonly cron: string | null;
  readonly timeZone: string;
  readonly everyMs: number | null;
  readonly graceMs: number;
}

export type MonitorState = 'new' | 'up' | 'down' | 'paused';

/** How a monitor stands. Times are milliseconds since 1970 by the database's clock. */
export interface Standing {
  readonly state: MonitorState;
  readonly because: string | null;
  readonly dueAt: number | null;
  readonly deadline: number | null;
  readonly runStartedAt: number | null;
}

/** A run of which only the end is told after so long is not measured: the beginning was of another. */
const LONGEST_RUN_MS = 7 * 86_400_000;

/** The call after `now` that the schedule asks for. Throws AGENT_INVALID for a schedule that cannot be read. */
export function dueAfter({ cron, timeZone, everyMs }: Expectation, now: number): number {
  if (everyMs !== null) return now + everyMs;
  const due = compileSchedule({ cron: cron ?? '', timezone: timeZone })
    .grid(0)
    .after(now);
  return due ?? Number.MAX_SAFE_INTEGER;
}

/** What a call makes of a monitor: pure, so that every order of calls can be tried. A paused one that is called is at work again. */
export function afterPing(
  before: Standing,
  expectation: Expectation,
  { signal, exitStatus, now }: { readonly signal: Signal; readonly exitStatus: number | null; readonly now: number },
): { readonly standing: Standing; readonly durationMs: number | null } {
  switch (signal) {
    case 'log':
      return { standing: before, durationMs: null };
    case 'start':
      // It must end within the grace; the schedule is asked again when it has.
      return {
        standing: {
          ...before,
          state: before.state === 'paused' ? 'new' : before.state,
          runStartedAt: now,
          deadline: now + expectation.graceMs,
        },
        durationMs: null,
      };
    case 'success': {
      const dueAt = dueAfter(expectation, now);
      return {
        standing: { state: 'up', because: null, dueAt, deadline: dueAt + expectation.graceMs, runStartedAt: null },
        durationMs: lasted(before, now),
      };
    }
    case 'fail':
      return {
        standing: {
          state: 'down',
          because: exitStatus === null ? 'the job said that it failed' : `the job ended with exit status ${exitStatus}`,
          dueAt: dueAfter(expectation, now),
          deadline: null,
          runStartedAt: null,
        },
        durationMs: lasted(before, now),
      };
  }
}

const lasted = ({ runStartedAt }: Standing, now: number): number | null =>
  runStartedAt === null || now - runStartedAt > LONGEST_RUN_MS ? null : Math.max(0, Math.round(now - runStartedAt));

/** How it is shown: one that is past due and within its grace is `late`, one that has begun and not ended `running`. */
export function appearance({ state, dueAt, runStartedAt }: Standing, now: number): MonitorState | 'late' | 'running' {
  if (state === 'paused' || state === 'down') return state;
  if (runStartedAt !== null) return 'running';
  return state === 'up' && dueAt !== null && now > dueAt ? 'late' : state;
}
