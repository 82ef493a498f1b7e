import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MusterError } from '../../../base/errors.ts';
import type { ModuleServices } from '../../module.ts';
import { intakeOf, type Refused, type Submission } from '../intake/index.ts';
import { readBatch, readSingle } from './batch-runs.ts';
import { MOST_BODY_BYTES } from './decompress.ts';
import { addFeedbackRoutes } from './feedback-routes.ts';
import { boundaryOf, splitMultipart } from './multipart.ts';
import { readParts, type Said } from './multipart-runs.ts';
import { bodyOf, boundBodies, mayWriteOf } from './request.ts';
import { isRefused, type OpenOperation } from './run-fields.ts';

const door = (summary: string) => ({ config: { permission: 'traces:write' as const }, schema: { tags: ['langsmith'], summary } });

/** The doors through which LangSmith's SDKs send runs. Answers 202 once all of it is committed. */
export function addWriteRoutes(app: FastifyInstance, services: ModuleServices): void {
  const intake = intakeOf(services);
  app.addHook('onReady', async () => intake.start());
  app.addHook('onClose', () => intake.stop());
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MOST_BODY_BYTES }, async (_request: FastifyRequest, body: Buffer) => body);
  boundBodies(app, () => intake.isFull);

  const take = async (request: FastifyRequest, reply: FastifyReply, said: Said): Promise<FastifyReply> => {
    const submission: Submission = { source: 'langsmith', ...said, mayWrite: mayWriteOf(request) };
    const { refused } = await intake.submit(submission);
    return reply
      .code(202)
      .send({ message: refused === 0 ? 'Runs ingested' : `Runs ingested; refused and in quarantine: ${refused}`, refused });
  };

  app.post('/langsmith/runs/multipart', door('Runs, feedback and attachments, as the parts of a form'), async (request, reply) => {
    const boundary = boundaryOf(request.headers['content-type'] ?? '');
    if (boundary === undefined)
      throw new MusterError('UNSUPPORTED_MEDIA', 'this is no multipart/form-data with a boundary', {
        remedy: 'Send it as LangSmith SDKs do.',
      });
    return take(request, reply, readParts(splitMultipart(await bodyOf(request), boundary)));
  });
  app.post('/langsmith/runs/batch', door('Runs as JSON: begun (post) and added to (patch)'), async (request, reply) =>
    take(request, reply, readBatch((await bodyOf(request)).toString('utf8'))),
  );
  app.post('/langsmith/runs', door('One run'), async (request, reply) =>
    take(request, reply, one(readSingle('post', (await bodyOf(request)).toString('utf8')))),
  );
  app.patch('/langsmith/runs/:run_id', door('Adds to one run'), async (request, reply) => {
    const { run_id: id } = request.params as { run_id: string };
    return take(request, reply, one(readSingle('patch', (await bodyOf(request)).toString('utf8'), id)));
  });
  addFeedbackRoutes(app, services);
}

const one = (read: OpenOperation | Refused): Said =>
  isRefused(read) ? { operations: [], refused: [read], feedback: [] } : { operations: [read], refused: [], feedback: [] };

export { bodyOf, boundBodies, mayWriteOf } from './request.ts';
