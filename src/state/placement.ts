import * as z from 'zod';
import type { HostId } from '../base/ids.ts';
import { sql, type raw, type Sql } from '../db/sql.ts';

/** Where an agent may run. Both are kept to without exception: an agent that has no place waits, and says why. */
export interface Placement {
  /** The host must have all of these labels. */
  readonly labels?: Readonly<Record<string, string>> | null | undefined;
  /** No two agents of this group run on one host. */
  readonly anti_affinity?: string | null | undefined;
}

const ownShape = z.object({
  labels: z.record(z.string(), z.string()).nullable().optional(),
  anti_affinity: z.string().nullable().optional(),
}) as z.ZodType<Placement>;

/** What a type says and, over it, what the agent says itself. */
export function placementOf(type: Placement | undefined, metadata: Readonly<Record<string, unknown>>): Placement {
  return { ...type, ...ownPlacement(metadata) };
}

/** `metadata.placement`. The database takes only what has this form; what was there before it looked says nothing. */
export function ownPlacement(metadata: Readonly<Record<string, unknown>>): Placement | null {
  const parsed = ownShape.safeParse(metadata['placement']);
  return parsed.success ? parsed.data : null;
}

export const labelsFit = (host: Readonly<Record<string, string>>, { labels }: Placement): boolean =>
  Object.entries(labels ?? {}).every(([name, value]) => host[name] === value);

/**
 * Whether the host in the common table expression `me` (its labels and types) may run the agent `a` that nobody holds, `lease`
 * says. Its first line keeps the planner from asking about agents that are held: it belongs to the join. One that says nothing
 * is let through by the second; the groups are looked up once a statement, and only where somebody asks.
 */
export const mayRun = (host: HostId, lease: ReturnType<typeof raw>): Sql => sql`case
    when ${lease}.host_id is not null then false
    when not a.metadata ? 'placement' and coalesce((select me.types from me) -> a.agent_type, '{}') = '{}' then true
    when not muster.labels_fit((select me.labels from me), muster.placement_of((select me.types from me), a.agent_type, a.metadata)) then false
    when muster.placement_of((select me.types from me), a.agent_type, a.metadata) ->> 'anti_affinity' is null then true
    else not (muster.placement_of((select me.types from me), a.agent_type, a.metadata) ->> 'anti_affinity') in (select muster.groups_on(${host}::uuid))
  end`;
