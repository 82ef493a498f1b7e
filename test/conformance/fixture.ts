import { hostId, newHostId, type HostId } from '../../src/base/ids.ts';
import { sql } from '../../src/db/sql.ts';
import { createSharedState } from '../../src/state/create-shared-state.ts';
import type { AgentBeat, ClaimedAgent } from '../../src/state/hosts.ts';
import type { SharedState } from '../../src/state/shared-state.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';

/** A fleet's truth without hosts: tests play the hosts, and move the database's past instead of waiting for it. */
export class Fleet implements AsyncDisposable {
  readonly #test: TestDatabase;
  readonly state: SharedState;
  readonly leaseMs = 8_000;

  private constructor(test: TestDatabase) {
    this.#test = test;
    this.state = createSharedState(test.database, { leaseMs: 8_000 });
  }

  static async open(): Promise<Fleet> {
    const fleet = new Fleet(await testDatabase());
    // As if other hosts had been at work until now: otherwise the first beat ends a long silence, and opens a grace period.
    await fleet.database.query(sql`update muster.fleet_clock set last_tick_at = clock_timestamp(), grace_until = '-infinity'`);
    return fleet;
  }

  get database(): TestDatabase['database'] {
    return this.#test.database;
  }

  async join(overrides: { readonly capacity?: number; readonly processKey?: string } = {}): Promise<HostId> {
    const host = newHostId();
    await this.state.hosts.join({
      hostId: host,
      hostname: 'test',
      pid: process.pid,
      processKey: overrides.processKey ?? null,
      version: '0.0.0',
      labels: {},
      capacity: overrides.capacity ?? 100,
      leaseMs: this.leaseMs,
    });
    await this.beat(host);
    return host;
  }

  beat(host: HostId, beats: readonly AgentBeat[] = []): ReturnType<SharedState['hosts']['beat']> {
    return this.state.hosts.beat(host, this.leaseMs, {}, beats);
  }

  async agents(count: number, type = 'probe'): Promise<readonly string[]> {
    const ids = Array.from({ length: count }, (_, index) => `${type}_${String(index).padStart(5, '0')}`);
    await this.state.agents.ensure(ids.map((id) => ({ agentId: id, name: id, type })));
    return ids;
  }

  claim(host: HostId, limit = 100): Promise<readonly ClaimedAgent[]> {
    return this.state.hosts.claim(host, ['probe'], limit);
  }

  /** As if the host had last been heard `ms` ago, while the rest of the fleet went on. */
  async silence(host: HostId, ms: number): Promise<void> {
    await this.database.query(sql`update muster.hosts set last_beat_at = last_beat_at - ${ms} * interval '1 millisecond',
      expires_at = expires_at - ${ms} * interval '1 millisecond' where host_id = ${host}`);
  }

  /** As if nobody had been heard for `ms`: the database was away. */
  async outage(ms: number): Promise<void> {
    for (const { hostId: id } of await this.state.hosts.list({ live: true })) await this.silence(hostId(id), ms);
    await this.database.query(sql`update muster.fleet_clock set last_tick_at = last_tick_at - ${ms} * interval '1 millisecond'`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#test[Symbol.asyncDispose]();
  }
}

/** What a healthy agent reports. */
export function healthy(claimed: ClaimedAgent, overrides: Partial<AgentBeat> = {}): AgentBeat {
  return {
    agentId: claimed.agent.agentId,
    epoch: claimed.epoch,
    status: 'running',
    healthScore: 100,
    errorCount: 0,
    runCount: 1,
    lastError: null,
    reason: null,
    ...overrides,
  };
}
