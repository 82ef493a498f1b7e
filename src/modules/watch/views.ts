import { z } from 'zod';
import { formatDuration } from '../../base/duration.ts';
import { IsoTime } from '../../http/schemas.ts';
import { isoTime, isoTimeOrNull } from '../../http/time.ts';
import { appearance } from './monitor.ts';
import type { MonitorRecord, PingRecord } from './monitors.ts';
import type { WatcherRecord } from './watchers.ts';

export const MonitorView = z
  .object({
    name: z.string(),
    state: z
      .enum(['new', 'up', 'late', 'running', 'down', 'paused'])
      .describe('late: due, and within its grace; running: began, and has not ended; new: never called'),
    state_since: IsoTime,
    because: z.string().nullable().describe('Why it is down'),
    cron: z.string().nullable(),
    time_zone: z.string(),
    every: z.string().nullable(),
    grace: z.string(),
    due_at: IsoTime.nullable().describe('When the next call is due'),
    deadline: IsoTime.nullable().describe('When its absence is a failure'),
    last_ping_at: IsoTime.nullable(),
    last_success_at: IsoTime.nullable(),
    last_failure_at: IsoTime.nullable(),
    last_duration_ms: z.number().nullable().describe('Of the last run of which beginning and end were told'),
    pings: z.number(),
    ping_url: z.string().nullable().describe('What the job calls; shown to those who may change monitors'),
    curl: z.string().nullable().describe('The same as a line for a crontab or script'),
    created_by: z.string(),
    created_at: IsoTime,
  })
  .meta({ id: 'PushMonitor', description: 'A job elsewhere that must call' });

/** `base` is where this server is reached; undefined: the caller may not know what the job calls. */
export function monitorView(monitor: MonitorRecord, base: string | undefined): z.input<typeof MonitorView> {
  const url = base === undefined ? null : `${base}/push/${monitor.token}`;
  return {
    name: monitor.name,
    state: appearance(monitor, monitor.readAt),
    state_since: isoTime(monitor.stateSince),
    because: monitor.because,
    cron: monitor.cron,
    time_zone: monitor.timeZone,
    every: monitor.everyMs === null ? null : formatDuration(monitor.everyMs),
    grace: formatDuration(monitor.graceMs),
    due_at: isoTimeOrNull(monitor.dueAt),
    deadline: isoTimeOrNull(monitor.deadline),
    last_ping_at: isoTimeOrNull(monitor.lastPingAt),
    last_success_at: isoTimeOrNull(monitor.lastSuccessAt),
    last_failure_at: isoTimeOrNull(monitor.lastFailureAt),
    last_duration_ms: monitor.lastDurationMs,
    pings: monitor.pings,
    ping_url: url,
    curl: url === null ? null : curlLine(url),
    created_by: monitor.createdBy,
    created_at: isoTime(monitor.createdAt),
  };
}

/** Tries again where the server restarts, gives up before it would hold up the job, and never makes the job fail. */
export const curlLine = (url: string): string => `curl -fsS -m 10 --retry 5 -o /dev/null ${url} || true`;

export const PingView = z
  .object({
    at: IsoTime,
    kind: z.enum(['start', 'success', 'fail', 'log']),
    duration_ms: z.number().nullable(),
    exit_status: z.number().int().nullable(),
    body: z.string().describe('What the job sent with it; its first 10,000 characters'),
  })
  .meta({ id: 'Ping' });

export const pingView = ({ at, kind, durationMs, exitStatus, body }: PingRecord): z.input<typeof PingView> => ({
  at: isoTime(at),
  kind,
  duration_ms: durationMs,
  exit_status: exitStatus,
  body,
});

export const WatcherView = z
  .object({
    name: z.string(),
    origin: z.string().describe('Of its address; the rest is kept secret'),
    every: z.string(),
    state: z.enum(['new', 'reached', 'unreachable']),
    failures: z.number().int().describe('In a row'),
    failing_since: IsoTime.nullable(),
    last_attempt_at: IsoTime.nullable(),
    last_success_at: IsoTime.nullable(),
    last_status: z.number().int().nullable(),
    last_error: z.string().nullable(),
    created_by: z.string(),
    created_at: IsoTime,
  })
  .meta({ id: 'OutsideWatcher', description: 'A watcher elsewhere that expects to hear from Muster' });

export const watcherView = (watcher: WatcherRecord): z.input<typeof WatcherView> => ({
  name: watcher.name,
  origin: watcher.origin,
  every: formatDuration(watcher.everyMs),
  state: watcher.failures > 0 ? 'unreachable' : watcher.lastSuccessAt === null ? 'new' : 'reached',
  failures: watcher.failures,
  failing_since: isoTimeOrNull(watcher.failingSince),
  last_attempt_at: isoTimeOrNull(watcher.lastAttemptAt),
  last_success_at: isoTimeOrNull(watcher.lastSuccessAt),
  last_status: watcher.lastStatus,
  last_error: watcher.lastError,
  created_by: watcher.createdBy,
  created_at: isoTime(watcher.createdAt),
});
