import type { FastifyInstance } from 'fastify';
import type { Permission, RoutePermission } from '../http/permissions.ts';
import { isPermission } from '../http/permissions.ts';

export interface Route {
  readonly method: string;
  readonly url: string;
  readonly permission: RoutePermission;
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly routeTable: RouteTable;
  }
}

/**
 * Every route there is, with what it asks for. Collects them as they are added, refuses to start with one that states no
 * permission, and knows which methods a path would take: a wrong method answers 405, an unknown path 404.
 */
export class RouteTable {
  readonly #routes: {
    readonly method: string;
    readonly url: string;
    readonly permission: () => RoutePermission | undefined;
    readonly pattern: RegExp;
  }[] = [];

  constructor(app: FastifyInstance) {
    // As a getter, because the types want a value whose members are known to Fastify.
    app.decorate('routeTable', { getter: (): RouteTable => this });
    app.addHook('onRoute', (route) => {
      const pattern = patternOf(route.url);
      for (const method of [route.method].flat()) {
        this.#routes.push({ method, url: route.url, permission: () => route.config?.permission, pattern });
      }
    });
    app.addHook('onReady', async () => {
      const open = this.#routes.filter((route) => !isDeclared(route.permission()));
      if (open.length > 0) {
        throw new Error(
          `these routes state no permission (config.permission): ${open.map((route) => `${route.method} ${route.url}`).join(', ')}`,
        );
      }
    });
  }

  get routes(): readonly Route[] {
    return this.#routes.map(({ method, url, permission }) => ({ method, url, permission: permission() ?? 'signed-in' }));
  }

  /** All permissions that some route asks for: what a key's scopes may name. */
  get permissions(): readonly Permission[] {
    const named = this.#routes
      .map((route) => route.permission())
      .filter((permission): permission is Permission => permission !== undefined && isPermission(permission));
    return [...new Set(named)].toSorted();
  }

  /** The methods that a path takes; none where there is no such path. */
  methodsOf(path: string): readonly string[] {
    return [...new Set(this.#routes.filter((route) => route.pattern.test(path)).map((route) => route.method))].toSorted();
  }
}

const isDeclared = (permission: RoutePermission | undefined): boolean =>
  permission === 'public' || permission === 'signed-in' || (permission !== undefined && isPermission(permission));

/** `/agents/:id` as an expression; a `*` at the end stands for anything. */
function patternOf(url: string): RegExp {
  const source = url
    .split('/')
    .map((part) => (part === '*' ? '.*' : part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/');
  return new RegExp(`^${source}$`);
}
