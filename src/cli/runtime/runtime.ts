import { setTimeout as delay } from 'node:timers/promises';
import type { MusterError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Config } from '../../config/config.ts';
import type { PostgresAdapter } from '../../db/adapter.ts';
import type { WakeUps } from '../../db/wake-ups.ts';
import type { FleetHost } from '../../fleet/host.ts';
import type { HttpServer } from '../../server/app.ts';
import type { Access } from '../../state/access.ts';
import type { SharedState } from '../../state/shared-state.ts';
import type { EmbeddedDatabase } from './embedded-database.ts';
import { openDatabase } from './open-database.ts';
import type { Reload } from './own-code.ts';
import { forgetAddress, rememberAddress } from './server-address.ts';
import type { Steps } from './steps.ts';

export interface RuntimeOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly version: string;
  /** Runs agents. */
  readonly host: boolean;
  /** Serves API and dashboard. */
  readonly server: boolean;
  /** Starts the embedded server where there is no DATABASE_URL; false: one must be running. */
  readonly startsEmbedded: boolean;
  /** Lets the synthetic agents make load. */
  readonly demo: boolean;
  /** Told when agents of the user's own were loaded again because their files changed; undefined: their files are not watched. */
  readonly reloaded?: ((reload: Reload) => void) | undefined;
}

/** What a running Muster offers to the command that started it. */
export interface Running {
  readonly state: SharedState;
  readonly access: Access;
  readonly wake: WakeUps;
  readonly database: PostgresAdapter;
  readonly embedded: EmbeddedDatabase | undefined;
  readonly serverVersion: string;
  readonly host: FleetHost | undefined;
  readonly server: HttpServer | undefined;
}

/** How long each part of a forced end may take. */
const FORCE_MS = 3_000;

/**
 * The composition root: opens the database, migrates, and starts host and server on it, each as soon as what it needs is
 * there. Stops in the opposite order; the embedded server last, whatever happened before.
 */
export class Runtime {
  readonly #options: RuntimeOptions;
  readonly #lost: (error: MusterError) => void;
  readonly #databaseLost = new AbortController();
  /** Rejects when the runtime cannot go on: the embedded server died for good, the host failed. */
  readonly lost: Promise<never>;
  /** In order of their start. */
  readonly #services: { readonly name: string; readonly stop: (force: boolean) => Promise<void> }[] = [];
  #embedded: EmbeddedDatabase | undefined;
  #starting: Promise<unknown> = Promise.resolve();

  constructor(options: RuntimeOptions) {
    this.#options = options;
    let reject: (error: MusterError) => void = () => undefined;
    this.lost = new Promise((_, rejected) => {
      reject = rejected;
    });
    this.lost.catch(() => undefined); // whoever cares awaits it; until then it must not end the process
    this.#lost = reject;
  }

  async start(steps: Steps): Promise<Running> {
    const starting = this.#start(steps);
    this.#starting = starting.catch(() => undefined); // its error is thrown below
    try {
      return await starting;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends everything that was started. With `force`, without waiting for what is under way. */
  async stop(steps?: Steps, force = false): Promise<void> {
    const failures: unknown[] = [];
    for (let service = this.#services.pop(); service !== undefined; service = this.#services.pop()) {
      const { name, stop } = service;
      try {
        await (steps === undefined ? stop(force) : steps.run(name, () => stop(force)));
      } catch (error) {
        this.#options.log.error({ error, service: name }, 'could not be stopped in order');
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Ends everything at once, also in the middle of a start or a stop. */
  async force(): Promise<void> {
    await Promise.race([this.#starting, delay(FORCE_MS)]);
    await Promise.race([this.stop(undefined, true), delay(FORCE_MS)]);
    this.#embedded?.kill();
  }

  async #start(steps: Steps): Promise<Running> {
    const { config, log, version } = this.#options;
    // Heavy modules are read from disk while PostgreSQL starts in a process of its own.
    const loading = loadRooms(this.#options);
    loading.catch(() => undefined); // awaited below; a failing database is told first
    const { adapter, embedded, serverVersion } = await openDatabase({
      config,
      log,
      steps,
      applicationName: 'muster',
      startsEmbedded: this.#options.startsEmbedded,
      onLost: (error) => {
        this.#databaseLost.abort(error);
        this.#lost(error);
      },
    });
    this.#embedded = embedded;
    if (embedded !== undefined) this.#stopLater('PostgreSQL stopped', (force) => embedded.stop(force ? 'immediate' : 'fast'));
    this.#stopLater('connections closed', () => adapter.stop());

    const rooms = await loading;
    await rooms.migrateAll(adapter, rooms.modules, steps);
    const wake = new rooms.WakeUps(adapter, { log });
    const state = rooms.createSharedState(adapter, {
      leaseMs: config.host.leaseMs,
      wake,
      secrets: config.secretKeys,
      ...rooms.retentionOf(config),
    });
    const access = rooms.createAccess(adapter);
    const outbound = rooms.createOutbound(config.outbound);
    const types = rooms.withInstallationDefaults(rooms.agentTypes(rooms.modules), config);
    await Promise.all([
      wake.start(),
      steps.run('default agents', () => state.agents.ensure(rooms.defaultAgents(rooms.modules, this.#options.demo))),
    ]);
    this.#stopLater('wake-ups ended', async () => {
      await state.metrics.stop();
      await wake.stop();
    });
    const ruleBook = new rooms.RuleBook({ config, state, wake, log, watches: this.#options.host });
    this.#stopLater('rules no longer watched', () => ruleBook.stop());
    await steps.run('rules', () => ruleBook.start());

    let app: Awaited<ReturnType<NonNullable<Rooms['http']>['buildServer']>> | undefined;
    let fleetHost: FleetHost | undefined;
    const startHost = async (FleetHost: NonNullable<Rooms['FleetHost']>): Promise<FleetHost> => {
      const { beatMs, leaseMs, capacity, labels } = config.host;
      const host = new FleetHost({
        state,
        wake,
        outbound,
        direct: adapter,
        types,
        codeFolder: rooms.codeFolderOf(config.dataDir),
        capacity,
        beatMs,
        leaseMs,
        labels,
        version,
        log,
      });
      fleetHost = host;
      this.#stopLater('agents stopped', () => host.stop());
      await host.start();
      const site = {
        state,
        wake,
        outbound,
        dataDir: config.dataDir,
        log,
        hostId: () => host.status?.hostId,
        databaseLost: this.#databaseLost.signal,
      };
      for (const service of rooms.modules.flatMap((module) => module.services?.(site) ?? [])) {
        this.#stopLater('watches ended', () => service.stop());
        await service.start();
      }
      return host;
    };
    const startServer = async ({ buildServer, HttpServer }: NonNullable<Rooms['http']>): Promise<HttpServer> => {
      app = await buildServer({
        state,
        access,
        wake,
        outbound,
        modules: rooms.modules,
        types,
        log,
        version,
        bootstrapKey: config.server.bootstrapKey,
        publicUrl: config.server.publicUrl,
        allowedHosts: config.server.allowedHosts,
        trustProxy: config.server.trustProxy,
        dataDir: config.dataDir,
        hostStatus: () => fleetHost?.status,
      });
      const server = new HttpServer({ app, host: config.server.host, port: config.server.port, log });
      this.#stopLater('server closed', async () => {
        await forgetAddress(config.dataDir);
        await server.stop();
      });
      await server.start();
      await rememberAddress(config.dataDir, { host: config.server.host, port: server.port, pid: process.pid });
      return server;
    };
    const { FleetHost, http } = rooms;
    const [host, server] = await Promise.all([
      FleetHost === undefined ? undefined : steps.run('host', () => startHost(FleetHost)),
      http === undefined
        ? undefined
        : steps.run(
            'API and dashboard',
            () => startServer(http),
            ({ port }) => `${config.server.host}:${port}`,
          ),
    ]);
    const { reloaded } = this.#options;
    if (reloaded !== undefined) {
      const { OwnCode } = await import('./own-code.ts');
      const ownCode = new OwnCode({
        config,
        reloaded,
        adopt: async (modules) => {
          const renewed = rooms.withInstallationDefaults(rooms.agentTypes(modules), config);
          host?.adopt(renewed);
          app?.agentTypes.adopt(renewed);
          await state.agents.ensure(rooms.defaultAgents(modules, this.#options.demo));
        },
      });
      this.#stopLater('files no longer watched', () => ownCode.stop());
      await ownCode.start();
    }
    return { state, access, wake, database: adapter, embedded, serverVersion, host, server };
  }

  #stopLater(name: string, stop: (force: boolean) => Promise<void>): void {
    this.#services.push({ name, stop });
  }
}

type Rooms = Awaited<ReturnType<typeof loadRooms>>;

async function loadRooms({ config, host, reloaded, server }: RuntimeOptions) {
  const [
    parts,
    installation,
    { RuleBook },
    { WakeUps },
    { createSharedState },
    { createAccess },
    { createOutbound },
    { migrateAll },
    fleet,
    http,
  ] = await Promise.all([
    import('./parts.ts'),
    import('./installation.ts'),
    import('./rule-book.ts'),
    import('../../db/wake-ups.ts'),
    import('../../state/create-shared-state.ts'),
    import('../../state/access.ts'),
    import('../../outbound/index.ts'),
    import('./migrate-all.ts'),
    host ? import('../../fleet/host.ts') : undefined,
    server ? import('../../server/app.ts') : undefined,
  ]);
  const modules = await parts.loadModules(config, { bundles: reloaded !== undefined });
  const { agentTypes, codeFolderOf, defaultAgents } = parts;
  return {
    agentTypes,
    codeFolderOf,
    defaultAgents,
    ...installation,
    modules,
    RuleBook,
    WakeUps,
    createSharedState,
    createAccess,
    createOutbound,
    migrateAll,
    FleetHost: fleet?.FleetHost,
    http,
  };
}
