import type { FastifyRequest } from 'fastify';
import { MusterError } from '../base/errors.ts';
import type { Role } from '../state/access.ts';

/** Who makes a request, and what they may do. */
export interface Principal {
  /** `key:<id>`, `link:<id>` or `bootstrap`: what stands in requested_by and updated_by. */
  readonly subject: string;
  readonly role: Role;
  /** Narrows the role; null: all of it. */
  readonly scopes: readonly string[] | null;
  /** The projects of LLM conversations it is confined to; null: all. */
  readonly projects: readonly string[] | null;
  /** Whether the credential came as a cookie, which a browser sends unasked. */
  readonly byCookie: boolean;
  /** When the credential ends, milliseconds since 1970; null: when it is revoked. */
  readonly expiresAt: number | null;
  /** When the key behind it ends: what it grants may not outlive it. */
  readonly keyExpiresAt: number | null;
  readonly keyId: string | null;
  readonly bootstrap: string | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks. Null on public routes only. */
    principal: Principal | null;
  }
}

/** Who asks, on a route that is not public. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === null) throw unauthenticated();
  return request.principal;
}

/** Whether somebody may see and write what lies in a project. */
export const mayUseProject = (who: Pick<Principal, 'projects'>, project: string): boolean =>
  who.projects === null || who.projects.includes(project);

/** For what concerns all projects at once: settings, subjects, budgets. Throws FORBIDDEN for a key that is confined to some. */
export function requireAllProjects(who: Pick<Principal, 'projects'>): void {
  if (who.projects !== null)
    throw new MusterError('FORBIDDEN', 'this key is confined to some projects, and this concerns all of them', {
      remedy: 'Use a key that was made without --project.',
    });
}

export const unauthenticated = (): MusterError =>
  new MusterError('UNAUTHENTICATED', 'the credential is missing, unknown, expired or revoked');
