/**
 * What a host knows of the database's time: it lies ahead of the host's own monotonic clock by something between `least` and
 * `most`. Each answer bounds it by when the question left and the answer came, so a slow answer only bounds it loosely and
 * never misleads; the bounds of several answers hold together, widened by how far the two clocks may have drifted since.
 */
export interface DatabaseTime {
  readonly least: number;
  readonly most: number;
  /** Monotonic milliseconds of the last answer. */
  readonly asOf: number;
}

/** Clocks of machines that are kept in time differ by less than 50 parts in a million; this leaves room for those that are not. */
const DRIFT = 200e-6;

export interface TimedAnswer {
  /** Monotonic milliseconds of the host. */
  readonly sentAt: number;
  readonly answeredAt: number;
  /** The database's time, at some moment between the two. */
  readonly at: number;
}

/** After one more answer. One that contradicts all before it means that a clock has jumped, or that another server answers: it counts alone. */
export function hear(known: DatabaseTime | undefined, { sentAt, answeredAt, at }: TimedAnswer): DatabaseTime {
  const fresh: DatabaseTime = { least: at - answeredAt, most: at - sentAt, asOf: answeredAt };
  if (known === undefined) return fresh;
  const drift = Math.abs(answeredAt - known.asOf) * DRIFT;
  const least = Math.max(fresh.least, known.least - drift);
  const most = Math.min(fresh.most, known.most + drift);
  return least > most ? fresh : { least, most, asOf: Math.max(answeredAt, known.asOf) };
}

/** The database's time at this moment of the host's monotonic clock, off by half of what is not known at most. */
export const databaseNow = (known: DatabaseTime, monotonic: number): number => monotonic + (known.least + known.most) / 2;
