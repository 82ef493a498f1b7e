import { z } from 'zod';
import type { Api } from '../../../http/api.ts';
import { principalOf, requireAllProjects } from '../../../http/principal.ts';
import { Nothing, problems } from '../../../http/schemas.ts';
import type { ModuleServices } from '../../module.ts';
import { addAccountingRoutes } from './accounting-routes.ts';
import type { ProviderRecord } from './provider.ts';
import { readHealth } from './provider-health.ts';
import { noProvider, Providers } from './providers.ts';
import { GivenProvider, ProviderName, putProvider, testProvider } from './set-up.ts';
import { ProviderView, providerView, providerViews } from './views.ts';

const NameParams = z.strictObject({ name: ProviderName });

const TestedView = z
  .object({
    provider: z.string(),
    reached: z.boolean(),
    models: z.number().int().nullable().describe('How many it says it has'),
    latency_ms: z.number(),
    error: z.string().nullable(),
    remedy: z.string().nullable(),
  })
  .meta({ id: 'TestedProvider' });

/** The gateway's settings and figures. */
export function addGatewayRoutes(app: Api, services: Pick<ModuleServices, 'state' | 'wake' | 'outbound'>): void {
  addProviderRoutes(app, services);
  addAccountingRoutes(app, services);
}

function addProviderRoutes(app: Api, { outbound, state, wake }: Pick<ModuleServices, 'state' | 'wake' | 'outbound'>): void {
  const providers = new Providers(state.database);
  const viewOf = async (provider: ProviderRecord) => providerView(provider, (await readHealth(state.database)).get(provider.name));

  app.get(
    '/gateway/providers',
    {
      config: { permission: 'gateway:read' },
      schema: {
        tags: ['gateway'],
        summary: 'List the providers that the gateway sends requests to',
        response: { 200: z.object({ items: z.array(ProviderView) }), ...problems() },
      },
    },
    async () => ({ items: [...(await providerViews(state.database))] }),
  );

  app.get(
    '/gateway/providers/:name',
    {
      config: { permission: 'gateway:read' },
      schema: { tags: ['gateway'], summary: 'Show a provider', params: NameParams, response: { 200: ProviderView, ...problems(404) } },
    },
    async (request) => {
      const provider = await providers.get(request.params.name);
      if (provider === undefined) throw noProvider(request.params.name);
      return viewOf(provider);
    },
  );

  app.put(
    '/gateway/providers/:name',
    {
      config: { permission: 'gateway:manage' },
      schema: {
        tags: ['gateway'],
        summary: 'Add a provider, or change it into this; a key that is left out stays',
        params: NameParams,
        body: GivenProvider,
        response: { 200: ProviderView, ...problems(413) },
      },
    },
    async (request) => {
      requireAllProjects(principalOf(request));
      const provider = await putProvider(request.params.name, request.body, { state, outbound, by: principalOf(request).subject });
      wake.hint('gateway');
      return viewOf(provider);
    },
  );

  app.delete(
    '/gateway/providers/:name',
    {
      config: { permission: 'gateway:manage' },
      schema: { tags: ['gateway'], summary: 'Remove a provider', params: NameParams, response: { 204: Nothing, ...problems(404) } },
    },
    async (request, reply) => {
      requireAllProjects(principalOf(request));
      if (!(await providers.remove(request.params.name))) throw noProvider(request.params.name);
      wake.hint('gateway');
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/gateway/providers/:name/test',
    {
      config: { permission: 'gateway:manage' },
      schema: {
        tags: ['gateway'],
        summary: 'Ask a provider for its models, to see whether its address and key are right',
        params: NameParams,
        response: { 200: TestedView, ...problems(404) },
      },
    },
    (request) => testProvider(request.params.name, { state, outbound }),
  );
}
