import type { HostId } from '../base/ids.ts';

/** A live host, as far as placement is concerned. */
export interface PlacedHost {
  readonly hostId: HostId;
  readonly capacity: number;
  readonly agents: number;
}

/**
 * How many of the fleet's active agents a host should hold: all alike, as far as their capacities allow. Shares are rounded
 * up, so that they always add up to enough.
 */
export function fairShare(active: number, hosts: readonly PlacedHost[], host: HostId): number {
  let rest = active;
  let count = hosts.length;
  // Hosts too small for an even part take what they can; what is left is divided among the larger ones.
  for (const { hostId, capacity } of hosts.toSorted((a, b) => a.capacity - b.capacity)) {
    const part = Math.ceil(rest / count);
    const share = Math.min(capacity, part);
    if (hostId === host) return share;
    if (share < part) {
      rest -= share;
      count -= 1;
    } else return hosts.some((other) => other.hostId === host) ? part : 0;
  }
  return 0;
}

export interface ClaimSituation {
  readonly active: number;
  readonly claimable: number;
  readonly hosts: readonly PlacedHost[];
  readonly host: HostId;
  readonly capacity: number;
  /** Agents held, and ended ones whose code still runs. */
  readonly occupied: number;
  /** The same agents have waited for so many looks in a row: the hosts whose turn it is do not take them. */
  readonly waited: number;
}

/** After so many looks a host takes more than its share rather than leave agents waiting. */
export const LOOKS_BEFORE_EXTRA = 3;

/** How many agents to take now. */
export function claimLimit(situation: ClaimSituation): number {
  const room = situation.capacity - situation.occupied;
  const share = fairShare(situation.active, situation.hosts, situation.host) - situation.occupied;
  const wanted = situation.waited >= LOOKS_BEFORE_EXTRA ? room : Math.min(room, share);
  return Math.max(0, Math.min(wanted, situation.claimable));
}

export interface Surplus {
  readonly hostId: HostId;
  /** Agents to give away now. */
  readonly count: number;
  readonly share: number;
}

/** Fewer than this share over its part, and a host is left alone: moves cost more than they mend. */
const TOLERANCE = 0.1;
const MOST_MOVES = 20;

/** Which hosts should give away how many agents now, so that others with room below their share can take them: a few at a time. */
export function planMoves(active: number, hosts: readonly PlacedHost[]): readonly Surplus[] {
  const shares = hosts.map((host) => ({ host, share: fairShare(active, hosts, host.hostId) }));
  let wanted = shares.reduce((sum, { host, share }) => sum + Math.max(0, share - host.agents), 0);
  let budget = MOST_MOVES;
  const moves: Surplus[] = [];
  for (const { host, share } of shares) {
    const surplus = host.agents - share;
    if (surplus <= Math.floor(share * TOLERANCE)) continue;
    const count = Math.min(Math.ceil(surplus / 2), wanted, budget);
    if (count <= 0) continue;
    moves.push({ hostId: host.hostId, count, share });
    wanted -= count;
    budget -= count;
  }
  return moves;
}
