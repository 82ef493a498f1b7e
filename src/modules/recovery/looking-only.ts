import type { Database } from '../../db/database.ts';

/** Of one look: at the targets of an action, or at a symptom. */
export const LOOK_TIMEOUT_MS = 5_000;

/** Symptoms are read, never written, and never for long. */
export function lookingOnly(database: Database): Database {
  const look: Database['query'] = (statement) =>
    database.transaction((tx) => tx.query(statement), { readOnly: true, statementTimeoutMs: LOOK_TIMEOUT_MS, lockTimeoutMs: 2_000 });
  return {
    query: look,
    one: async <Row>(statement: Parameters<Database['one']>[0]) => (await look<Row>(statement)).rows[0],
    transaction: (work, options) => database.transaction(work, { ...options, readOnly: true }),
  };
}
