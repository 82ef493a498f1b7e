import type { AnyAgentDefinition } from '../agent/definition.ts';
import type { Placement } from '../state/placement.ts';

/** The types of a host, each with where its agents run unless they say otherwise: as the host tells the fleet. */
export function placementsOf(types: Iterable<AnyAgentDefinition>): Readonly<Record<string, Placement>> {
  return Object.fromEntries(
    [...types].map(({ type, placement }) => [
      type,
      {
        ...(placement?.labels === undefined ? {} : { labels: placement.labels }),
        ...(placement?.antiAffinity === undefined ? {} : { anti_affinity: placement.antiAffinity }),
      },
    ]),
  );
}
