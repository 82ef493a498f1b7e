import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { openClient } from '../../src/db/client.ts';
import { parseConnection } from '../../src/db/connection.ts';

/** The same server, another database. */
export function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

async function onServer(serverUrl: string, statement: string): Promise<void> {
  await using connection = await openClient(parseConnection(serverUrl), { applicationName: 'muster test support', queryTimeoutMs: 30_000 });
  await connection.client.query(statement);
}

export const createDatabase = (serverUrl: string, name: string, template = 'template1'): Promise<void> =>
  onServer(serverUrl, `create database ${pg.escapeIdentifier(name)} template ${pg.escapeIdentifier(template)}`);

export const dropDatabase = (serverUrl: string, name: string): Promise<void> =>
  onServer(serverUrl, `drop database if exists ${pg.escapeIdentifier(name)} with (force)`);

/** How long a backend may take to notice that its client has gone. */
const GRACE_MS = 3_000;

/** Fails where somebody still holds a connection to a database, and tells who. */
export async function expectNoConnections(serverUrl: string, name: string): Promise<void> {
  await using connection = await openClient(parseConnection(serverUrl), { applicationName: 'muster test support', queryTimeoutMs: 30_000 });
  const deadline = performance.now() + GRACE_MS;
  for (;;) {
    const { rows } = await connection.client.query<{ who: string }>(
      `select application_name || ': ' || coalesce(nullif(query, ''), state, '') as who
       from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
      [name],
    );
    if (rows.length === 0) return;
    if (performance.now() > deadline) throw new Error(`connections were left open: ${rows.map(({ who }) => who).join(' | ')}`);
    await delay(10);
  }
}
