/** Whether a trace is among those kept: the same answer for every run of it, on every server, in whatever order they come. */
export function keepsTrace(traceId: string, rate: number): boolean {
  return rate >= 1 || (rate > 0 && shareOf(traceId) < rate);
}

/** A number from 0 to 1 that an id stands for: FNV-1a, mixed, because ids made in one moment differ in few digits. */
export function shareOf(traceId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < traceId.length; i++) hash = Math.imul(hash ^ traceId.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4_294_967_296;
}
