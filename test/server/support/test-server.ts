import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { silentLogger } from '../../../src/base/logger.ts';
import type { AnyAgentDefinition } from '../../../src/agent/index.ts';
import { HttpServer, buildServer, type ServerOptions } from '../../../src/server/app.ts';
import { newKey } from '../../../src/server/access/secrets.ts';
import { createAccess, type Access, type NewKey, type Role } from '../../../src/state/access.ts';
import { createSharedState } from '../../../src/state/create-shared-state.ts';
import type { SharedState } from '../../../src/state/shared-state.ts';
import { testDatabase, type TestDatabase, type TestDatabaseOptions } from '../../support/database.ts';

export const BOOTSTRAP = 'a-bootstrap-key-of-the-tests';

/** Wake-ups within this process: those of the database have tests of their own. */
export class LocalWakeUps {
  readonly #listeners = new Map<string, Set<() => void>>();

  on(topic: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  hint(topic: string): void {
    for (const listener of this.#listeners.get(topic) ?? []) listener();
  }
}

export interface TestServer extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly database: TestDatabase;
  readonly state: SharedState;
  readonly access: Access;
  readonly wake: LocalWakeUps;
  /** A request as an administrator, by the bootstrap key, unless `headers` says otherwise. */
  ask(
    method: NonNullable<InjectOptions['method']>,
    path: string,
    options?: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> },
  ): Promise<LightMyRequestResponse>;
  /** A key of this role, as it is sent. */
  key(role: Role, options?: Partial<Pick<NewKey, 'scopes' | 'expiresAt'>>): Promise<string>;
  /** Listens on a free port of loopback; the address. */
  listen(): Promise<string>;
  /** Stops the server, as Ctrl-C does; the database stays. */
  stop(): Promise<void>;
}

export interface TestServerOptions extends Partial<ServerOptions> {
  readonly database?: TestDatabaseOptions;
}

export const bearer = (key: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${key}` });

/** The application on a database of its own, as `muster dashboard` runs it. */
export async function testServer({ database: databaseOptions, ...options }: TestServerOptions = {}): Promise<TestServer> {
  const database = await testDatabase(databaseOptions);
  const wake = new LocalWakeUps();
  const state = options.state ?? createSharedState(database.database, { wake });
  const access = options.access ?? createAccess(database.database);
  const types: readonly AnyAgentDefinition[] = options.types ?? [];
  const app = await buildServer({
    access,
    wake,
    modules: [],
    log: silentLogger,
    version: '0.0.0-test',
    bootstrapKey: BOOTSTRAP,
    webRoot: null,
    ...options,
    state,
    types,
  });
  let server: HttpServer | undefined;
  return {
    app,
    database,
    state,
    access,
    wake,
    ask: (method, path, { body, headers = bearer(BOOTSTRAP) } = {}) =>
      app.inject({
        method,
        url: path.startsWith('/api') || path.startsWith('!') ? path.replace(/^!/, '') : `/api/v1${path}`,
        headers,
        ...(body === undefined ? {} : { payload: body as object }),
      }),
    async key(role, { scopes = null, expiresAt = null } = {}) {
      const fresh = newKey();
      await access.addKey({ keyId: fresh.keyId, name: role, secretHash: fresh.secretHash, role, scopes, createdBy: 'test', expiresAt });
      return fresh.key;
    },
    async listen() {
      server = new HttpServer({ app, host: '127.0.0.1', port: 0, stopDeadlineMs: 1_000 });
      await server.start();
      return `http://127.0.0.1:${server.port}`;
    },
    stop: () => server?.stop() ?? app.close(),
    [Symbol.asyncDispose]: async () => {
      await (server?.stop() ?? app.close());
      await database[Symbol.asyncDispose]();
    },
  };
}

export async function addAgents(state: SharedState, count: number): Promise<void> {
  await state.agents.ensure(
    Array.from({ length: count }, (_, i) => ({
      agentId: `load_${String(i).padStart(4, '0')}`,
      name: `Load ${i}`,
      type: 'load',
      config: { rate: i },
    })),
  );
}
