import type { Database } from '../db/database.ts';
import { fenced, type Fence } from './fence.ts';

/**
 * The database as an agent may use it: every statement runs in a transaction that has proved the agent's lease first, so that
 * whatever is built on it, SharedState as a whole, is fenced and cannot forget to be. Read-only transactions go free.
 */
export function fencedDatabase(database: Database, fence: Fence): Database {
  const guarded: Database = {
    query: (statement) => fenced(database, fence.hostId, [fence], (tx) => tx.query(statement)),
    async one<Row>(statement: Parameters<Database['one']>[0]) {
      return (await guarded.query<Row>(statement)).rows[0];
    },
    transaction: (work, options) =>
      options?.readOnly ? database.transaction(work, options) : fenced(database, fence.hostId, [fence], work, options),
    pools: () => database.pools?.() ?? [],
    // Nothing of ours is written by it, and a fence held for minutes would keep the agent from being taken elsewhere.
    ...(database.maintain === undefined ? {} : { maintain: database.maintain.bind(database) }),
  };
  return guarded;
}
