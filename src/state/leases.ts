import { epoch, hostId, type Epoch, type HostId } from '../base/ids.ts';
import type { Database } from '../db/database.ts';
import { sql } from '../db/sql.ts';

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

export function createLeases(database: Database): Leases {
  return {
    async acquire(name, host, leaseMs) {
      const row = await database.one<{ epoch: number; expires_at: number }>(sql`
        insert into muster.leases as l (name, host_id, expires_at)
        select ${name}, host_id, clock_timestamp() + ${leaseMs}::float8 * interval '1 millisecond'
        from muster.hosts where host_id = ${host} and status = 'live'
        on conflict (name) do update set
          epoch = case when l.host_id = excluded.host_id and l.expires_at > clock_timestamp() then l.epoch else l.epoch + 1 end,
          acquired_at = case when l.host_id = excluded.host_id and l.expires_at > clock_timestamp() then l.acquired_at else clock_timestamp() end,
          host_id = excluded.host_id, expires_at = excluded.expires_at
        where l.host_id = excluded.host_id or l.expires_at < clock_timestamp()
          -- The clock went back: no honest lease reaches this far ahead.
          or l.expires_at > clock_timestamp() + 2 * ${leaseMs}::float8 * interval '1 millisecond'
          or not exists (select from muster.hosts h where h.host_id = l.host_id and h.status = 'live')
        returning epoch::float8 as epoch, (extract(epoch from expires_at) * 1000)::float8 as expires_at`);
      return row === undefined ? undefined : { name, hostId: host, epoch: epoch(row.epoch), expiresAt: row.expires_at };
    },

    async release(lease) {
      // Expired, not deleted: the epoch goes on counting.
      await database.query(sql`update muster.leases set expires_at = '-infinity'
        where name = ${lease.name} and host_id = ${lease.hostId} and epoch = ${lease.epoch}`);
    },

    async list() {
      const { rows } = await database.query<{ name: string; host_id: string; epoch: number; expires_at: number }>(sql`
        select name, host_id, epoch::float8 as epoch, (extract(epoch from expires_at) * 1000)::float8 as expires_at
        from muster.leases where expires_at > clock_timestamp() order by name`);
      return rows.map((r) => ({ name: r.name, hostId: hostId(r.host_id), epoch: epoch(r.epoch), expiresAt: r.expires_at }));
    },
  };
}
