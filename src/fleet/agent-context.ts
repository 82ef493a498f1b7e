import { toSample } from '../agent/sample.ts';
import type { AgentContext, AgentSql, AgentState } from '../agent/context.ts';
import type { Call } from '../agent/runner.ts';
import type { Clock } from '../base/clock.ts';
import { isMusterError, MusterError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { noWake, type Wake } from '../base/wake.ts';
import type { Outbound } from '../outbound/index.ts';
import { createSharedState } from '../state/create-shared-state.ts';
import { fenced, type Fence } from '../state/fence.ts';
import { fencedDatabase } from '../state/fenced-database.ts';
import type { SharedState } from '../state/shared-state.ts';
import { agentLog } from './agent-log.ts';
import type { Outbox } from './outbox.ts';
import type { Refusals } from './refusals.ts';

export interface AgentSite {
  readonly state: SharedState;
  readonly fence: Fence;
  readonly agentType: string;
  readonly outbox: Outbox;
  readonly refusals: Refusals;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether the host may still believe in its lease. */
  readonly trusted: () => boolean;
  readonly outbound: Outbound;
  /** Also told of what agents change, after commit. */
  readonly wake: Wake | undefined;
}

/** Makes the contexts of one agent under one lease. What is the same in all of them is made once. */
export function contextsOf(site: AgentSite): <Config>(call: Call, config: Config) => AgentContext<Config> {
  const { fence, outbox, refusals, clock } = site;
  const lane = outbox.lane(fence, refusals);
  const keeper = outbox.lineKeeper(fence);
  let fleet: SharedState | undefined;
  const shared = {
    agentId: fence.agentId,
    agentType: site.agentType,
    hostId: fence.hostId,
    epoch: fence.epoch,
    clock,
    wake: site.wake ?? noWake,
    outbound: site.outbound,
    state: agentState(site),
    sql: agentSql(site),
    metric: ((name, value, options) => {
      const sample = toSample(name, value, options, clock.now());
      if (typeof sample === 'string') refusals.metric(name, sample);
      outbox.sample(lane, sample);
    }) satisfies AgentContext['metric'],
  };
  const emitter =
    (hops: number): AgentContext['emit'] =>
    (type, data = {}) => {
      if (!outbox.agentEvent(fence, type, data, hops)) refusals.event(type);
    };
  return (call, config) => ({
    ...shared,
    ...call,
    config,
    log: agentLog(site.log, keeper(call.runId)),
    emit: emitter(call.hops),
    get fleet(): SharedState {
      fleet ??= createSharedState(fencedDatabase(site.state.database, fence), { wake: site.wake ?? noWake, secrets: site.state.secrets });
      return fleet;
    },
  });
}

/** By its own clock first: a host that may have lost its lease does not even ask. */
function requireTrust(site: AgentSite): void {
  if (!site.trusted()) throw new MusterError('LEASE_LOST', `the lease of agent ${site.fence.agentId} could not be confirmed in time`);
}

function agentState(site: AgentSite): AgentState {
  const { fence } = site;
  const { systemState } = site.state;
  return {
    async get<T>(key: string) {
      return (await systemState.get(key))?.value as T | undefined;
    },
    async read<T>(key: string) {
      const entry = await systemState.get(key);
      return entry === undefined ? undefined : { value: entry.value as T, revision: entry.revision };
    },
    async set(key, value) {
      requireTrust(site);
      await systemState.set(key, value, fence);
    },
    async compareAndSet(key, value, revision) {
      requireTrust(site);
      try {
        return (await systemState.set(key, value, fence, { revision })).revision;
      } catch (error) {
        if (isMusterError(error, 'PRECONDITION_FAILED')) return undefined;
        throw error;
      }
    },
    async delete(key) {
      requireTrust(site);
      await systemState.delete(key, fence);
    },
  };
}

function agentSql(site: AgentSite): AgentSql {
  const { database } = site.state;
  const write: AgentSql['transaction'] = async (work) => {
    requireTrust(site);
    return fenced(database, site.fence.hostId, [site.fence], work);
  };
  return {
    read: (statement, limits = {}) => database.transaction((tx) => tx.query(statement), { readOnly: true, ...limits }),
    write: (statement) => write((tx) => tx.query(statement)),
    transaction: write,
  };
}
