import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import type { Api } from '../../../http/api.ts';
import { decodeCursor, pageOf as cut } from '../../../http/cursor.ts';
import type { Permission } from '../../../http/permissions.ts';
import { principalOf } from '../../../http/principal.ts';
import { invalid } from '../../../http/problem.ts';
import { Nothing, PageQuery, pageOf, problems, text } from '../../../http/schemas.ts';
import type { NamedKind, NamedRecord, NamedStore } from './named-store.ts';
import { usersOf } from './references.ts';
import { namedView } from './views.ts';

interface NamedRoutes<Document extends { readonly name: string }> {
  readonly path: string;
  readonly tag: string;
  readonly kind: NamedKind;
  readonly plural: string;
  readonly noun: 'on-call' | 'escalations';
  readonly body: z.ZodType<Document>;
  readonly view: z.ZodType;
  readonly store: NamedStore<Document>;
  readonly put: (
    document: Document,
    by: string,
    how?: { readonly mustBeNew?: boolean; readonly revision?: number | undefined },
  ) => Promise<NamedRecord<Document>>;
  readonly changed: () => void;
}

const Params = z.object({ name: text(1, 255) });

/** List, make, show, replace and delete documents of one kind. */
export function addNamedRoutes<Document extends { readonly name: string }>(app: Api, db: Database, routes: NamedRoutes<Document>): void {
  const { body, changed, kind, noun, path, plural, put, store, tag, view } = routes;
  const read: Permission = `${noun}:read`;
  const write: Permission = `${noun}:write`;
  const tags = [tag];
  const a = /^[aeiou]/.test(kind) ? 'an' : 'a';
  const missing = (name: string): MusterError => new MusterError('NOT_FOUND', `${kind} "${name}" does not exist`);

  app.get(
    path,
    {
      config: { permission: read },
      schema: {
        tags,
        summary: `List ${plural} in order of name`,
        querystring: PageQuery,
        response: { 200: pageOf(view), ...problems() },
      },
    },
    async ({ query: { cursor, limit } }) => {
      const after = decodeCursor(plural, cursor);
      const page = cut(plural, await store.list({ limit: limit + 1, after }), limit, ({ name }) => name);
      return { items: page.items.map(namedView), next_cursor: page.nextCursor };
    },
  );

  app.post(
    path,
    {
      config: { permission: write },
      schema: { tags, summary: `Make ${a} ${kind}`, body, response: { 201: view, ...problems(409) } },
    },
    async (request, reply) => {
      const record = await put(request.body as Document, principalOf(request).subject, { mustBeNew: true });
      changed();
      void reply.header('location', `/api/v1${path}/${record.name}`).header('etag', `"${record.revision}"`);
      return reply.code(201).send(namedView(record));
    },
  );

  app.get(
    `${path}/:name`,
    {
      config: { permission: read },
      schema: { tags, summary: `Show ${a} ${kind}; its ETag is its revision`, params: Params, response: { 200: view, ...problems(404) } },
    },
    async ({ params: { name } }, reply) => {
      const record = await store.get(name);
      if (record === undefined) throw missing(name);
      void reply.header('etag', `"${record.revision}"`).header('cache-control', 'private, no-cache');
      return namedView(record);
    },
  );

  app.put(
    `${path}/:name`,
    {
      config: { permission: write },
      schema: {
        tags,
        summary: `Make or replace ${a} ${kind}`,
        description: 'If-Match with its ETag writes only if it is still the same.',
        params: Params,
        body,
        response: { 200: view, ...problems(409, 412) },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const document = request.body as Document;
      if (document.name !== name)
        throw invalid([
          { pointer: '/name', code: 'other_name', message: `is not "${name}", the name in the path; a ${kind} keeps its name` },
        ]);
      const revision = expected(request.headers['if-match']);
      if (revision !== undefined && (await store.get(name)) === undefined)
        throw new MusterError('PRECONDITION_FAILED', `${kind} "${name}" does not exist`);
      const record = await put(document, principalOf(request).subject, { revision });
      changed();
      void reply.header('etag', `"${record.revision}"`);
      return namedView(record);
    },
  );

  app.delete(
    `${path}/:name`,
    {
      config: { permission: write },
      schema: {
        tags,
        summary: `Delete ${a} ${kind}; one that something names is kept`,
        params: Params,
        response: { 204: Nothing, ...problems(404, 409) },
      },
    },
    async ({ params: { name } }, reply) => {
      const users = await usersOf(db, kind, name);
      if (users.length > 0)
        throw new MusterError('CONFLICT', `${kind} "${name}" is named by ${users.slice(0, 5).join(', ')}`, {
          remedy: 'Take it out there first.',
        });
      if (!(await store.delete(name))) throw missing(name);
      changed();
      return reply.code(204).send(null);
    },
  );
}

function expected(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const revision = /^"(\d{1,15})"$/.exec(ifMatch.trim())?.[1];
  if (revision === undefined) throw new MusterError('PRECONDITION_FAILED', 'If-Match is not an ETag of ours');
  return Number(revision);
}
