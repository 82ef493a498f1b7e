import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { within } from './share-time.ts';
import type { Database } from '../../../db/database.ts';
import type { Api } from '../../../http/api.ts';
import { principalOf } from '../../../http/principal.ts';
import { IsoTime, Nothing, problems, text } from '../../../http/schemas.ts';
import { MusterError } from '../../../base/errors.ts';
import { runSeenBy } from './run-access.ts';
import { isoOrNull } from './run-view.ts';
import { shareOf, shareTrace, unshare, type ShareRecord } from './share-store.ts';

const ShareView = z
  .object({
    token: z.guid(),
    url: z.string().describe('Whoever has it may read the trace, without signing in'),
    trace_id: z.guid(),
    expires_at: IsoTime.nullable(),
  })
  .meta({ id: 'TraceShare', description: 'An address under which a trace may be read without a key' });
const Params = z.strictObject({ id: z.guid() });

/** Addresses under which a trace may be read by whoever has them. */
export function addShareRoutes(app: Api, db: Database): void {
  app.put(
    '/traces/runs/:id/share',
    {
      config: { permission: 'traces:write' },
      schema: {
        tags: ['traces'],
        summary: 'Share the trace of a run by an address that nobody guesses',
        params: Params,
        body: z
          .strictObject({
            expires_in: text(1, 20)
              .optional()
              .describe('7d. Default: until it is shared no more')
              .meta({ examples: ['7d'] }),
          })
          .nullish(),
        response: { 200: ShareView, ...problems(404, 413) },
      },
    },
    async (request) => {
      const { run } = await runSeenBy(request, db, request.params.id);
      const lasts = request.body?.expires_in;
      const expiresAt = lasts === undefined ? null : (Date.now() + within(lasts)) * 1_000;
      return shareView(await shareTrace(db, run, { by: principalOf(request).subject, expiresAt }), request);
    },
  );

  app.get(
    '/traces/runs/:id/share',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'Show how the trace of a run is shared',
        params: Params,
        response: { 200: ShareView, ...problems(404) },
      },
    },
    async (request) => {
      const { run } = await runSeenBy(request, db, request.params.id);
      const share = await shareOf(db, run.traceId);
      if (share === undefined) throw new MusterError('NOT_FOUND', 'the trace is not shared');
      return shareView(share, request);
    },
  );

  app.delete(
    '/traces/runs/:id/share',
    {
      config: { permission: 'traces:write' },
      schema: {
        tags: ['traces'],
        summary: 'Share the trace of a run no more',
        params: Params,
        response: { 204: Nothing, ...problems(404) },
      },
    },
    async (request, reply) => {
      const { run } = await runSeenBy(request, db, request.params.id);
      await unshare(db, run.traceId);
      return reply.code(204).send(null);
    },
  );
}

export const shareView = ({ token, traceId, expiresAt }: ShareRecord, request: FastifyRequest): z.input<typeof ShareView> => ({
  token,
  url: `${request.protocol}://${request.host}/public/${token}/r`,
  trace_id: traceId,
  expires_at: isoOrNull(expiresAt),
});
