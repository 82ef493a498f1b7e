import type { PersonDocument } from './schedule.ts';
import type { CalendarShift } from './shifts.ts';

/** What a calendar says: names and mail addresses as they stand there. */
export interface ReadShift {
  readonly from: number;
  readonly to: number;
  /** Of one event: its title first, then who takes part. */
  readonly who: readonly string[];
}

/** Gives the people of a calendar the names they have here; what is nobody's name is told. */
export function resolveCalendar(
  shifts: readonly ReadShift[],
  people: readonly PersonDocument[],
): { readonly shifts: readonly CalendarShift[]; readonly unknown: readonly string[] } {
  const byName = new Map(people.flatMap(({ aliases, name }) => [name, ...aliases].map((each) => [plain(each), name] as const)));
  const unknown = new Set<string>();
  const resolved = shifts.flatMap(({ from, to, who }): readonly CalendarShift[] => {
    const found = [...new Set(who.flatMap((each) => byName.get(plain(each)) ?? []))];
    if (found.length > 0) return [{ from, to, people: found }];
    const [title] = who;
    if (title !== undefined && unknown.size < 100) unknown.add(title);
    return [];
  });
  return { shifts: resolved, unknown: [...unknown] };
}

const plain = (name: string): string => name.trim().toLowerCase();
