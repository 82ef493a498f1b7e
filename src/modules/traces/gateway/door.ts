import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MusterError } from '../../../base/errors.ts';
import { principalOf } from '../../../http/principal.ts';
import type { ModuleServices } from '../../module.ts';
import { deferredView, ownDeferred } from './deferral.ts';
import { FACES, type Face } from './face.ts';
import type { Gateway } from './gateway.ts';
import { Models } from './models.ts';
import { refusalHandler } from './refusal.ts';

/** Pictures come within the request, as base64. */
const MOST_BODY_BYTES = 33_554_432;

const SUMMARIES: Readonly<Record<Face, string>> = {
  chat: 'Answer a chat, by the provider of its model (OpenAI’s protocol)',
  responses: 'Answer by the provider of the model (OpenAI’s Responses API)',
  embeddings: 'Embed texts by the provider of the model (OpenAI’s protocol)',
  completions: 'Complete a text by the provider of the model (OpenAI’s old protocol)',
};

/** OpenAI takes bodies as they are, and so do its clients send them; a compressed one would be taken for garbage. */
function refuseEncoded({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new MusterError('UNSUPPORTED_MEDIA', `the body comes as ${encoding.slice(0, 50)}`, {
      remedy: 'Send it without content-encoding.',
    });
}

const OFFERED = `${Object.values(FACES)
  .map(({ path }) => `POST ${path}`)
  .join(', ')} and GET /models`;

/** `/openai/v1`: what a client of OpenAI is pointed at, with a key of Muster. */
export function addGatewayDoor(app: FastifyInstance, services: ModuleServices, gateway: Gateway): void {
  const models = new Models(services);
  app.addHook('onClose', () => gateway.close());
  void app.register(
    async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser(
        '*',
        { parseAs: 'buffer', bodyLimit: MOST_BODY_BYTES },
        async (_request: FastifyRequest, body: Buffer) => body,
      );
      scope.addHook('preParsing', async (request) => refuseEncoded(request));
      scope.setErrorHandler(refusalHandler(services.log));
      for (const face of Object.keys(FACES) as readonly Face[])
        scope.post(
          FACES[face].path,
          {
            bodyLimit: MOST_BODY_BYTES,
            config: { permission: 'gateway:write' },
            schema: { tags: ['gateway'], summary: SUMMARIES[face] },
          },
          (request, reply) => gateway.answer(face, request, reply),
        );
      scope.get(
        '/muster/deferred/:id',
        {
          config: { permission: 'gateway:write' },
          schema: { tags: ['gateway'], summary: 'Show a deferred request of the same key, with its answer once there is one' },
        },
        async (request, reply) => {
          const { id } = request.params as { readonly id: string };
          return reply.type('application/json').send(deferredView(await ownDeferred(gateway.deferred, id, principalOf(request))));
        },
      );
      scope.get(
        '/models',
        {
          config: { permission: 'gateway:write' },
          schema: { tags: ['gateway'], summary: 'List the models that can be asked for (OpenAI’s protocol)' },
        },
        async (_request, reply) =>
          reply.type('application/json').send(JSON.stringify({ object: 'list', data: await models.list(await gateway.directory.value()) })),
      );
      scope.get(
        '/models/:model',
        {
          config: { permission: 'gateway:write' },
          schema: { tags: ['gateway'], summary: 'Show a model that can be asked for (OpenAI’s protocol)' },
        },
        async (request, reply) => {
          const { model: id } = request.params as { readonly model: string };
          const found = (await models.list(await gateway.directory.value())).find((model) => model.id === id);
          if (found !== undefined) return reply.type('application/json').send(JSON.stringify(found));
          throw new MusterError('NOT_FOUND', `no provider says it has the model ${id}`, {
            data: { param: 'model', code: 'model_not_found' },
          });
        },
      );
      scope.route({
        method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
        url: '/*',
        config: { permission: 'gateway:write' },
        schema: { tags: ['gateway'], summary: 'What OpenAI has and Muster does not: answers 501' },
        // Before its body is read, which may be anything.
        preParsing: async (request, reply) => {
          // Clients would ask three times otherwise: what answers 500 and more may be better the next time.
          void reply.header('x-should-retry', 'false');
          throw new MusterError(
            'NOT_OFFERED',
            `the gateway does not offer ${request.method} /${(request.params as { '*': string })['*']}`,
            {
              remedy: `It answers ${OFFERED}; for anything else ask the provider itself.`,
            },
          );
        },
        handler: async () => undefined,
      });
    },
    { prefix: '/openai/v1' },
  );
}
