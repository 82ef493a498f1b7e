import { malformed } from './proc-files.ts';

/** Microseconds in which some, or all, tasks stalled for a resource. */
export interface Pressure {
  readonly some: number;
  /** Undefined for cpu before Linux 5.13. */
  readonly full: number | undefined;
}

/**
 * A file of /proc/pressure. The totals are taken and not the averages over 10 s: the difference of two totals is exact for
 * exactly the time between them.
 */
export function parsePressure(text: string): Pressure {
  const total = (kind: string): number | undefined => {
    const digits = new RegExp(`^${kind} .*total=(\\d+)$`, 'm').exec(text)?.[1];
    return digits === undefined ? undefined : Number(digits);
  };
  const some = total('some');
  if (some === undefined) throw malformed('/proc/pressure', text);
  return { some, full: total('full') };
}
