import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { MusterError } from '../../base/errors.ts';
import { principalOf } from '../../http/principal.ts';
import type { Api } from '../../http/api.ts';
import { decodeCursor, pageOf as cut } from '../../http/cursor.ts';
import { matchesEtag } from '../../http/etag.ts';
import { CursorText, Limit, Nothing, pageOf, problems, text } from '../../http/schemas.ts';
import { SystemStateView } from '../schemas/fleet.ts';
import type { Services } from '../services.ts';
import { systemStateView } from '../views.ts';

const TAG = ['system state'];
const LIST = 'system-state';
const KeyParams = z.object({ key: text(1, 255) });
const ValueBody = z
  .strictObject({ value: z.unknown() })
  .refine((body) => Object.hasOwn(body, 'value'), { path: ['value'], message: 'is missing' })
  .meta({ id: 'SystemStateValue', examples: [{ value: { frozen: true } }] });

export function addSystemStateRoutes(app: Api, { state }: Services): void {
  const { systemState } = state;

  app.get(
    '/system-state',
    {
      config: { permission: 'system-state:read' },
      schema: {
        tags: TAG,
        summary: 'List entries in order of key',
        querystring: z.strictObject({ limit: Limit, cursor: CursorText.optional(), prefix: text(1, 255).optional() }),
        response: { 200: pageOf(SystemStateView), ...problems() },
      },
    },
    async (request) => {
      const { limit, cursor, prefix } = request.query;
      const after = decodeCursor(LIST, cursor);
      const entries = await systemState.list(prefix === undefined ? {} : { prefix }, {
        limit: limit + 1,
        ...(after === undefined ? {} : { after }),
      });
      const page = cut(LIST, entries, limit, (entry) => entry.key);
      return { items: page.items.map(systemStateView), next_cursor: page.nextCursor };
    },
  );

  app.get(
    '/system-state/:key',
    {
      config: { permission: 'system-state:read' },
      schema: {
        tags: TAG,
        summary: 'Show an entry; its ETag is its revision',
        params: KeyParams,
        response: { 200: SystemStateView, ...problems(404) },
      },
    },
    async (request, reply) => {
      const entry = await systemState.get(request.params.key);
      if (entry === undefined) throw missing(request.params.key);
      void reply.header('etag', etag(entry.revision)).header('cache-control', 'private, no-cache');
      if (matchesEtag(request.headers['if-none-match'], etag(entry.revision))) return (reply as FastifyReply).code(304).send();
      return systemStateView(entry);
    },
  );

  app.put(
    '/system-state/:key',
    {
      config: { permission: 'system-state:write' },
      schema: {
        tags: TAG,
        summary: 'Write an entry',
        description: 'If-Match with the ETag of the entry writes only if it is still the same; If-None-Match: * only if there is none.',
        params: KeyParams,
        body: ValueBody,
        response: { 200: SystemStateView, ...problems(412, 413) },
      },
    },
    async (request, reply) => {
      const { key } = request.params;
      const revision = await expected(key, request.headers['if-match'], request.headers['if-none-match']);
      const entry = await systemState.set(
        key,
        request.body.value,
        principalOf(request).subject,
        revision === undefined ? {} : { revision },
      );
      void reply.header('etag', etag(entry.revision));
      return systemStateView(entry);
    },
  );

  app.delete(
    '/system-state/:key',
    {
      config: { permission: 'system-state:write' },
      schema: { tags: TAG, summary: 'Delete an entry', params: KeyParams, response: { 204: Nothing, ...problems(404, 412) } },
    },
    async (request, reply) => {
      const { key } = request.params;
      const revision = await expected(key, request.headers['if-match'], undefined);
      const deleted = await systemState.delete(key, principalOf(request).subject, revision === undefined ? {} : { revision });
      if (!deleted) throw missing(key);
      return reply.code(204).send(null);
    },
  );

  /** The revision that a write insists on; undefined: any. */
  const expected = async (key: string, ifMatch: string | undefined, ifNoneMatch: string | undefined): Promise<number | undefined> => {
    if (ifNoneMatch !== undefined) {
      if (ifNoneMatch.trim() !== '*') throw new MusterError('MALFORMED', 'If-None-Match of a write can only be *');
      return 0;
    }
    if (ifMatch === undefined) return undefined;
    if (ifMatch.trim() === '*') {
      const entry = await systemState.get(key);
      if (entry === undefined) throw new MusterError('PRECONDITION_FAILED', `"${key}" does not exist`);
      return entry.revision;
    }
    const revision = /^"(\d{1,15})"$/.exec(ifMatch.trim())?.[1];
    if (revision === undefined) throw new MusterError('PRECONDITION_FAILED', 'If-Match is not an ETag of an entry');
    return Number(revision);
  };
}

const etag = (revision: number): string => `"${revision}"`;
const missing = (key: string): MusterError => new MusterError('NOT_FOUND', `system state "${key}" does not exist`);
