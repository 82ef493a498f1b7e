import type { TestProject } from 'vitest/node';
import { startTestServer } from './server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The database `postgres` of the run's server. */
    readonly serverUrl: string;
    /** A migrated database that every test database is a copy of. */
    readonly templateDatabase: string;
  }
}

/** One server a run, and one migrated database to copy from: a test database takes 30 ms instead of 500. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestServer();
  project.provide('serverUrl', server.url);
  project.provide('templateDatabase', server.templateDatabase);
  return () => server.stop();
}
