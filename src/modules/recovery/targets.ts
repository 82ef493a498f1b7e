import type { Concern, LookSite, RecoveryAction, Symptom, Target } from './action.ts';
import { inTime } from './in-time.ts';
import { LOOK_TIMEOUT_MS } from './looking-only.ts';

/** What an action would be done to, or why it is done to nothing. */
export interface Found {
  readonly targets: readonly Target[];
  /** Null: nothing speaks against the targets themselves. */
  readonly refused: { readonly kind: 'elsewhere' | 'none' | 'too many'; readonly reason: string } | null;
}

/** Looks for the targets of a concern. An empty list is never read as everything, and one that is too long is more often a mistake than a disaster. */
export async function findTargets(site: LookSite, action: RecoveryAction, about: Concern, most: number): Promise<Found> {
  const elsewhere = about.labels['database'];
  if (elsewhere !== undefined && action.anyDatabase !== true)
    return {
      targets: [],
      refused: {
        kind: 'elsewhere',
        reason: `the alert is about the database "${elsewhere}", and this action works on the fleet's own: nothing is done`,
      },
    };
  const targets = await inTime(action.targets(site, about), LOOK_TIMEOUT_MS, 'looking for its targets');
  if (targets.length === 0) return { targets, refused: { kind: 'none', reason: 'it found no target: nothing is done, never everything' } };
  if (targets.length > most)
    return { targets, refused: { kind: 'too many', reason: `it found ${targets.length} targets, and ${most} are the most at once` } };
  return { targets, refused: null };
}

/** Undefined where an action measures nothing of its own. */
export async function measure(site: LookSite, action: RecoveryAction, target: Target): Promise<Symptom | undefined> {
  return action.symptom === undefined ? undefined : inTime(action.symptom(site, target), LOOK_TIMEOUT_MS, 'measuring its symptom');
}
