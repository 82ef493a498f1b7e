import type { HostId } from '../base/ids.ts';
import { labelsFit, placementOf } from '../state/placement.ts';
import type { OpenHost, WaitingAgent } from './waiting-reason.ts';

export interface Movable extends WaitingAgent {
  readonly agentId: string;
}

/** A host below its share. */
export interface Receiver extends OpenHost {
  /** Agents it lacks. */
  readonly room: number;
}

/**
 * Which agents of a host with too many move, `count` at most: in the order given, each only where a host with room may run it,
 * so that nothing is given away to wait. Rooms and groups are counted as they fill.
 */
export function chooseMovers<Agent extends Movable>(
  candidates: readonly Agent[],
  receivers: readonly Receiver[],
  count: number,
): readonly Agent[] {
  const rooms = receivers.map((receiver) => ({ receiver, room: receiver.room, groups: new Set(receiver.groups) }));
  const chosen: Agent[] = [];
  for (const agent of candidates) {
    if (chosen.length >= count) break;
    const taker = rooms
      .toSorted((a, b) => b.room - a.room)
      .find(({ receiver, room, groups }) => {
        if (room <= 0 || (receiver.types !== null && receiver.types[agent.type] === undefined)) return false;
        const placement = placementOf(receiver.types?.[agent.type], agent.metadata);
        return labelsFit(receiver.labels, placement) && !groups.has(placement.anti_affinity ?? '');
      });
    if (taker === undefined) continue;
    taker.room -= 1;
    const group = placementOf(taker.receiver.types?.[agent.type], agent.metadata).anti_affinity;
    if (typeof group === 'string') taker.groups.add(group);
    chosen.push(agent);
  }
  return chosen;
}

/** Agents that a host holds and may not: why, by their ids. Of a group that came together the one that came first stays. */
export function misplaced(
  held: readonly (Movable & { readonly acquiredAt: number | null })[],
  host: Pick<OpenHost, 'labels' | 'types'> & { readonly hostId: HostId },
): ReadonlyMap<string, string> {
  const reasons = new Map<string, string>();
  const first = new Map<string, string>();
  for (const agent of held.toSorted((a, b) => (a.acquiredAt ?? 0) - (b.acquiredAt ?? 0) || (a.agentId < b.agentId ? -1 : 1))) {
    const placement = placementOf(host.types?.[agent.type], agent.metadata);
    if (!labelsFit(host.labels, placement)) {
      const labels = Object.entries(placement.labels ?? {}).map(([name, value]) => `${name}=${value}`);
      reasons.set(agent.agentId, `its placement asks for the labels ${labels.join(' ')}, which its host has not`);
    } else if (typeof placement.anti_affinity === 'string') {
      const other = first.get(placement.anti_affinity);
      if (other === undefined) first.set(placement.anti_affinity, agent.agentId);
      else reasons.set(agent.agentId, `its host also runs ${other} of its anti-affinity group "${placement.anti_affinity}"`);
    }
  }
  return reasons;
}
