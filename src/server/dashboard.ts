import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const INDEX = 'index.html';

/** Where the dashboard lies: beside the compiled server, or in dist/ of a checkout that runs from source. */
export function defaultWebRoot(): string | undefined {
  const candidates = ['../web/', '../../dist/web/'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  return candidates.find((folder) => existsSync(join(folder, INDEX)));
}

/**
 * Serves the dashboard's files. They hold no data, so they need no key: the page asks for one. Vite names what lies in
 * assets/ by its content, so it never changes; everything else is asked for again each time.
 */
export async function addDashboard(app: FastifyInstance, root: string): Promise<void> {
  // Outside the scope of the files, so that the answer to a path that is no file (sendPage) may send one too.
  await app.register(fastifyStatic, { root, serve: false, preCompressed: true, cacheControl: false });
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, permission: 'public' };
    });
    await scope.register(fastifyStatic, {
      root,
      decorateReply: false,
      wildcard: false,
      index: INDEX,
      preCompressed: true,
      cacheControl: false,
      setHeaders: (response, path) => {
        const hashed = path.slice(root.length).replaceAll('\\', '/').replace(/^\//, '').startsWith('assets/');
        response.setHeader('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  });
}

/** Whether a path that nothing else answers is a page of the dashboard, whose own router knows it. */
export function isPage(request: FastifyRequest): boolean {
  const path = request.url.split('?', 1)[0] ?? '';
  return (
    (request.method === 'GET' || request.method === 'HEAD') &&
    !/^\/(api|assets|health|metrics)(\/|$)/.test(path) &&
    // An agent's name may hold a dot; everywhere else a path with an extension is a file that is not there.
    (/^\/agents\/[^/]+$/.test(path) || !/\.[a-z0-9]{1,8}$/i.test(path)) &&
    (request.headers.accept ?? '').includes('text/html')
  );
}

export function sendPage(reply: FastifyReply): FastifyReply {
  return reply.code(200).header('cache-control', 'no-cache').sendFile(INDEX);
}
