import { z } from 'zod';
import { MusterError } from '../../base/errors.ts';
import { mayUseProject, principalOf } from '../../http/principal.ts';
import { allows, includesRole, isPermission } from '../../http/permissions.ts';
import type { Principal } from '../../http/principal.ts';
import { newKey } from '../access/secrets.ts';
import { createSignInLink, signInUrl } from '../access/sign-in-link.ts';
import type { Api } from '../../http/api.ts';
import { decodeCursor, pageOf as cut } from '../../http/cursor.ts';
import { invalid } from '../../http/problem.ts';
import { FreshKeyView, KeyView, LinkView, NewKeyBody, NewLinkBody } from '../schemas/access.ts';
import { Nothing, PageQuery, pageOf, problems } from '../../http/schemas.ts';
import type { Services } from '../services.ts';
import { isoTime } from '../../http/time.ts';
import { keyView } from '../views.ts';

const TAG = ['access'];

export function addKeyRoutes(app: Api, { access, authenticator, streams, table, clock, log }: Services): void {
  app.get(
    '/keys',
    {
      config: { permission: 'keys:manage' },
      schema: {
        tags: TAG,
        summary: 'List keys, without their secrets',
        querystring: PageQuery,
        response: { 200: pageOf(KeyView), ...problems() },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const after = decodeCursor('keys', cursor);
      const page = cut(
        'keys',
        await access.keys({ limit: limit + 1, ...(after === undefined ? {} : { after }) }),
        limit,
        (key) => key.keyId,
      );
      return { items: page.items.map(keyView), next_cursor: page.nextCursor };
    },
  );

  app.post(
    '/keys',
    {
      config: { permission: 'keys:manage' },
      schema: {
        tags: TAG,
        summary: 'Make a key',
        description: 'Its secret is shown this once. Nobody can grant more, or for longer, than they have.',
        body: NewKeyBody,
        response: { 201: FreshKeyView, ...problems() },
      },
    },
    async (request, reply) => {
      const who = principalOf(request);
      const { name, role, scopes, projects, expires_at: expiresAt } = request.body;
      const narrowed = scopes === undefined ? null : [...new Set(scopes)].toSorted();
      if (narrowed !== null) refuseUnknown(narrowed, new Set<string>(table.permissions));
      const confined = projects === undefined ? null : [...new Set(projects)].toSorted();
      refuseGrant(who, { role, scopes: narrowed, projects: confined, expiresAt: expiresAt ?? null });
      if (expiresAt !== undefined && expiresAt <= clock.now())
        throw invalid([{ pointer: '/expires_at', code: 'too_small', message: 'is in the past' }]);
      const fresh = newKey();
      const record = await access.addKey({
        keyId: fresh.keyId,
        name,
        secretHash: fresh.secretHash,
        role,
        scopes: narrowed,
        projects: confined,
        createdBy: who.subject,
        expiresAt: expiresAt ?? null,
      });
      log.info({ key_id: fresh.keyId, role, by: who.subject }, 'a key was made');
      void reply.header('cache-control', 'no-store');
      return reply.code(201).send({ ...keyView(record), key: fresh.key });
    },
  );

  app.delete(
    '/keys/:key_id',
    {
      config: { permission: 'keys:manage' },
      schema: {
        tags: TAG,
        summary: 'Revoke a key, and end the sessions opened with it',
        description:
          'At once on this server, within a second on the others of the fleet; an open event stream elsewhere ends at its next ping.',
        params: z.object({ key_id: z.string().regex(/^[0-9a-z]{12}$/, 'is not the id of a key') }),
        response: { 204: Nothing, ...problems(404) },
      },
    },
    async (request, reply) => {
      const { key_id: keyId } = request.params;
      const revoked = await access.revokeKey(keyId);
      if (!revoked) throw new MusterError('NOT_FOUND', `there is no key ${keyId} in force`);
      authenticator.forget();
      await streams.recheck();
      log.info({ key_id: keyId, by: principalOf(request).subject }, 'a key was revoked');
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/sign-in-links',
    {
      config: { permission: 'sign-in-links:manage' },
      schema: {
        tags: TAG,
        summary: 'Make a sign-in link for a browser',
        description: 'It works once, within 15 minutes.',
        body: NewLinkBody,
        response: { 201: LinkView, ...problems() },
      },
    },
    async (request, reply) => {
      const who = principalOf(request);
      const { role } = request.body;
      // A session from a link is not bound to the key that made it, so a key that will end cannot make one.
      refuseGrant(who, { role, scopes: null, projects: null, expiresAt: null });
      const link = await createSignInLink(access, { role, createdBy: who.subject });
      log.info({ role, by: who.subject }, 'a sign-in link was made');
      void reply.header('cache-control', 'no-store');
      return reply.code(201).send({
        token: link.token,
        url: signInUrl(`${request.protocol}://${request.host}`, link.token),
        expires_at: isoTime(link.expiresAt),
      });
    },
  );
}

/** What a key confined to projects would give away beyond them. */
function projectsBeyond(who: Principal, projects: readonly string[] | null): string | undefined {
  if (who.projects === null) return undefined;
  return projects === null ? 'all projects: name some' : projects.find((project) => !mayUseProject(who, project));
}

function refuseUnknown(scopes: readonly string[], known: ReadonlySet<string>): void {
  const unknown = scopes.filter((scope) => !known.has(scope));
  if (unknown.length > 0)
    throw invalid(
      unknown.map((scope) => ({ pointer: '/scopes', code: 'unknown_scope', message: `"${scope}" is not one of ${[...known].join(', ')}` })),
    );
}

/** Throws FORBIDDEN where this would give more, or for longer, than its giver has. */
function refuseGrant(who: Principal, grant: Pick<Principal, 'role' | 'scopes' | 'projects' | 'expiresAt'>): void {
  const exceeds = !includesRole(who.role, grant.role)
    ? `the role ${grant.role}`
    : grant.scopes === null && who.scopes !== null
      ? 'all of a role: name scopes'
      : (grant.scopes?.find((scope) => !isPermission(scope) || !allows(who, scope)) ?? projectsBeyond(who, grant.projects));
  if (exceeds !== undefined) throw new MusterError('FORBIDDEN', `nobody can grant what they do not have: ${exceeds}`);
  if (who.keyExpiresAt !== null && (grant.expiresAt === null || grant.expiresAt > who.keyExpiresAt)) {
    throw new MusterError('FORBIDDEN', `the key in use ends at ${isoTime(who.keyExpiresAt)}; it cannot grant anything for longer`);
  }
}
