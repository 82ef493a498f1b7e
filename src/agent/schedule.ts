import { createHash } from 'node:crypto';
import { durationMs, formatDuration, type DurationInput } from '../base/duration.ts';
import { messageOf, MusterError } from '../base/errors.ts';
import { isEventPattern, type EventPattern } from './event-pattern.ts';
import { cronGrid, periodicGrid, type Grid } from './grid.ts';

/** What becomes of ticks that passed while nobody ran the agent. */
export type MissedPolicy =
  /** They are gone. */
  | 'skip'
  /** One run for all of them. */
  | 'run_once'
  /** A run for each, oldest first. */
  | 'catch_up';

interface Missed {
  /** Default: `skip` with `every`, `run_once` with `cron`. */
  readonly missed?: MissedPolicy | undefined;
  /** With `catch_up`: so many of the newest are made up, the others are told by the event `agent:ticks_missed`. 1 to 1,000, default 100. */
  readonly catchUpLimit?: number | undefined;
}

/** Events that set an agent off, as `'invoice:created'`, `'invoice:*'` or several of these. */
type EventPatterns = EventPattern | readonly EventPattern[];

/**
 * When an agent runs: every so often, or by a cron expression (five fields, or six with seconds) in a time zone, UTC by
 * default; on events of others; or both.
 */
export type Schedule =
  | (Missed & { readonly every: DurationInput; readonly cron?: never; readonly timezone?: never; readonly on?: EventPatterns | undefined })
  | (Missed & {
      readonly cron: string;
      readonly timezone?: string | undefined;
      readonly every?: never;
      readonly on?: EventPatterns | undefined;
    })
  | { readonly on: EventPatterns; readonly every?: never; readonly cron?: never; readonly timezone?: never; readonly missed?: never };

/** A schedule that was checked. */
export interface CompiledSchedule {
  /** For people: all of it. */
  readonly description: string;
  /** The part that makes ticks, to tell one from another; empty where none does. */
  readonly text: string;
  /** The period; undefined for a cron expression. */
  readonly everyMs: number | undefined;
  /** The ticks of an agent with this phase ({@link phaseOf}). */
  readonly grid: (phase: number) => Grid;
  readonly missed: MissedPolicy;
  readonly catchUpLimit: number;
  /** Events that set it off. */
  readonly on: readonly EventPattern[];
}

/** What is due after an absence is begun within this time, spread evenly by the agents' ids. */
export const FIRST_RUN_SPREAD_MS = 5_000;
const SHORTEST_MS = 10;
const LONGEST_MS = 366 * 86_400_000;
const DEFAULT_CATCH_UP = 100;
const MOST_CATCH_UP = 1_000;
const MOST_PATTERNS = 50;
const POLICIES: readonly MissedPolicy[] = ['skip', 'run_once', 'catch_up'];

/** Checks a schedule. Throws AGENT_INVALID. */
export function compileSchedule(schedule: Schedule): CompiledSchedule {
  const on = compilePatterns(schedule.on);
  const timed =
    schedule.cron !== undefined
      ? compileCron(schedule.cron, schedule.timezone ?? 'UTC')
      : schedule.every === undefined && on.length > 0
        ? NO_TICKS
        : compileEvery(schedule.every ?? '');
  const missed = schedule.missed ?? (schedule.cron === undefined ? 'skip' : 'run_once');
  if (!POLICIES.includes(missed)) {
    throw new MusterError('AGENT_INVALID', `schedule.missed: ${JSON.stringify(missed)} is no policy`, {
      remedy: `Write one of ${POLICIES.map((policy) => `'${policy}'`).join(', ')}.`,
    });
  }
  const catchUpLimit = ('catchUpLimit' in schedule ? schedule.catchUpLimit : undefined) ?? DEFAULT_CATCH_UP;
  if (!Number.isInteger(catchUpLimit) || catchUpLimit < 1 || catchUpLimit > MOST_CATCH_UP) {
    throw new MusterError('AGENT_INVALID', `schedule.catchUpLimit: ${String(catchUpLimit)} is out of range`, {
      remedy: `Choose a whole number from 1 to ${MOST_CATCH_UP}.`,
    });
  }
  const told = [timed.text, ...(on.length > 0 ? [`on ${on.join(', ')}`] : [])].filter((part) => part !== '');
  return { ...timed, missed, catchUpLimit, on, description: told.join(', ') };
}

function compilePatterns(on: EventPatterns | undefined): readonly EventPattern[] {
  const patterns: readonly unknown[] = on === undefined ? [] : Array.isArray(on) ? on : [on];
  const wrong = patterns.find((pattern) => !isEventPattern(pattern));
  if (wrong !== undefined || patterns.length > MOST_PATTERNS) {
    throw new MusterError(
      'AGENT_INVALID',
      `schedule.on: ${wrong === undefined ? `${patterns.length} patterns` : `${JSON.stringify(wrong)} is no pattern`}`,
      {
        remedy: `Write up to ${MOST_PATTERNS} patterns as 'invoice:created', 'invoice:*' or '*:failed'.`,
      },
    );
  }
  return patterns as readonly EventPattern[];
}

type Timed = Pick<CompiledSchedule, 'text' | 'everyMs' | 'grid'>;

const NO_GRID: Grid = { after: () => undefined, between: () => ({ ticks: [], count: 0 }) };
const NO_TICKS: Timed = { text: '', everyMs: undefined, grid: () => NO_GRID };

function compileEvery(every: DurationInput): Timed {
  let everyMs: number;
  try {
    everyMs = durationMs(every);
  } catch (error) {
    throw new MusterError('AGENT_INVALID', `schedule.every: ${messageOf(error)}`, {
      remedy: "Write it as '30s', '5m' or '1h30m'.",
      cause: error,
    });
  }
  if (everyMs < SHORTEST_MS || everyMs > LONGEST_MS) {
    throw new MusterError('AGENT_INVALID', `schedule.every: ${formatDuration(everyMs)} is out of range`, {
      remedy: 'Choose between 10ms and 366d.',
    });
  }
  return { everyMs, text: `every ${formatDuration(everyMs)}`, grid: (phase) => periodicGrid(everyMs, phase) };
}

/** Grids by expression and time zone: they remember their ticks, and a thousand agents share one. */
const cronGrids = new Map<string, Grid>();
const MOST_CRON_GRIDS = 1_000;

function compileCron(expression: string, timezone: string): Timed {
  const text = `cron ${expression} (${timezone})`;
  let grid = cronGrids.get(text);
  if (grid === undefined) {
    try {
      grid = cronGrid(expression, timezone);
    } catch (error) {
      throw new MusterError('AGENT_INVALID', `schedule.cron "${expression}" in ${timezone}: ${messageOf(error)}`, {
        remedy: "Write five fields, minute to day of week, as in '0 3 * * 1-5', and an IANA time zone such as 'Europe/Warsaw'.",
        cause: error,
      });
    }
    if (cronGrids.size >= MOST_CRON_GRIDS) cronGrids.clear();
    cronGrids.set(text, grid);
  }
  const shared = grid;
  return { everyMs: undefined, text, grid: () => shared };
}

/** `'every 30s'`, `'cron 0 3 * * * (UTC), on invoice:created'`. */
export const describeSchedule = (schedule: Schedule): string => compileSchedule(schedule).description;

/** A place in [0, 1) that is the agent's own, the same on every host: it spreads agents of one period over that period. */
export function phaseOf(agentId: string): number {
  return createHash('sha256').update(agentId).digest().readUInt32BE(0) / 2 ** 32;
}
