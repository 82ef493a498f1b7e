import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Api } from '../../../http/api.ts';
import { principalOf, requireAllProjects } from '../../../http/principal.ts';
import { Nothing, problems } from '../../../http/schemas.ts';
import type { ModuleServices } from '../../module.ts';
import { ForwardChanges, ForwardName, Forwards, GivenForward } from './set-up.ts';
import { ForwardView } from './views.ts';

const NameParams = z.strictObject({ name: ForwardName });

/** Where runs are passed on to. */
export function addForwardRoutes(app: Api, { state, wake }: Pick<ModuleServices, 'state' | 'wake'>): void {
  const forwards = new Forwards(state, wake);

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
    async () => ({ items: [...(await forwards.list())] }),
  );

  app.post(
    '/traces/forwards',
    {
      preHandler: forAllProjects,
      config: { permission: 'traces:manage' },
      schema: {
        tags: ['traces'],
        summary: 'Pass runs on to LangSmith, or to a collector of OpenTelemetry',
        body: GivenForward,
        response: { 201: ForwardView, ...problems(404, 409, 413) },
      },
    },
    async (request, reply) => reply.code(201).send(await forwards.add(request.body, principalOf(request).subject, [request.host])),
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
    (request) => forwards.show(request.params.name),
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
        body: ForwardChanges,
        response: { 200: ForwardView, ...problems(404, 413) },
      },
    },
    (request) => forwards.change(request.params.name, request.body, [request.host]),
  );

  app.delete(
    '/traces/forwards/:name',
    {
      preHandler: forAllProjects,
      config: { permission: 'traces:manage' },
      schema: { tags: ['traces'], summary: 'Forward no more', params: NameParams, response: { 204: Nothing, ...problems(404) } },
    },
    async (request, reply) => {
      await forwards.remove(request.params.name);
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
      (request) => forwards.enable(request.params.name, verb === 'resume'),
    );
}

/** A forward names other places, and may carry the runs of every project. */
const forAllProjects = async (request: FastifyRequest): Promise<void> => requireAllProjects(principalOf(request));
