import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { openClient, type DedicatedClient } from '../../src/db/client.ts';
import { parseConnection } from '../../src/db/connection.ts';

/** The same server, another database. */
export function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** How long the server may take for it while other tests keep the machine busy. */
const PATIENCE_MS = 60_000;

/** Opening a connection takes about as long as making a database: a process keeps the one that it makes and drops them by. */
let kept: { readonly serverUrl: string; readonly opened: Promise<DedicatedClient> } | undefined;

async function connectionTo(serverUrl: string): Promise<DedicatedClient> {
  if (kept?.serverUrl !== serverUrl) {
    await leaveServer();
    const opened = openClient(parseConnection(serverUrl), {
      applicationName: 'muster test support',
      connectTimeoutMs: PATIENCE_MS,
      queryTimeoutMs: PATIENCE_MS,
    });
    const opening = { serverUrl, opened };
    kept = opening;
    // One that could not be opened, or broke, is no reason for all tests that follow to fail as well.
    const forget = (): void => void (kept = kept === opening ? undefined : kept);
    opened.then(({ client }) => client.once('end', forget), forget);
  }
  return kept.opened;
}

/** Closes the connection by which databases are made. The next database opens another. */
export async function leaveServer(): Promise<void> {
  const left = kept;
  kept = undefined;
  if (left !== undefined) await (await left.opened)[Symbol.asyncDispose]();
}

/** An empty database, or a copy of a template. */
export async function createDatabase(serverUrl: string, name: string, template = 'template1'): Promise<void> {
  const { client } = await connectionTo(serverUrl);
  const { rows } = await client.query<{ major: number }>(`select current_setting('server_version_num')::int / 10000 as major`);
  // The files as they are, as 14 does anyway: the default writes each page to the log as well.
  const strategy = (rows[0]?.major ?? 0) >= 15 ? 'strategy file_copy' : '';
  await client.query(`create database ${pg.escapeIdentifier(name)} template ${pg.escapeIdentifier(template)} ${strategy}`);
}

export async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  const { client } = await connectionTo(serverUrl);
  await client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
}

/** How long a backend may take to notice that its client has gone. */
const GRACE_MS = 15_000;

/** Fails where somebody still holds a connection to a database, and tells who. */
export async function expectNoConnections(serverUrl: string, name: string): Promise<void> {
  const { client } = await connectionTo(serverUrl);
  const deadline = performance.now() + GRACE_MS;
  for (;;) {
    const { rows } = await client.query<{ who: string }>(
      `select application_name || ': ' || coalesce(nullif(query, ''), state, '') as who
       from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
      [name],
    );
    if (rows.length === 0) return;
    if (performance.now() > deadline) throw new Error(`connections were left open: ${rows.map(({ who }) => who).join(' | ')}`);
    await delay(10);
  }
}
