import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { agentId } from '../../../src/base/ids.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { PostgresAdapter } from '../../../src/db/adapter.ts';
import { WakeUps } from '../../../src/db/wake-ups.ts';
import { FleetHost } from '../../../src/fleet/host.ts';
import { builtInModules } from '../../../src/modules/built-in.ts';
import { newKey, newToken, sha256 } from '../../../src/server/access/secrets.ts';
import { buildServer, HttpServer } from '../../../src/server/app.ts';
import { createAccess, type Access, type Role } from '../../../src/state/access.ts';
import { createSharedState } from '../../../src/state/create-shared-state.ts';
import type { SharedState } from '../../../src/state/shared-state.ts';
import { testDatabase } from '../../support/database.ts';
import { startProxy, throughProxy, type Proxy } from '../../support/proxy.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const VITE = fileURLToPath(new URL('../../../node_modules/vite/bin/vite.js', import.meta.url));
const MINUTE = 60_000;

/** A whole Muster with the dashboard of this source: database, host with the default agents, server. */
export interface Dashboard extends AsyncDisposable {
  readonly url: string;
  readonly state: SharedState;
  /** Between Muster and its database. */
  readonly network: Proxy;
  /** The address of a sign-in link that nobody has used. */
  signInLink(lifetimeMs?: number): Promise<string>;
  /** A key of the API. */
  key(role: Role): Promise<string>;
}

/** How long a statement may take. On a machine that runs other tests beside it, what takes milliseconds may take seconds: that is no fault of a page. */
const PATIENT = { connectTimeoutMs: 10_000, queryTimeoutMs: 30_000, statementTimeoutMs: 25_000 };
/** For what is about a database that hangs: so short that a person would notice. */
export const IMPATIENT: typeof PATIENT = { connectTimeoutMs: 1_000, queryTimeoutMs: 2_500, statementTimeoutMs: 2_000 };

export async function startDashboard(patience = PATIENT): Promise<Dashboard> {
  const ends: (() => PromiseLike<unknown>)[] = [];
  const end = async (): Promise<void> => {
    for (let stop = ends.pop(); stop !== undefined; stop = ends.pop()) await stop();
  };
  try {
    const webRoot = await mkdtemp(join(tmpdir(), 'muster-web-'));
    ends.push(() => rm(webRoot, { recursive: true }));
    await buildWeb(webRoot);
    const database = await testDatabase();
    ends.push(() => database[Symbol.asyncDispose]());
    const { hostname, port } = new URL(database.url);
    const network = await startProxy({ host: hostname, port: Number(port) });
    ends.push(() => network[Symbol.asyncDispose]());
    const adapter = new PostgresAdapter({
      url: throughProxy(database.url, network),
      poolMax: 8,
      poolMin: 1,
      ...patience,
      applicationName: 'muster browser test',
    });
    ends.push(() => adapter.stop());
    const wake = new WakeUps(adapter, { log: silentLogger });
    ends.push(() => wake.stop());
    await wake.start();
    const state = createSharedState(adapter, { wake });
    ends.push(() => state.metrics.stop());
    const access = createAccess(adapter);
    const types = builtInModules.flatMap((module) => module.agentTypes ?? []);
    await state.agents.ensure(builtInModules.flatMap((module) => module.defaultAgents ?? []));
    // Faster than by default, so that a test need not wait for what a person watches.
    await state.agents.setConfig(agentId('performance_monitor'), { every: '1s' });
    const host = new FleetHost({
      state,
      wake,
      types,
      capacity: 100,
      beatMs: 500,
      leaseMs: 8_000,
      labels: {},
      version: '0.0.0',
      log: silentLogger,
    });
    ends.push(() => host.stop());
    await host.start();
    const app = await buildServer({ state, access, wake, modules: builtInModules, types, log: silentLogger, version: '0.0.0', webRoot });
    const server = new HttpServer({ app, host: '127.0.0.1', port: 0 });
    ends.push(() => server.stop());
    await server.start();
    const url = `http://127.0.0.1:${server.port}`;
    return {
      url,
      state,
      network,
      key: async (role) => {
        const { key, keyId, secretHash } = newKey();
        await access.addKey({ keyId, name: role, secretHash, role, scopes: null, createdBy: 'test', expiresAt: null });
        return key;
      },
      signInLink: (lifetimeMs = 15 * MINUTE) => signInLink(url, access, lifetimeMs),
      [Symbol.asyncDispose]: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** As the release does it: in a process of its own, because vitest's NODE_ENV would give React's development build. */
async function buildWeb(outDir: string): Promise<void> {
  await promisify(execFile)(process.execPath, [VITE, 'build', '--outDir', outDir, '--emptyOutDir', '--logLevel', 'warn'], {
    cwd: ROOT,
    env: { ...process.env, NODE_ENV: 'production' },
  });
}

async function signInLink(url: string, access: Access, lifetimeMs: number): Promise<string> {
  const token = newToken();
  await access.addLink({ tokenHash: sha256(token), role: 'administrator', createdBy: 'test', lifetimeMs });
  return `${url}/sign-in?token=${token}`;
}
