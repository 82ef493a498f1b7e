import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isMusterError, MusterError } from '../../../base/errors.ts';
import { durationMs } from '../../../base/duration.ts';
import type { Api } from '../../../http/api.ts';
import { principalOf, requireAllProjects } from '../../../http/principal.ts';
import { Nothing, problems, text } from '../../../http/schemas.ts';
import type { ModuleServices } from '../../module.ts';
import { Projects } from '../projects/projects.ts';
import { FORWARDS_TOPIC } from './forward-service.ts';
import { backlogOf, ForwardStore } from './forward-store.ts';
import { sealedAs, type Forward, type ForwardOptions } from './forward.ts';
import { ForwardView, forwardView } from './views.ts';

const Name = text(1, 100)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'letters, digits, _ . - only')
  .describe('Letters, digits, _ . -');
const NameParams = z.strictObject({ name: Name });
const Headers = z
  .record(
    text(1, 200).regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not the name of a header'),
    text(0, 4_000).regex(/^[^\r\n]*$/, 'is more than one line'),
  )
  .describe('Sent with each request, kept sealed');
const Patience = text(1, 20)
  .meta({ examples: ['1h', '30s'] })
  .describe('A run that has not ended by then is sent as it is. Default 1h');
const Url = text(1, 2_000).describe(
  'LangSmith: what LANGSMITH_ENDPOINT would be. OpenTelemetry: what OTEL_EXPORTER_OTLP_ENDPOINT would be',
);

const Changes = z.strictObject({
  endpoint: Url.optional(),
  api_key: text(1, 4_000)
    .regex(/^[^\r\n]*$/, 'is more than one line')
    .optional()
    .describe('Sent as x-api-key, kept sealed'),
  headers: Headers.optional(),
  target_project: text(1, 512).nullable().optional().describe('What the project is called there. Default: as here'),
  encoding: z.enum(['protobuf', 'json']).optional().describe('Of spans. Default protobuf'),
  workspace_id: text(1, 100).optional().describe('Sent to LangSmith as x-tenant-id'),
  patience: Patience.optional(),
});

const NewForward = Changes.extend({
  name: Name,
  kind: z.enum(['langsmith', 'otlp']),
  endpoint: Url,
  project: text(1, 512).optional().describe('By name or id. Default: all'),
  from: z.enum(['now', 'beginning']).optional().describe('beginning: with all runs that are kept, the newest million at most. Default now'),
});

/** Where runs are passed on to. */
export function addForwardRoutes(app: Api, { state, wake }: Pick<ModuleServices, 'state' | 'wake'>): void {
  const store = new ForwardStore(state.database);
  const projects = new Projects(state.database);
  const byId = async (text: string) => (z.guid().safeParse(text).success ? projects.byId(text.toLowerCase()) : undefined);
  const view = async (forward: Forward) => forwardView(forward, await backlogOf(state.database, forward.name));
  const shown = async (name: string) => {
    const forward = await store.get(name);
    if (forward === undefined) throw noForward(name);
    return view(forward);
  };
  const sealed = async (name: string, { api_key: apiKey, headers }: z.output<typeof Changes>): Promise<string | null> =>
    apiKey === undefined && headers === undefined ? null : state.secrets.seal(JSON.stringify({ apiKey, headers }), sealedAs(name));

  app.get(
    '/traces/forwards',
    {
      preHandler: forAllProjects,
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'List where runs are passed on to, how far each has come and what stops it',
        response: { 200: z.object({ items: z.array(ForwardView) }), ...problems() },
      },
    },
    async () => ({ items: await Promise.all((await store.list()).map(view)) }),
  );

  app.post(
    '/traces/forwards',
    {
      preHandler: forAllProjects,
      config: { permission: 'traces:manage' },
      schema: {
        tags: ['traces'],
        summary: 'Pass runs on to LangSmith, or to a collector of OpenTelemetry',
        body: NewForward,
        response: { 201: ForwardView, ...problems(404, 409, 413) },
      },
    },
    async (request, reply) => {
      const { name, kind, endpoint, project, target_project: targetProject = null, from = 'now', ...more } = request.body;
      refuseBadAddress(endpoint, request);
      const source = project === undefined ? undefined : ((await projects.byName(project)) ?? (await byId(project)));
      if (project !== undefined && source === undefined)
        throw new MusterError('NOT_FOUND', `there is no project ${project}`, { remedy: 'Name one that has runs, or none to forward all.' });
      await store.add(
        {
          name,
          kind,
          endpoint,
          secrets: await sealed(name, more),
          projectNo: source?.projectNo ?? null,
          targetProject,
          options: optionsOf(more),
          from,
        },
        principalOf(request).subject,
      );
      wake.hint(FORWARDS_TOPIC);
      return reply.code(201).send(await shown(name));
    },
  );

  app.get(
    '/traces/forwards/:name',
    {
      preHandler: forAllProjects,
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'Show a forward: its backlog, its last error, what was refused',
        params: NameParams,
        response: { 200: ForwardView, ...problems(404) },
      },
    },
    async (request) => shown(request.params.name),
  );

  app.patch(
    '/traces/forwards/:name',
    {
      preHandler: forAllProjects,
      config: { permission: 'traces:manage' },
      schema: {
        tags: ['traces'],
        summary: 'Change a forward; its place stays, and what failed is tried at once',
        params: NameParams,
        body: Changes,
        response: { 200: ForwardView, ...problems(404, 413) },
      },
    },
    async (request) => {
      const { name } = request.params;
      const { endpoint, target_project: targetProject, ...more } = request.body;
      if (endpoint !== undefined) refuseBadAddress(endpoint, request);
      // A key belongs to its address: whoever points a forward elsewhere must know it.
      if (endpoint !== undefined && more.api_key === undefined && more.headers === undefined) {
        const there = await store.get(name);
        if (there !== undefined && there.secrets !== null && new URL(there.endpoint).origin !== new URL(endpoint).origin)
          throw new MusterError('INVALID_INPUT', 'another address needs its key said again', {
            remedy: 'Send api_key or headers with endpoint.',
          });
      }
      const changed = await store.change(name, {
        ...(endpoint === undefined ? {} : { endpoint }),
        ...(targetProject === undefined ? {} : { targetProject }),
        secrets: await sealed(name, more),
        options: optionsOf(more),
      });
      if (!changed) throw noForward(name);
      wake.hint(FORWARDS_TOPIC);
      return shown(name);
    },
  );

  app.delete(
    '/traces/forwards/:name',
    {
      preHandler: forAllProjects,
      config: { permission: 'traces:manage' },
      schema: { tags: ['traces'], summary: 'Forward no more', params: NameParams, response: { 204: Nothing, ...problems(404) } },
    },
    async (request, reply) => {
      if (!(await store.remove(request.params.name))) throw noForward(request.params.name);
      return reply.code(204).send(null);
    },
  );

  for (const [verb, summary] of [
    ['pause', 'Send nothing for now; its place is kept'],
    ['resume', 'Go on where it stopped; what failed is tried at once'],
  ] as const)
    app.post(
      `/traces/forwards/:name/${verb}`,
      {
        preHandler: forAllProjects,
        config: { permission: 'traces:manage' },
        schema: { tags: ['traces'], summary, params: NameParams, response: { 200: ForwardView, ...problems(404) } },
      },
      async (request) => {
        const { name } = request.params;
        if (!(await store.change(name, { enabled: verb === 'resume' }))) throw noForward(name);
        wake.hint(FORWARDS_TOPIC);
        return shown(name);
      },
    );
}

/** A forward names other places, and may carry the runs of every project. */
const forAllProjects = async (request: FastifyRequest): Promise<void> => requireAllProjects(principalOf(request));

const noForward = (name: string): MusterError =>
  new MusterError('NOT_FOUND', `there is no forward ${name}`, { remedy: 'GET /api/v1/traces/forwards lists those there are.' });

function optionsOf({ encoding, workspace_id: workspaceId, patience }: z.output<typeof Changes>): ForwardOptions {
  return { encoding, workspaceId, patienceMs: patience === undefined ? undefined : patienceOf(patience) };
}

function patienceOf(said: string): number {
  try {
    const ms = durationMs(said);
    if (ms <= 7 * 86_400_000) return ms;
  } catch (error) {
    if (!isMusterError(error)) throw error;
  }
  throw new MusterError('INVALID_INPUT', `patience ${said} is not a time of at most a week`, { remedy: 'Write it as 1h, 30m or 10s.' });
}

/** What is no address of the web, and Muster's own: it would pass to itself what it passed to itself, for ever. */
function refuseBadAddress(endpoint: string, request: FastifyRequest): void {
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))
    throw new MusterError('INVALID_INPUT', 'endpoint is no address of the web', { remedy: 'Write it as https://host/path.' });
  const url = new URL(endpoint);
  if (url.username !== '' || url.password !== '')
    throw new MusterError('INVALID_INPUT', 'a user and password do not belong in an address', { remedy: 'Send a key, or headers.' });
  if (url.host === new URL(`${url.protocol}//${request.host}`).host)
    throw new MusterError('INVALID_INPUT', 'endpoint is this Muster itself', { remedy: 'Name another server.' });
}
