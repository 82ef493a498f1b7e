import { durationMs } from '../../base/duration.ts';
import { messageOf, MusterError } from '../../base/errors.ts';
import { compileSchedule } from '../../agent/index.ts';
import type { Expectation } from './monitor.ts';

const SHORTEST_MS = 1_000;
const LONGEST_MS = 366 * 86_400_000;

/** What a monitor expects, as people write it: `every: '1h'` or a cron expression, and a grace, 5 m by default. Throws INVALID_INPUT. */
export function expectationOf(given: {
  readonly cron?: string | undefined;
  readonly every?: string | undefined;
  readonly time_zone?: string | undefined;
  readonly grace?: string | undefined;
}): Expectation {
  if ((given.cron === undefined) === (given.every === undefined))
    throw new MusterError('INVALID_INPUT', 'a monitor has either cron or every', {
      remedy: "Write every: '1h', or cron: '0 3 * * *' with a time_zone.",
    });
  const expectation = {
    cron: given.cron ?? null,
    timeZone: given.time_zone ?? 'UTC',
    everyMs: given.every === undefined ? null : within('every', given.every),
    graceMs: within('grace', given.grace ?? '5m'),
  };
  if (expectation.cron !== null) refuseBadCron(expectation.cron, expectation.timeZone);
  return expectation;
}

/** A duration of a second to a year, in milliseconds. Throws INVALID_INPUT. */
export function within(name: string, text: string): number {
  const ms = parse(name, text);
  if (ms >= SHORTEST_MS && ms <= LONGEST_MS) return ms;
  throw new MusterError('INVALID_INPUT', `${name}: ${text} is out of range`, { remedy: 'Choose between 1s and 366d.' });
}

function parse(name: string, text: string): number {
  try {
    return durationMs(text);
  } catch (cause) {
    throw new MusterError('INVALID_INPUT', `${name}: ${messageOf(cause)}`, { remedy: "Write it as '30s', '5m' or '1d'.", cause });
  }
}

function refuseBadCron(cron: string, timezone: string): void {
  try {
    compileSchedule({ cron, timezone });
  } catch (cause) {
    throw new MusterError('INVALID_INPUT', messageOf(cause).replace('schedule.cron', 'cron'), {
      remedy: "Write five fields, minute to day of week, as in '0 3 * * 1-5', and an IANA time zone such as 'Europe/Warsaw'.",
      cause,
    });
  }
}

/** The address of a watcher: http or https, with its origin, which may be shown. Throws INVALID_INPUT. */
export function originOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new MusterError('INVALID_INPUT', 'the url of a watcher begins with https:// or http://');
  return parsed.origin;
}
