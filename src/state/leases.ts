import type { Epoch, HostId } from '../base/ids.ts';

export interface NamedLease {
  readonly name: string;
  readonly hostId: HostId;
  readonly epoch: Epoch;
  readonly expiresAt: number;
}

/** Leases on names: one host at a time leads, compacts, rolls up. */
export interface Leases {
  /** Takes a free or expired lease with a new epoch, or renews one's own; undefined where another holds it. */
  acquire(name: string, host: HostId, leaseMs: number): Promise<NamedLease | undefined>;
  release(lease: NamedLease): Promise<void>;
  list(): Promise<readonly NamedLease[]>;
}
