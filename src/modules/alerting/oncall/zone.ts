/**
 * Wall-clock times of a zone. A wall-clock time is written as the milliseconds since 1970 that it would be in UTC, so that it can be
 * reckoned with: a week later is seven times 24 hours later on the clock at the wall, whatever happens in between.
 */
export interface Zone {
  readonly name: string;
  /** What the clock at the wall shows at an instant. */
  wallOf(instant: number): number;
  /** The instant at which it shows this: the earlier of two; where it is skipped, as late after the jump as it would have been without. */
  instantOf(wall: number): number;
}

const DAY_MS = 86_400_000;
const zones = new Map<string, Zone>();
const MOST_ZONES = 1_000;
const MOST_DAYS = 10_000;

/** Throws RangeError for a zone that is not known. */
export function zoneOf(name: string): Zone {
  let zone = zones.get(name);
  if (zone === undefined) {
    zone = makeZone(name);
    if (zones.size >= MOST_ZONES) zones.clear();
    zones.set(name, zone);
  }
  return zone;
}

export function isZone(name: string): boolean {
  try {
    zoneOf(name);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function makeZone(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const exactOffset = (instant: number): number => {
    const second = Math.floor(instant / 1_000) * 1_000;
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(second)) part[type] = Number(value);
    const { day = 1, hour = 0, minute = 0, month = 1, second: seconds = 0, year = 1970 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, seconds) - second;
  };
  // Formatting costs 50 microseconds and a year of shifts thousands of them: nearly all days begin and end at one offset.
  const ofDays = new Map<number, number>();
  const offsetAtStart = (day: number): number => {
    let offset = ofDays.get(day);
    if (offset === undefined) {
      offset = exactOffset(day * DAY_MS);
      if (ofDays.size >= MOST_DAYS) ofDays.clear();
      ofDays.set(day, offset);
    }
    return offset;
  };
  const wallOf = (instant: number): number => {
    const day = Math.floor(instant / DAY_MS);
    const offset = offsetAtStart(day);
    return instant + (offset === offsetAtStart(day + 1) ? offset : exactOffset(instant));
  };
  return {
    name,
    wallOf,
    instantOf(wall) {
      // No zone changes twice within two days: one of these two offsets holds.
      const before = wallOf(wall - DAY_MS) - (wall - DAY_MS);
      const after = wallOf(wall + DAY_MS) - (wall + DAY_MS);
      const fits = [wall - before, wall - after].filter((instant) => wallOf(instant) === wall);
      return fits.length > 0 ? Math.min(...fits) : wall - before;
    },
  };
}
