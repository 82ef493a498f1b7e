import { MusterError } from '../../base/errors.ts';
import type { FastifyReply } from 'fastify';
import { SESSION_LIFETIME_MS } from '../access/authenticator.ts';
import { principalOf, unauthenticated, type Principal } from '../../http/principal.ts';
import { isSameOrigin } from '../access/origin.ts';
import { allows } from '../../http/permissions.ts';
import { isToken, newToken, sha256 } from '../access/secrets.ts';
import type { Api } from '../../http/api.ts';
import { Nothing, problems } from '../../http/schemas.ts';
import { SessionView, SignInBody } from '../schemas/access.ts';
import type { Services } from '../services.ts';
import { isoTimeOrNull } from '../../http/time.ts';

const TAG = ['access'];

export function addSessionRoutes(app: Api, { access, authenticator, cookie, table, streams, log }: Services): void {
  app.post(
    '/session',
    {
      config: { permission: 'public' },
      schema: {
        tags: TAG,
        summary: 'Sign in with the token of a sign-in link, or with a key',
        description: 'Answers with a cookie that lasts 7 days, or 12 hours without a request. A link works once.',
        security: [],
        body: SignInBody,
        response: { 201: SessionView, ...problems() },
      },
    },
    async (request, reply) => {
      // A page of a stranger must not sign a visitor in as somebody else.
      if (request.headers.origin !== undefined && !isSameOrigin(request.headers))
        throw new MusterError('FORBIDDEN', 'sign-in must come from a page of this server');
      const origin = 'token' in request.body ? await byLink(request.body.token, request.ip) : await byKey(request.body.key, request.ip);
      const old = request.cookies[cookie.name];
      if (old !== undefined && isToken(old)) await access.endSession(sha256(old));
      const token = newToken();
      const session = await access.addSession({ tokenHash: sha256(token), lifetimeMs: SESSION_LIFETIME_MS, ...origin });
      void reply.setCookie(cookie.name, token, {
        path: '/',
        httpOnly: true,
        sameSite: 'strict',
        secure: cookie.secure,
        maxAge: SESSION_LIFETIME_MS / 1_000,
      });
      log.info({ subject: session.subject, role: session.role, address: request.ip }, 'somebody signed in');
      return reply
        .code(201)
        .send(view({ role: session.role, scopes: session.scopes, subject: session.subject, expiresAt: session.expiresAt }));
    },
  );

  app.get(
    '/session',
    {
      config: { permission: 'signed-in' },
      schema: { tags: TAG, summary: 'Who I am, and what I may do', response: { 200: SessionView, ...problems() } },
    },
    async (request, reply) => {
      void reply.header('cache-control', 'no-store');
      return view(principalOf(request));
    },
  );

  app.delete(
    '/session',
    { config: { permission: 'signed-in' }, schema: { tags: TAG, summary: 'Sign out', response: { 204: Nothing, ...problems() } } },
    async (request, reply) => {
      const token = request.cookies[cookie.name];
      if (token !== undefined && isToken(token)) await access.endSession(sha256(token));
      authenticator.forget();
      await streams.recheck();
      void (reply as FastifyReply).clearCookie(cookie.name, { path: '/', httpOnly: true, sameSite: 'strict', secure: cookie.secure });
      return reply.code(204).send(null);
    },
  );

  const byLink = (token: string, address: string) =>
    authenticator.guess(address, async () => {
      const link = isToken(token) ? await access.useLink(sha256(token)) : undefined;
      if (link === undefined) throw unauthenticated();
      return { subject: `link:${sha256(token).toString('hex').slice(0, 8)}`, role: link.role, keyId: null, bootstrap: null };
    });

  const byKey = async (key: string, address: string) => {
    const { subject, role, keyId, bootstrap } = await authenticator.authenticate({ kind: 'key', text: key }, address);
    return { subject, role, keyId, bootstrap };
  };

  const view = (who: Pick<Principal, 'subject' | 'role' | 'scopes' | 'expiresAt'>) => ({
    subject: who.subject,
    role: who.role,
    permissions: table.permissions.filter((permission) => allows(who, permission)),
    expires_at: isoTimeOrNull(who.expiresAt),
  });
}
