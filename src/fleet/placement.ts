import type { HostId } from '../base/ids.ts';

/** A live host, as far as placement is concerned. */
export interface PlacedHost {
  readonly hostId: HostId;
  readonly capacity: number;
  readonly agents: number;
  /** What part of an even share it can carry. Default 1; 0 for one that is leaving. */
  readonly weight?: number;
}

const weightOf = (host: PlacedHost): number => host.weight ?? 1;

/**
 * How many of the fleet's active agents a host should hold: in proportion to what the hosts can carry, as far as their
 * capacities allow. Shares are rounded up, so that they always add up to enough.
 */
export function fairShare(active: number, hosts: readonly PlacedHost[], host: HostId): number {
  const carrying = hosts.filter((each) => weightOf(each) > 0);
  const own = carrying.find((each) => each.hostId === host);
  if (own === undefined) return 0;
  let rest = active;
  let weight = carrying.reduce((sum, each) => sum + weightOf(each), 0);
  // Hosts too small for their part take what they can; what is left is divided among the others.
  for (const each of carrying.toSorted((a, b) => a.capacity / weightOf(a) - b.capacity / weightOf(b))) {
    const part = (rest * weightOf(each)) / weight;
    if (each.capacity >= part) break;
    if (each === own) return each.capacity;
    rest -= each.capacity;
    weight -= weightOf(each);
  }
  return Math.min(own.capacity, Math.ceil(tidy((rest * weightOf(own)) / weight)));
}

/** Without what binary fractions leave behind: a share of 2.0000000000000004 is 2. */
const tidy = (part: number): number => Math.round(part * 1e6) / 1e6;

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
    // One that is leaving gives everything away by itself.
    if (weightOf(host) === 0) continue;
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
