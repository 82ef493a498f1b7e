import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { Api } from '../http/api.ts';
import { etagOf, matchesEtag } from '../http/etag.ts';

const DESCRIPTION = `Runs a fleet of background agents on PostgreSQL.

Lists answer \`{"items": […], "next_cursor": …}\`: pass next_cursor as \`cursor\` for the next page. Times are ISO 8601 in UTC, except the
points of metrics, which are \`[milliseconds since 1970, value]\`. Whatever is refused is answered as application/problem+json (RFC 9457)
with a stable \`code\` and a \`remedy\`; 429 and 503 carry Retry-After.

A key (\`Authorization: Bearer mst_…\` or \`x-api-key\`) has a role: viewer (every \`…:read\`), operator (also \`…:write\`), administrator (also
\`…:manage\`), narrowed by its scopes. Each operation names its permission as x-permission.`;

/** Collects the document from the schemas that validate: register it before the routes. */
export async function addOpenapi(
  app: FastifyInstance,
  { version, cookieName }: { readonly version: string; readonly cookieName: string },
): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Muster', version, description: DESCRIPTION, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key, mst_<id>_<secret>' },
          apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'The same key, for clients that send it so' },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: cookieName,
            description: 'The cookie of a session; writes must come from the same origin',
          },
        },
      },
      security: [{ bearer: [] }, { apiKey: [] }, { session: [] }],
    },
    transform: (document) => {
      const { schema, url } = jsonSchemaTransform(document);
      const permission = document.route.config?.permission;
      return { url, schema: Object.assign(schema ?? {}, permission === undefined ? {} : { 'x-permission': permission }) };
    },
    transformObject: jsonSchemaTransformObject,
    hideUntagged: true,
  });
}

export function addOpenapiRoute(app: Api): void {
  let document: { readonly body: string; readonly etag: string } | undefined;
  app.get(
    '/openapi.json',
    { config: { permission: 'signed-in' }, schema: { tags: ['health'], summary: 'This document' } },
    async (request, reply: FastifyReply) => {
      // Routes do not change once the server listens, so it is written once.
      if (document === undefined) {
        const body = JSON.stringify(tidyComponents(app.swagger() as OpenapiDocument));
        document = { body, etag: etagOf(body) };
      }
      void reply.header('etag', document.etag).header('cache-control', 'private, no-cache');
      if (matchesEtag(request.headers['if-none-match'], document.etag)) return reply.code(304).send();
      return reply.type('application/json; charset=utf-8').send(document.body);
    },
  );
}

interface OpenapiDocument {
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> };
}

const REFERENCE = /"#\/components\/schemas\/([^"]+)"/g;

/**
 * Every schema comes twice, as what is sent and as what is answered (`AgentInput`, `Agent`). Leaves out what nothing refers
 * to, and gives what is only sent its plain name.
 */
function tidyComponents(document: OpenapiDocument): unknown {
  const schemas = document.components?.schemas ?? {};
  const used = new Set<string>();
  const visit = (part: unknown): void => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(REFERENCE)) {
      if (used.has(name)) continue;
      used.add(name);
      visit(schemas[name] ?? {});
    }
  };
  visit({ ...document, components: undefined });
  const plain = (name: string): string => (name.endsWith('Input') && !used.has(name.slice(0, -5)) ? name.slice(0, -5) : name);
  const kept = Object.fromEntries(
    Object.entries(schemas)
      .filter(([name]) => used.has(name))
      .map(([name, schema]) => [plain(name), schema]),
  );
  const tidy = JSON.stringify({ ...document, components: { ...document.components, schemas: kept } });
  const named = tidy.replace(REFERENCE, (_, name: string) => `"#/components/schemas/${plain(name)}"`);
  return JSON.parse(named.replaceAll('"description":"Default Response"', '"description":"OK"'));
}
