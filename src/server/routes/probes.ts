import { z } from 'zod';
import type { Api } from '../../http/api.ts';
import type { Readiness } from '../readiness.ts';

const TAG = ['probes'];
const Live = z.object({ status: z.literal('ok') });
const checks = z
  .object({ database: z.string(), schema: z.string(), server: z.enum(['ok', 'stopping']) })
  .describe('ok, or the code of what is wrong');
const Ready = z.object({ status: z.literal('ready'), checks });
const NotReady = z.object({ status: z.literal('not ready'), checks });

/** For balancers and supervisors, without a key: they tell nothing but codes. Some clouds reserve paths that end in z. */
export function addProbeRoutes(app: Api, readiness: Readiness): void {
  for (const url of ['/livez', '/healthz', '/health/live']) {
    app.get(
      url,
      { config: { permission: 'public' }, schema: { tags: TAG, summary: 'The process answers', security: [], response: { 200: Live } } },
      async (_request, reply) => {
        void reply.header('cache-control', 'no-store');
        return { status: 'ok' as const };
      },
    );
  }
  for (const url of ['/readyz', '/health/ready']) {
    app.get(
      url,
      {
        config: { permission: 'public' },
        schema: {
          tags: TAG,
          summary: 'The database answers, its schema fits, and the server is not stopping',
          security: [],
          response: { 200: Ready, 503: NotReady },
        },
      },
      async (_request, reply) => {
        const { ready, checks } = await readiness.verdict();
        void reply.header('cache-control', 'no-store');
        if (ready) return { status: 'ready' as const, checks };
        void reply.header('retry-after', 2);
        return reply.code(503).send({ status: 'not ready' as const, checks });
      },
    );
  }
}
