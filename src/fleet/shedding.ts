/**
 * By how much the time between scheduled runs is stretched while the database is under pressure, by the agent's priority
 * (0 to 100) and the level the coordinator has published: the lowest priority first, and the most important never.
 */
const STRETCH: readonly (readonly { readonly below: number; readonly times: number }[])[] = [
  [],
  [{ below: 40, times: 2 }],
  [
    { below: 40, times: 4 },
    { below: 70, times: 2 },
  ],
  [
    { below: 40, times: 8 },
    { below: 70, times: 4 },
    { below: 90, times: 2 },
  ],
];

export const MOST_LEVEL = STRETCH.length - 1;

export function paceOf(priority: number, level: number): number {
  return STRETCH[level]?.find(({ below }) => priority < below)?.times ?? 1;
}

/** What is shown of an agent that is slowed down; null where it is not. */
export const paceNote = (pace: number): string | null =>
  pace === 1 ? null : `it runs ${pace} times less often until the database has recovered`;
