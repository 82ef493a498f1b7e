import { randomUUID } from 'node:crypto';
import cookies from '@fastify/cookie';
import helmet from '@fastify/helmet';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { AnyAgentDefinition } from '../agent/index.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { MusterError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { PostgresAdapter } from '../db/adapter.ts';
import { checkSchema } from '../db/migrate.ts';
import { sql } from '../db/sql.ts';
import type { HostStatus } from '../fleet/index.ts';
import type { Module, ModuleServices } from '../modules/module.ts';
import { createOutbound, type Outbound } from '../outbound/index.ts';
import type { Access } from '../state/access.ts';
import { coreMigrations } from '../state/migrations.ts';
import type { SharedState } from '../state/shared-state.ts';
import { Authenticator } from './access/authenticator.ts';
import { bootstrapKey } from './access/bootstrap-key.ts';
import { addDoor } from './access/door.ts';
import { HostCheck, isLoopbackHost } from './access/origin.ts';
import type { Agents } from '../state/agents.ts';
import { AgentTypes } from './agent-types.ts';
import type { Api } from '../http/api.ts';
import { answerBrokenRequests } from './broken-request.ts';
import { addDashboard, defaultWebRoot, isPage, sendPage } from './dashboard.ts';
import { addJsonBodies } from '../http/json-body.ts';
import { AgentBoard } from './live/agent-board.ts';
import { EventStreams } from './live/event-streams.ts';
import { EventTail, type WakeSource } from './live/event-tail.ts';
import { hostSources, serverSources } from './metric-sources.ts';
import { addOpenapi, addOpenapiRoute } from './openapi.ts';
import { errorHandler, sendProblem, visibleError } from '../http/problem.ts';
import { Readiness } from './readiness.ts';
import { RouteTable } from './route-table.ts';
import { addAgentRoutes } from './routes/agents.ts';
import { addCommandRoutes } from './routes/commands.ts';
import { addEventRoutes } from './routes/events.ts';
import { addHealthRoutes } from './routes/health.ts';
import { addHeartbeatRoutes } from './routes/heartbeats.ts';
import { addHostRoutes } from './routes/hosts.ts';
import { addImplementationRoutes } from './routes/implementations.ts';
import { addKeyRoutes } from './routes/keys.ts';
import { addLedgerRoutes } from './routes/ledger.ts';
import { addMetricRoutes } from './routes/metrics.ts';
import { addProbeRoutes } from './routes/probes.ts';
import { addScrapeRoute } from './routes/scrape.ts';
import { addSessionRoutes } from './routes/session.ts';
import { addSystemStateRoutes } from './routes/system-state.ts';
import type { Services } from './services.ts';
import { Telemetry } from './telemetry.ts';
import { agentView } from './views.ts';

export { HttpServer, type HttpServerOptions } from './http-server.ts';

const API = '/api/v1';
const MAX_BODY_BYTES = 1_048_576;
const MAX_URL_LENGTH = 8_192;
const MAX_HEADER_BYTES = 16_384;
/** A request must have arrived whole in this time; Node alone would wait for five minutes. */
const REQUEST_TIMEOUT_MS = 10_000;
const HEADERS_TIMEOUT_MS = 5_000;

export interface ServerOptions {
  readonly state: SharedState;
  readonly access: Access;
  readonly wake: WakeSource;
  readonly modules: readonly Module[];
  readonly types: readonly AnyAgentDefinition[];
  readonly log: Logger;
  readonly version: string;
  /** MUSTER_BOOTSTRAP_KEY: an administrator's key of 12 or more characters, kept in memory only. */
  readonly bootstrapKey?: string | undefined;
  /** Names besides those of loopback by which clients reach a server that is bound to it: that of a proxy in front. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** The address people use, where a proxy ends TLS in front: with https, cookies are Secure. */
  readonly publicUrl?: string | undefined;
  /** Proxies whose X-Forwarded-For is believed. None by default. */
  readonly trustProxy?: readonly string[] | undefined;
  /** The built dashboard. Default: where the build puts it; null: none. */
  readonly webRoot?: string | null | undefined;
  /** Of the host in the same process, for /metrics. */
  readonly hostStatus?: (() => HostStatus | undefined) | undefined;
  /** How requests reach the outside. Default: the public internet alone, and no commands. */
  readonly outbound?: Outbound | undefined;
  readonly clock?: Clock | undefined;
  /** Where modules may keep files of this server. Default: nowhere. */
  readonly dataDir?: string | undefined;
}

/** The HTTP application: API, probes, metrics and dashboard. Listens nowhere yet; HttpServer does. */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const { log } = options;
  const app = createApp(options);
  const secure = options.publicUrl?.startsWith('https:') === true;
  const cookie = { name: secure ? '__Host-muster_session' : 'muster_session', secure };
  const services = createServices(app, options, cookie);
  const telemetry = new Telemetry(services, [
    ...serverSources(services),
    ...(options.hostStatus === undefined ? [] : hostSources(options.hostStatus)),
  ]);
  const readiness = createReadiness(options, services.clock);

  app.addHook('preClose', async () => {
    readiness.drain();
    services.streams.close();
  });
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id);
    checkUrl(request);
  });
  telemetry.watch(app);
  await app.register(helmet, securityHeaders(secure));
  await app.register(cookies);
  addDoor(app, { authenticator: services.authenticator, hosts: hostCheck(app, options), cookieName: cookie.name });
  addJsonBodies(app);
  await addOpenapi(app, { version: options.version, cookieName: cookie.name });

  const webRoot = options.webRoot === undefined ? defaultWebRoot() : (options.webRoot ?? undefined);
  if (webRoot !== undefined) await addDashboard(app, webRoot);
  app.setErrorHandler(errorHandler(log));
  app.setNotFoundHandler((request, reply) => {
    if (webRoot !== undefined && isPage(request)) return sendPage(reply);
    const path = request.url.split('?', 1)[0] ?? '';
    const methods = services.table.methodsOf(path);
    if (methods.length > 0 && !methods.includes(request.method)) {
      void reply.header('allow', methods.join(', '));
      return sendProblem(reply, new MusterError('METHOD_NOT_ALLOWED', `${request.method} is not among ${methods.join(', ')}`), request.id);
    }
    return sendProblem(reply, notFound(path, webRoot), request.id);
  });

  await app.register(async (scope) => {
    addProbeRoutes(scope, readiness);
    addScrapeRoute(scope, telemetry);
  });
  await app.register(async (scope) => addApiRoutes(scope as Api, services, options.modules), { prefix: API });
  for (const module of options.modules) await app.register(async (scope) => module.doors?.(scope, moduleServices(services)));
  await app.ready();
  return app;
}

function createApp(options: ServerOptions) {
  const rewriting = options.modules.filter((module) => module.rewrite !== undefined);
  const app = fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: 65_000,
    http: { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: 1_000 },
    routerOptions: { maxParamLength: 2_048 },
    rewriteUrl: ({ url = '/' }) => rewriting.reduce((path, module) => module.rewrite?.(path) ?? path, url),
    // What arrives while the server stops on a connection that is already open is still answered.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    trustProxy: options.trustProxy === undefined || options.trustProxy.length === 0 ? false : [...options.trustProxy],
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && /^[A-Za-z0-9_-]{8,64}$/.test(given) ? given : randomUUID();
    },
    frameworkErrors: (error, request, reply) =>
      void sendProblem(reply, visibleError(error) ?? new MusterError('MALFORMED', error.message), request.id),
    clientErrorHandler: answerBrokenRequests(options.log),
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  return app;
}

function createServices(app: FastifyInstance, options: ServerOptions, cookie: Services['cookie']): Services {
  const { state, access, wake, log, version } = options;
  const clock = options.clock ?? systemClock;
  const types = new AgentTypes(options.types, { known: state.types, clock });
  app.decorate('agentTypes', { getter: (): AgentTypes => types });
  const list: Agents['list'] = async (filter, page) => {
    await types.refresh();
    return state.agents.list(filter, page);
  };
  const bootstrap = options.bootstrapKey === undefined || options.bootstrapKey === '' ? undefined : bootstrapKey(options.bootstrapKey);
  const tail = new EventTail({ events: state.events, wake, log });
  app.addHook('onClose', () => tail.close());
  return {
    state,
    access,
    wake,
    log,
    dataDir: options.dataDir ?? null,
    version,
    clock,
    outbound: options.outbound ?? createOutbound(),
    types,
    cookie,
    table: new RouteTable(app),
    authenticator: new Authenticator({ access, bootstrap, clock, log }),
    board: new AgentBoard({ agents: { list }, clock, render: (agent) => JSON.stringify(agentView(agent, types)) }),
    streams: new EventStreams({ events: state.events, tail, log }),
  };
}

function addApiRoutes(app: Api, services: Services, modules: readonly Module[]): void {
  addAgentRoutes(app, services);
  addImplementationRoutes(app, services);
  addCommandRoutes(app, services);
  addHeartbeatRoutes(app, services);
  addLedgerRoutes(app, services);
  addMetricRoutes(app, services);
  addSystemStateRoutes(app, services);
  addEventRoutes(app, services);
  addHostRoutes(app, services);
  addHealthRoutes(app, services);
  addSessionRoutes(app, services);
  addKeyRoutes(app, services);
  addOpenapiRoute(app);
  for (const module of modules) module.routes?.(app, moduleServices(services));
}

const moduleServices = ({ state, wake, outbound, log, dataDir }: Services): ModuleServices => ({ state, wake, outbound, log, dataDir });

function createReadiness({ state, modules }: ServerOptions, clock: Clock): Readiness {
  const { database } = state;
  const sets = [
    coreMigrations,
    ...modules.flatMap(({ name, migrations }) => (migrations === undefined ? [] : [{ name, folder: migrations }])),
  ];
  return new Readiness({
    clock,
    ping: () => database.query(sql`select 1`),
    schema: async () => (database instanceof PostgresAdapter ? checkSchema(database, sets) : undefined),
  });
}

/** Only a server on loopback is reachable by every page its user opens, so only there the name must be one of ours. */
function hostCheck(app: FastifyInstance, options: ServerOptions): HostCheck {
  let boundTo = '127.0.0.1';
  app.server.on('listening', () => {
    const address = app.server.address();
    if (typeof address === 'object' && address !== null) boundTo = address.address;
  });
  const publicHost = options.publicUrl === undefined ? [] : [new URL(options.publicUrl).hostname];
  return new HostCheck({ isLoopback: () => isLoopbackHost(boundTo), allowedHosts: [...(options.allowedHosts ?? []), ...publicHost] });
}

function checkUrl(request: FastifyRequest): void {
  if (request.url.length > MAX_URL_LENGTH)
    throw new MusterError('URI_TOO_LONG', `the address has ${request.url.length} characters; ${MAX_URL_LENGTH} are read`);
  if (/%00/.test(request.url)) throw new MusterError('INVALID_INPUT', 'the address holds the character U+0000');
}

const notFound = (path: string, webRoot: string | undefined): MusterError =>
  path === '/' && webRoot === undefined
    ? new MusterError('NOT_FOUND', 'the dashboard is not built', { remedy: 'Run `npm run build`; the API under /api/v1 works without it.' })
    : new MusterError('NOT_FOUND', 'there is nothing at this address', { remedy: 'See /api/v1/openapi.json for what there is.' });

/** No inline script or style, nothing from elsewhere, no frame around it. */
function securityHeaders(secure: boolean) {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        // Sounds that lie in a trace.
        mediaSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
    strictTransportSecurity: secure ? { maxAge: 31_536_000 } : false,
  } as const;
}
