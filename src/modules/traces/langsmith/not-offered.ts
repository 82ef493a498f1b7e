import type { FastifyInstance } from 'fastify';
import { MusterError } from '../../../base/errors.ts';

/** What LangSmith has and SDKs may ask for, and what to do instead. The first that fits speaks. */
const MISSING: readonly { readonly path: RegExp; readonly what: string; readonly instead: string }[] = [
  {
    path: /^\/datasets\/[^/]+\/(openai|openai_ft|csv|jsonl)$/,
    what: 'datasets as files by the SDK',
    instead: 'Use `GET /api/v1/traces/datasets/{name}/export`.',
  },
  {
    path: /^\/datasets\/[^/]+\/(index|search|remove-index|sync)/,
    what: 'the search for similar examples',
    instead: 'Find examples with listExamples by filter, metadata, splits and ids.',
  },
  {
    path: /^\/public\//,
    what: 'this of what is shared',
    instead: 'Shared traces, and shared datasets with their examples, are read by their token; give whoever should read experiments a key.',
  },
  {
    path: /^\/annotation-queues\//,
    what: 'this of annotation queues',
    instead: 'Add runs with addRunsToAnnotationQueue, and read them with listRunsFromAnnotationQueue.',
  },
  {
    path: /^\/v2\/sql\//,
    what: 'SQL by the SDK',
    instead: 'Use runs.query with a filter, `GET /api/v1/traces/stats` for figures, or ask the database itself.',
  },
  {
    path: /^\/runs\/rules/,
    what: 'automation rules',
    instead: 'Set up evaluators (`/api/v1/traces/evaluators`) and alerts (`/api/v1/rules`).',
  },
  { path: /^\/(v1\/platform\/)?evaluators/, what: 'evaluators by the SDK', instead: 'Set them up by `/api/v1/traces/evaluators`.' },
  { path: /insights|issues/, what: 'insights', instead: 'Search conversations, and see the scores of evaluators, in the dashboard.' },
  { path: /^\/bulk-exports/, what: 'bulk exports to object stores', instead: 'Stream runs with `GET /api/v1/traces/export`.' },
];

/** Whatever else is asked of LangSmith is told that it is not here, so that it does not look like something that is not found. */
export function addNotOffered(app: FastifyInstance): void {
  app.route({
    method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    url: '/langsmith/*',
    config: { permission: 'traces:read' },
    schema: { tags: ['langsmith'], summary: 'What LangSmith has and Muster does not: answers 501' },
    // Before its body is read, which may be anything.
    preParsing: async (request, reply) => {
      const path = `/${(request.params as { '*': string })['*']}`;
      const missing = MISSING.find((one) => one.path.test(path));
      // SDKs would ask three times otherwise: what answers 500 and more may be better the next time.
      void reply.header('x-should-retry', 'false');
      throw new MusterError('NOT_OFFERED', `Muster does not offer ${missing?.what ?? `${request.method} ${path} of LangSmith`}`, {
        remedy: missing?.instead ?? 'docs/traces.md lists what of LangSmith is here.',
      });
    },
    handler: async () => undefined,
  });
}
