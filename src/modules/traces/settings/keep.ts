/** One entry of trace_projects.keep: from this day on (`2026-11-26`), runs are kept so many days. */
export interface KeepEntry {
  readonly from: string;
  readonly days: number;
}

/** From the beginning on. */
export const FIRST_DAY = '1970-01-01';

/**
 * A project's entries once it is to keep runs for `days` from `from` on. What was said for days to come is replaced; what counts for days
 * gone by stays as long as anything of them may be there.
 */
export function withKeep(
  keep: readonly KeepEntry[],
  {
    days,
    until,
    from,
    today,
  }: {
    readonly days: number;
    /** What held where the entries say nothing. */ readonly until: number;
    readonly from: string;
    readonly today: string;
  },
): readonly KeepEntry[] {
  const before = keep.filter((entry) => entry.from < from);
  const history = before.length === 0 ? [{ from: FIRST_DAY, days: until }] : before;
  const all = history.at(-1)?.days === days ? history : [...history, { from, days }];
  // The entry that holds for the oldest day that anything is left of, and all after it.
  const longest = Math.max(...all.map((entry) => entry.days));
  const oldest = addDays(today, -longest - 1);
  const firstNeeded = Math.max(
    0,
    all.findLastIndex((entry) => entry.from <= oldest),
  );
  return all.slice(firstNeeded).map((entry, index) => (index === 0 ? { ...entry, from: FIRST_DAY } : entry));
}

export const addDays = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
