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
