import type { AnyAgentDefinition } from '../../../src/agent/definition.ts';
import { MusterError } from '../../../src/base/errors.ts';
import { agentId } from '../../../src/base/ids.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import type { Database } from '../../../src/db/database.ts';
import { FleetHost, type FleetHostOptions } from '../../../src/fleet/host.ts';
import type { AgentRecord } from '../../../src/state/agents.ts';
import { createSharedState } from '../../../src/state/create-shared-state.ts';
import type { SharedState } from '../../../src/state/shared-state.ts';
import { testDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';
import { atEase, BEAT_MS, LEASE_MS } from './fleet-settings.ts';

export { LEASE_MS, worker } from './fleet-settings.ts';

/** A fleet on a database of the test's own: hosts join it, and leave when it is disposed of. */
export interface TestFleet extends AsyncDisposable {
  readonly state: SharedState;
  readonly database: Database;
  readonly url: string;
  /** A host that beats and polls by itself. */
  host(types: readonly AnyAgentDefinition[], options?: Partial<FleetHostOptions>): Promise<FleetHost>;
  /** A host whose way to the database can be cut: to the rest of the fleet it is dead or frozen, and does not know it. */
  severable(
    types: readonly AnyAgentDefinition[],
    options?: Partial<FleetHostOptions>,
  ): Promise<{ readonly host: FleetHost; cut(): void; mend(): void }>;
  agents(type: string, ids: readonly string[], config?: Readonly<Record<string, unknown>>): Promise<void>;
  get(id: string): Promise<AgentRecord>;
  /** Waits until the agent is as the predicate wants it. */
  untilAgent(id: string, what: string, is: (agent: AgentRecord) => boolean, withinMs?: number): Promise<AgentRecord>;
  /** Types of the events of an agent so far, oldest first. */
  eventsOf(id: string): Promise<readonly string[]>;
}

export async function testFleet(): Promise<TestFleet> {
  const db = await testDatabase({ poolMax: 10 });
  const state = createSharedState(db.database, { leaseMs: LEASE_MS });
  const hosts: FleetHost[] = [];
  const mends: (() => void)[] = [];
  const options = (types: readonly AnyAgentDefinition[], on: SharedState, more: Partial<FleetHostOptions>): FleetHostOptions => ({
    state: on,
    types,
    beatMs: BEAT_MS,
    leaseMs: LEASE_MS,
    drainMs: 2_000,
    meter: atEase,
    version: 'test',
    log: silentLogger,
    ...more,
  });
  const start = async (host: FleetHost): Promise<FleetHost> => {
    hosts.push(host);
    await host.start();
    return host;
  };
  const fleet: TestFleet = {
    state,
    database: db.database,
    url: db.url,
    host: (types, more = {}) => start(new FleetHost(options(types, state, more))),
    async severable(types, more = {}) {
      const link = severed(db.database);
      mends.push(link.mend);
      const host = await start(new FleetHost(options(types, createSharedState(link.database, { leaseMs: LEASE_MS }), more)));
      return { host, cut: link.cut, mend: link.mend };
    },
    agents: (type, ids, config = {}) => state.agents.ensure(ids.map((id) => ({ agentId: id, name: id, type, config }))),
    async get(id) {
      const record = await state.agents.get(agentId(id));
      if (record === undefined) throw new Error(`there is no agent ${id}`);
      return record;
    },
    async untilAgent(id, what, is, withinMs) {
      await until(`agent ${id} ${what}`, async () => is(await fleet.get(id)), withinMs);
      return fleet.get(id);
    },
    async eventsOf(id) {
      return (await state.events.list({ agentId: agentId(id) }, { limit: 100 })).map((event) => event.type).toReversed();
    },
    async [Symbol.asyncDispose]() {
      for (const mend of mends) mend();
      await Promise.all(hosts.map((host) => host.stop()));
      await db[Symbol.asyncDispose]();
    },
  };
  return fleet;
}

/** A database whose network can be taken away: statements then fail as they do when nobody answers. */
function severed(database: Database): { readonly database: Database; readonly cut: () => void; readonly mend: () => void } {
  let down = false;
  const check = (): void => {
    if (down) throw new MusterError('DATABASE_UNREACHABLE', 'the test has cut the network');
  };
  return {
    cut: () => void (down = true),
    mend: () => void (down = false),
    database: {
      async query(statement, options) {
        check();
        return database.query(statement, options);
      },
      async one(statement, options) {
        check();
        return database.one(statement, options);
      },
      async transaction(work, options) {
        check();
        return database.transaction(async (tx) => {
          const result = await work(tx);
          check();
          return result;
        }, options);
      },
    },
  };
}
