import type { HostId } from '../base/ids.ts';
import type { SurveyedHost } from '../state/survey.ts';

/** A lease that runs out is looked at so much later, and up to twice that: not by all hosts in the same moment. */
const SLACK_MS = 20;

/**
 * When to look at the fleet because another host's lease runs out before the next regular look, milliseconds from now; undefined
 * where none does. A host that beats has most of its lease before it: only one that misses beats is looked at out of turn.
 */
export function nextExpiry(
  hosts: readonly Pick<SurveyedHost, 'hostId' | 'overdue' | 'expiresInMs'>[],
  self: HostId,
  everyMs: number,
  /** In [0, 1). */
  random: number,
): number | undefined {
  const late = hosts.filter((host) => host.hostId !== self && !host.overdue && host.expiresInMs < everyMs);
  if (late.length === 0) return undefined;
  return Math.max(0, Math.min(...late.map((host) => host.expiresInMs))) + SLACK_MS * (1 + random);
}
