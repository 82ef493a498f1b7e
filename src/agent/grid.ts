import { Cron } from 'croner';

/** The ticks of a schedule: instants that depend on nothing but the schedule and, for a period, on the agent's phase. */
export interface Grid {
  /** The first tick after `time`. */
  after(time: number): number | undefined;
  /**
   * The newest `limit` ticks after `from` and not after `to`, oldest first, and how many there are in all. Of a cron expression
   * no more than `limit` + {@link COUNTED_BEYOND} are counted: each costs a fifth of a millisecond.
   */
  between(from: number, to: number, limit: number): { readonly ticks: readonly number[]; readonly count: number };
}

export const COUNTED_BEYOND = 100;
/** A walk through a cron expression that found nothing in this time will not find anything: the longest gap, 29 February, is eight years. */
const LONGEST_GAP_MS = 9 * 366 * 86_400_000;
const MOST_REMEMBERED = 10_000;

/** Every `everyMs`, in whole milliseconds, at a place of the period that is the agent's own (`phase` in [0, 1)). */
export function periodicGrid(everyMs: number, phase: number): Grid {
  const step = Math.max(1, Math.round(everyMs));
  const offset = Math.floor(phase * step);
  const numberOf = (time: number): number => Math.floor((time - offset) / step);
  const at = (n: number): number => n * step + offset;
  return {
    after: (time) => at(numberOf(time) + 1),
    between(from, to, limit) {
      const last = numberOf(to);
      const count = Math.max(0, last - numberOf(from));
      const kept = Math.min(count, limit);
      return { ticks: Array.from({ length: kept }, (_, n) => at(last - kept + 1 + n)), count };
    },
  };
}

/** The instants of a cron expression. Throws what croner throws for one that cannot be read. */
export function cronGrid(expression: string, timezone: string): Grid {
  const cron = new Cron(expression, { timezone, mode: '5-or-6-parts' });
  // An unknown time zone is found only when a date is computed.
  cron.nextRun();
  // Agents of one schedule ask the same: after an outage a thousand of them walk through the same ticks.
  const known = new Map<number, number | undefined>();
  // Between two ticks the answer is the same: whoever shows a thousand agents asks for it all the time.
  let last = { from: Number.POSITIVE_INFINITY, next: Number.NEGATIVE_INFINITY };
  const after = (time: number): number | undefined => {
    if (time >= last.from && time < last.next) return last.next;
    if (known.has(time)) return known.get(time);
    if (known.size >= MOST_REMEMBERED) known.clear();
    const next = cron.nextRun(new Date(time))?.getTime();
    known.set(time, next);
    if (next !== undefined) last = { from: time, next };
    return next;
  };
  const walk = (from: number, to: number, most: number): readonly number[] => {
    const ticks: number[] = [];
    for (let tick = after(from); tick !== undefined && tick <= to && ticks.length < most; tick = after(tick)) ticks.push(tick);
    return ticks;
  };
  return {
    after,
    between(from, to, limit) {
      const start = Math.max(from, to - LONGEST_GAP_MS);
      const most = limit + COUNTED_BEYOND;
      const ticks = walk(start, to, most);
      if (ticks.length < most) return { ticks: ticks.slice(-limit), count: ticks.length };
      return { ticks: newest(walk, start, to, limit), count: most };
    },
  };
}

/** The newest ticks of a stretch that has too many: looked for from its end, in stretches that double. */
function newest(
  walk: (from: number, to: number, most: number) => readonly number[],
  from: number,
  to: number,
  limit: number,
): readonly number[] {
  for (let span = 1_000; ; span *= 2) {
    const start = Math.max(from, to - span);
    const ticks = walk(start, to, Number.POSITIVE_INFINITY);
    if (ticks.length >= limit || start === from) return ticks.slice(-limit);
  }
}
