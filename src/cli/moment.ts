import { durationMs } from '../base/duration.ts';
import { parseTime } from '../http/time.ts';
import { usage } from './invocation.ts';

/** A time as people write it: `09:00` (of today, or of yesterday where that is still to come), `1h` for an hour ago, or as the API takes it. */
export function momentOf(text: string, now: number): number {
  const clock = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (clock !== null) {
    const today = new Date(now);
    today.setHours(Number(clock[1]), Number(clock[2]), 0, 0);
    if (today.getTime() > now) today.setDate(today.getDate() - 1);
    return today.getTime();
  }
  const moment = parseTime(/^(\d{1,9}(ms|s|m|h|d|w))+$/.test(text) ? `now-${text}` : text, now);
  if (moment === undefined) throw usage(`"${text}" is not a time`, 'Write 09:00, 1h, now-2d, or 2026-01-31T12:00:00Z.');
  return moment;
}

/** A time to come: `22:00` (of today, or of tomorrow where that is over), `2h` for in two hours, or as the API takes it. */
export function comingMomentOf(text: string, now: number): number {
  const clock = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (clock !== null) {
    const day = new Date(now);
    day.setHours(Number(clock[1]), Number(clock[2]), 0, 0);
    if (day.getTime() <= now) day.setDate(day.getDate() + 1);
    return day.getTime();
  }
  if (/^(\d{1,9}(ms|s|m|h|d|w))+$/.test(text)) return now + durationMs(text);
  const moment = parseTime(text, now);
  if (moment === undefined) throw usage(`"${text}" is not a time`, 'Write 22:00, 2h for in two hours, or 2026-01-31T22:00:00Z.');
  return moment;
}
