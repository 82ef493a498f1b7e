import { z } from 'zod';
import type { FastifyReply } from 'fastify';
import type { Api } from '../../http/api.ts';
import { problems } from '../../http/schemas.ts';
import type { Telemetry } from '../telemetry.ts';

export function addScrapeRoute(app: Api, telemetry: Telemetry): void {
  app.get(
    '/metrics',
    {
      config: { permission: 'metrics:read', openOnLoopback: true },
      schema: {
        tags: ['probes'],
        summary: 'Metrics of this process, as OpenMetrics text',
        description: 'Without a key for a client on this very machine; a request that came through a proxy needs one.',
        response: {
          200: { description: 'OpenMetrics', content: { 'application/openmetrics-text': { schema: z.string() } } },
          ...problems(),
        },
      },
    },
    async (_request, reply) =>
      (reply as FastifyReply)
        .type(telemetry.contentType)
        .header('cache-control', 'no-store')
        .send(await telemetry.render()),
  );
}
