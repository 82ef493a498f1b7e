/** A restart of the server, or a failover, is no emergency. */
export const TELL_AFTER_MS = 15_000;
/** The next host in line waits so much longer: the one before it has told, if it is still there. */
const NEXT_IN_LINE_MS = 300_000;
const MOST_IN_LINE = 3;

/**
 * Whether a host tells that the database is away. Hosts know of each other through the database alone; so each goes by its place
 * among those that were alive when they heard of them last. Not in that line: it does not tell.
 */
export function tellsNow({ awayForMs, place }: { readonly awayForMs: number; readonly place: number | undefined }): boolean {
  return place !== undefined && place < MOST_IN_LINE && awayForMs >= TELL_AFTER_MS + place * NEXT_IN_LINE_MS;
}

/** Where a host stands among those that live, by their ids; undefined: it is none of them. */
export function placeOf(host: string | undefined, living: readonly string[]): number | undefined {
  const place = host === undefined ? -1 : living.toSorted().indexOf(host);
  return place < 0 ? undefined : place;
}

/** Incidents that begin within this time of each other are the same to all hosts. */
const SAME_MS = 600_000;

/** What all hosts of a fleet call the same incident: they read the same fleet, and heard of it last at about the same time. */
export const incidentKey = (fleet: string, lastHeardAt: number): string => `database away ${fleet} ${Math.floor(lastHeardAt / SAME_MS)}`;
