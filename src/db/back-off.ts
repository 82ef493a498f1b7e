/** Full jitter: anything up to a limit that doubles with each attempt, so that those who lost a server together do not return together. */
export function fullJitter(attempt: number, baseMs: number, capMs: number, random: () => number = Math.random): number {
  return random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
}
