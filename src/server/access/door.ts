import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MusterError } from '../../base/errors.ts';
import type { Authenticator, Credential } from './authenticator.ts';
import { isLoopbackAddress, isSafeMethod, isSameOrigin, type HostCheck } from './origin.ts';
import { allows, type Permission, type RoutePermission } from '../../http/permissions.ts';
import { unauthenticated, type Principal } from '../../http/principal.ts';

export interface DoorOptions {
  readonly authenticator: Authenticator;
  readonly hosts: HostCheck;
  /** `__Host-` where cookies are Secure: the browser then keeps other origins from setting it. */
  readonly cookieName: string;
}

/** Asks everyone who comes in for their credential, before a byte of the body is read. */
export function addDoor(app: FastifyInstance, { authenticator, hosts, cookieName }: DoorOptions): void {
  app.decorateRequest('principal', null);
  app.addHook('onRequest', async (request, reply) => {
    hosts.check(request.headers.host);
    if (request.is404) return;
    const permission = request.routeOptions.config.permission;
    if (permission === 'public') return;
    const credential = credentialOf(request, cookieName);
    if (credential === undefined) {
      if (mayPassWithout(permission, request)) return;
      throw challenge(reply, unauthenticated());
    }
    const principal = await authenticator.authenticate(credential, request.ip).catch((error: unknown) => {
      throw error instanceof MusterError && error.code === 'UNAUTHENTICATED' ? challenge(reply, error) : error;
    });
    if (principal.byCookie && !isSafeMethod(request.method) && !isSameOrigin(request.headers)) {
      throw new MusterError('FORBIDDEN', 'a write with a cookie must come from a page of this server', {
        remedy: 'Send a key in Authorization instead of the cookie.',
      });
    }
    // A route without a permission cannot exist (RouteTable refuses to start); should one, nobody may enter.
    if (permission === undefined) throw forbidden('nothing');
    if (permission !== 'signed-in') demand(principal, permission);
    request.principal = principal;
  });
}

/** Throws FORBIDDEN where the principal lacks it. */
export function demand(principal: Principal, permission: Permission): void {
  if (!allows(principal, permission)) throw forbidden(permission);
}

const forbidden = (permission: string): MusterError =>
  new MusterError('FORBIDDEN', `this needs the permission ${permission}`, { data: { permission } });

/** Authorization wins over x-api-key, and either over the cookie: what was sent on purpose counts. */
export function credentialOf(request: FastifyRequest, cookieName: string): Credential | undefined {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const bearer = /^Bearer +(\S+)$/i.exec(authorization);
    return { kind: 'key', text: bearer?.[1] ?? '' };
  }
  const apiKey = request.headers['x-api-key'];
  if (apiKey !== undefined) return { kind: 'key', text: saidOnce([apiKey].flat().join(',')) };
  const cookie = request.cookies[cookieName];
  return cookie === undefined ? undefined : { kind: 'session', text: cookie };
}

/** Node joins headers that come twice, as Python's LangSmith client sends the key: `X-API-Key` and `x-api-key`. Two keys are none. */
function saidOnce(header: string): string {
  const [key = '', ...others] = header.split(',').map((part) => part.trim());
  return others.every((other) => other === key) ? key : '';
}

/**
 * Prometheus on the same machine scrapes without a key. The address is the socket's own, never X-Forwarded-For; behind a
 * proxy on this machine every client has a loopback address, so a request that was forwarded does not count as local.
 */
function mayPassWithout(permission: RoutePermission | undefined, request: FastifyRequest): boolean {
  if (permission !== 'metrics:read' || request.routeOptions.config.openOnLoopback !== true) return false;
  const { headers } = request;
  const forwarded =
    headers['x-forwarded-for'] ?? headers['x-forwarded-host'] ?? headers['x-real-ip'] ?? headers['forwarded'] ?? headers['via'];
  return forwarded === undefined && isLoopbackAddress(request.socket.remoteAddress ?? '');
}

function challenge(reply: FastifyReply, error: MusterError): MusterError {
  void reply.header('www-authenticate', 'Bearer realm="muster"');
  return error;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** With metrics:read: a client on this very machine needs no key. */
    openOnLoopback?: boolean;
  }
}
