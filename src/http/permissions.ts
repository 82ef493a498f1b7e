import type { Role } from '../state/access.ts';

/** What a request may do, and to what: the verb says which role includes it. A module names nouns of its own. */
export type Permission = `${string}:${Verb}`;
export type Verb = 'read' | 'write' | 'manage';

/**
 * What a route asks for. `public` is for the doors without a key alone; `signed-in` for what anyone may see who has
 * any credential.
 */
export type RoutePermission = Permission | 'public' | 'signed-in';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route states one; a route without fails at start. */
    permission?: RoutePermission;
  }
}

const ROLE_OF_VERB: Readonly<Record<Verb, Role>> = { read: 'viewer', write: 'operator', manage: 'administrator' };
const RANK: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, administrator: 2 };
const PERMISSION = /^[a-z][a-z-]*:(read|write|manage)$/;

export const ROLES = ['viewer', 'operator', 'administrator'] as const satisfies readonly Role[];

export const isPermission = (text: string): text is Permission => PERMISSION.test(text);

/** The lowest role that includes a permission. */
export function roleOf(permission: Permission): Role {
  return ROLE_OF_VERB[permission.slice(permission.indexOf(':') + 1) as Verb];
}

export const includesRole = (role: Role, other: Role): boolean => RANK[role] >= RANK[other];

/** Whether a role, narrowed by scopes (null: not narrowed), includes a permission. */
export function allows(holder: { readonly role: Role; readonly scopes: readonly string[] | null }, permission: Permission): boolean {
  return includesRole(holder.role, roleOf(permission)) && (holder.scopes === null || holder.scopes.includes(permission));
}
