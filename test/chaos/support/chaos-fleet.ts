import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Database } from '../../../src/db/database.ts';
import { sql } from '../../../src/db/sql.ts';
import { createSharedState } from '../../../src/state/create-shared-state.ts';
import type { SharedState } from '../../../src/state/shared-state.ts';
import { spawnModule, type Child } from '../../support/child.ts';
import { createHistory, faultsOf, readHistory, type Ack } from '../../support/history.ts';
import { until } from '../../support/until.ts';
import { CHAOS_LEASE_MS } from './timing.ts';

const HOST = new URL('host-process.ts', import.meta.url);
const WITHIN_MS = 40_000;

export interface ChaosHost {
  readonly child: Child;
  readonly hostId: string;
}

/** Historians on a database, run by processes that the test mistreats. */
export class ChaosFleet implements AsyncDisposable {
  readonly state: SharedState;
  readonly database: Database;
  readonly #folder: string;
  readonly #agents: readonly string[];
  readonly #hosts: ChaosHost[] = [];
  #children = 0;

  private constructor(database: Database, folder: string, agents: readonly string[]) {
    this.database = database;
    this.state = createSharedState(database, { leaseMs: CHAOS_LEASE_MS });
    this.#folder = folder;
    this.#agents = agents;
  }

  static async open(database: Database, agents = 4): Promise<ChaosFleet> {
    await createHistory(database);
    const ids = Array.from({ length: agents }, (_, n) => `historian_${n}`);
    const fleet = new ChaosFleet(database, await mkdtemp(join(tmpdir(), 'muster-chaos-')), ids);
    await fleet.state.agents.ensure(ids.map((id) => ({ agentId: id, name: id, type: 'historian' })));
    return fleet;
  }

  /** Starts a host that reaches the database by this URL. */
  async host(url: string): Promise<ChaosHost> {
    const child = spawnModule(HOST, [url, join(this.#folder, `acks-${(this.#children += 1)}`)]);
    const { hostId } = await child.line<{ hostId: string }>();
    const host = { child, hostId };
    this.#hosts.push(host);
    return host;
  }

  /** Every agent writes again, under a host that is live: what happened before this moment is over. */
  async untilSteady(): Promise<void> {
    const before = await this.#counts();
    await until(
      'every agent writes',
      async () => {
        const now = await this.#counts();
        return this.#agents.every((id) => (now.get(id) ?? 0) > (before.get(id) ?? 0));
      },
      WITHIN_MS,
    );
  }

  async #counts(): Promise<ReadonlyMap<string, number>> {
    // The database may be away: then nobody has written.
    const rows = await this.database
      .query<{ agent_id: string; n: number }>(sql`select agent_id, n::float8 as n from public.history_order`)
      .then((result) => result.rows)
      .catch(() => []);
    return new Map(rows.map((row) => [row.agent_id, row.n]));
  }

  async lostHosts(): Promise<readonly (string | null)[]> {
    return (await this.state.events.list({ type: 'host:lost' }, { limit: 100 })).map((event) => event.hostId);
  }

  /** Ends all processes, and reads what they left behind. Returns how much was written. */
  async expectSoundHistory(): Promise<number> {
    await this.#end();
    const files = await readdir(this.#folder);
    const texts = await Promise.all(files.map((file) => readFile(join(this.#folder, file), 'utf8')));
    const lines = texts.flatMap((text) => text.split('\n').filter((line) => line.endsWith('}')));
    const writes = await readHistory(this.database);
    expect(
      faultsOf(
        writes,
        lines.map((line) => JSON.parse(line) as Ack),
      ).slice(0, 20),
    ).toEqual([]);
    expect(lines.length).toBeGreaterThan(100);
    return writes.length;
  }

  expectAlive(hosts: readonly ChaosHost[]): void {
    for (const { child } of hosts) expect(child.process.exitCode ?? child.process.signalCode).toBeNull();
  }

  async #end(): Promise<void> {
    await Promise.all(this.#hosts.splice(0).map((host) => host.child[Symbol.asyncDispose]()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
