import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { PostgresAdapter, type PostgresAdapterOptions } from '../../src/db/adapter.ts';
import { afterEverything, trackDatabase } from './leaks.ts';
import { createDatabase, dropDatabase, expectNoConnections, leaveServer, urlOf } from './server-databases.ts';

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  readonly database: PostgresAdapter;
  /** Copying refuses while somebody is connected to the original: this one is for tests of what happens to connections. */
  readonly name: string;
}

export interface TestDatabaseOptions extends Partial<PostgresAdapterOptions> {
  /** An empty database, for tests of the migrations themselves. */
  readonly empty?: boolean;
}

/** A database of the test's own, migrated, on the run's server. Dispose of it, after whatever else connects to it: what is left open then fails the test. */
export async function testDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { empty, ...adapterOptions } = options;
  const serverUrl = inject('serverUrl');
  afterEverything(leaveServer);
  const name = `muster_test_${randomBytes(6).toString('hex')}`;
  await createDatabase(serverUrl, name, empty === true ? 'template1' : inject('templateDatabase'));
  const url = urlOf(serverUrl, name);
  const database = new PostgresAdapter({
    url,
    poolMax: 5,
    poolMin: 0,
    connectTimeoutMs: 30_000,
    applicationName: 'muster test',
    ...adapterOptions,
  });
  const forget = trackDatabase(name);
  return {
    url,
    database,
    name,
    [Symbol.asyncDispose]: async () => {
      await database.stop();
      try {
        await expectNoConnections(serverUrl, name);
      } finally {
        await dropDatabase(serverUrl, name);
        forget();
      }
    },
  };
}
