import { createHash } from 'node:crypto';
import { Cron } from 'croner';
import { durationMs, formatDuration, type DurationInput } from '../base/duration.ts';
import { messageOf, MusterError } from '../base/errors.ts';

/** When an agent runs: every so often, or by a cron expression (five fields, or six with seconds) in a time zone, UTC by default. */
export type Schedule =
  | { readonly every: DurationInput; readonly cron?: never }
  | { readonly cron: string; readonly timezone?: string; readonly every?: never };

/** A schedule that was checked. Times are milliseconds since 1970. */
export type CompiledSchedule =
  | { readonly kind: 'every'; readonly everyMs: number; readonly text: string }
  | { readonly kind: 'cron'; readonly after: (time: number) => number | undefined; readonly text: string };

/** Agents that start together take their first run within this time, spread evenly by their ids. */
export const FIRST_RUN_SPREAD_MS = 5_000;
const SHORTEST_MS = 10;
const LONGEST_MS = 366 * 86_400_000;

/** Checks a schedule. Throws AGENT_INVALID. */
export function compileSchedule(schedule: Schedule): CompiledSchedule {
  return schedule.cron === undefined ? compileEvery(schedule.every) : compileCron(schedule.cron, schedule.timezone ?? 'UTC');
}

function compileEvery(every: DurationInput): CompiledSchedule {
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
  return { kind: 'every', everyMs, text: `every ${formatDuration(everyMs)}` };
}

function compileCron(expression: string, timezone: string): CompiledSchedule {
  let cron: Cron;
  try {
    cron = new Cron(expression, { timezone, mode: '5-or-6-parts' });
    // An unknown time zone is found only when a date is computed.
    cron.nextRun();
  } catch (error) {
    throw new MusterError('AGENT_INVALID', `schedule.cron "${expression}" in ${timezone}: ${messageOf(error)}`, {
      remedy: "Write five fields, minute to day of week, as in '0 3 * * 1-5', and an IANA time zone such as 'Europe/Warsaw'.",
      cause: error,
    });
  }
  return { kind: 'cron', after: (time) => cron.nextRun(new Date(time))?.getTime(), text: `cron ${expression} (${timezone})` };
}

/** `'every 30s'`, `'cron 0 3 * * * (UTC)'`. */
export const describeSchedule = (schedule: Schedule): string => compileSchedule(schedule).text;

/** A place in [0, 1) that is the agent's own, the same on every host: it spreads agents of one period over that period. */
export function phaseOf(agentId: string): number {
  return createHash('sha256').update(agentId).digest().readUInt32BE(0) / 2 ** 32;
}

/** The first run after a start: soon, but not all at once. */
export function firstRunAt(schedule: CompiledSchedule, now: number, phase: number): number | undefined {
  if (schedule.kind === 'cron') return schedule.after(now);
  return now + phase * Math.min(schedule.everyMs, FIRST_RUN_SPREAD_MS);
}

/**
 * The run after the one that began at `lastAt`: on the agent's own grid (its phase, then every period), so that runs neither
 * drift nor move when the agent changes hosts. Ticks that passed meanwhile are skipped, and so is one that comes less than
 * half a period after the last run.
 */
export function nextRunAt(schedule: CompiledSchedule, now: number, phase: number, lastAt: number): number | undefined {
  if (schedule.kind === 'cron') return schedule.after(Math.max(now, lastAt));
  const { everyMs } = schedule;
  const offset = phase * everyMs;
  const next = (Math.floor((now - offset) / everyMs) + 1) * everyMs + offset;
  return next - lastAt < everyMs / 2 ? next + everyMs : next;
}
