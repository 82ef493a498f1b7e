import type { AgentContext, AgentSql, AgentState } from '../../agent/context.ts';
import type { Call } from '../../agent/runner.ts';
import { systemClock } from '../../base/clock.ts';
import { MusterError } from '../../base/errors.ts';
import { agentId, epoch, hostId } from '../../base/ids.ts';
import { noWake } from '../../base/wake.ts';
import type { Database, Result, Transaction, TransactionOptions } from '../../db/database.ts';
import type { Sql } from '../../db/sql.ts';
import { createOutbound } from '../../outbound/index.ts';
import type { SharedState } from '../../state/shared-state.ts';
import type { Asking } from './asking.ts';
import type { Beginning } from './protocol.ts';
import type { Saying } from './saying.ts';

/** The contexts of an isolated agent: the same to its code as any other's, with everything asked of the host. */
export function isolatedContexts(
  beginning: Beginning,
  asking: Asking,
  saying: Saying,
): <Config>(call: Call, config: Config) => AgentContext<Config> {
  const shared = {
    agentId: agentId(beginning.agentId),
    agentType: beginning.agentType,
    hostId: hostId(beginning.hostId),
    epoch: epoch(beginning.epoch),
    clock: systemClock,
    wake: noWake,
    outbound: createOutbound(beginning.outbound),
    metric: ((name, value, options) => saying.metric(name, value, options, Date.now())) satisfies AgentContext['metric'],
  };
  return (call, config) => {
    const ask: Ask = (operation, ...args) => asking.ask(operation, args);
    let fleet: SharedState | undefined;
    return {
      ...shared,
      ...call,
      config,
      emit: (type, data = {}) => saying.event(type, data, call.hops),
      log: saying.logger(call.runId),
      state: remoteState(ask),
      sql: remoteSql(ask),
      get fleet(): SharedState {
        fleet ??= remoteFleet(ask);
        return fleet;
      },
    };
  };
}

type Ask = (operation: string, ...args: unknown[]) => Promise<unknown>;

function remoteState(ask: Ask): AgentState {
  return {
    get: <T>(key: string) => ask('state.get', key) as Promise<T | undefined>,
    read: <T>(key: string) => ask('state.read', key) as Promise<{ readonly value: T; readonly revision: number } | undefined>,
    set: async (key, value) => void (await ask('state.set', key, asDocument(value))),
    compareAndSet: (key, value, revision) => ask('state.compareAndSet', key, asDocument(value), revision) as Promise<number | undefined>,
    delete: async (key) => void (await ask('state.delete', key)),
  };
}

/** As JSON would have it, here as there: what it leaves out need not cross, and what it cannot write is told where it was made. */
const asDocument = (value: unknown): unknown => {
  const json = JSON.stringify(value) as string | undefined;
  return json === undefined ? undefined : JSON.parse(json);
};

function remoteSql(ask: Ask): AgentSql {
  return {
    read: <Row>(statement: Sql, options = {}) => ask('sql.read', statement, options) as Promise<Result<Row>>,
    write: <Row>(statement: Sql) => ask('sql.write', statement) as Promise<Result<Row>>,
    transaction: (work) => remoteTransaction(ask, 'sql', undefined, work),
  };
}

/** The host keeps the transaction open while the agent works in it, and rolls back whatever does not end in good order. */
async function remoteTransaction<T>(
  ask: Ask,
  on: 'sql' | 'fleet',
  options: TransactionOptions | undefined,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const { attempts = 1, ...rest } = options ?? {};
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await oneAttempt(ask, on, rest, work);
    } catch (error) {
      const code = (error as { readonly code?: unknown }).code;
      if (attempt >= attempts || (code !== '40001' && code !== '40P01')) throw error;
    }
  }
}

async function oneAttempt<T>(
  ask: Ask,
  on: 'sql' | 'fleet',
  options: TransactionOptions,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const id = await ask('transaction.begin', on, options);
  let result: T;
  try {
    result = await work({
      query: <Row>(statement: Sql) => ask('transaction.query', id, statement) as Promise<Result<Row>>,
      copyBinary: (statement, payload) => ask('transaction.copy', id, statement, payload) as Promise<number>,
    });
  } catch (error) {
    // What went wrong in it matters, not what may go wrong while it is undone.
    await ask('transaction.rollback', id).catch(() => undefined);
    throw error;
  }
  await ask('transaction.commit', id);
  return result;
}

/** What the fleet knows, by remote call: the methods are those of SharedState, and every one of them answers with a promise. */
function remoteFleet(ask: Ask): SharedState {
  const database: Database = {
    query: <Row>(statement: Sql) => ask('fleet.database.query', statement) as Promise<Result<Row>>,
    one: <Row>(statement: Sql) => ask('fleet.database.one', statement) as Promise<Row | undefined>,
    transaction: (work, options) => remoteTransaction(ask, 'fleet', options, work),
  };
  const parts = new Map<string, unknown>([['database', database]]);
  return new Proxy({} as SharedState, {
    get(_, part) {
      if (typeof part !== 'string' || part === 'then') return undefined;
      if (part === 'maintenance')
        throw new MusterError('CONFLICT', 'ctx.fleet.maintenance is not there for an agent that runs apart from its host');
      let found = parts.get(part);
      if (found === undefined) {
        found = remotePart(ask, part);
        parts.set(part, found);
      }
      return found;
    },
  });
}

const remotePart = (ask: Ask, part: string): unknown =>
  new Proxy(
    {},
    {
      get: (_, method) =>
        typeof method !== 'string' || method === 'then' ? undefined : (...args: unknown[]) => ask(`fleet.${part}.${method}`, ...args),
    },
  );
