import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MusterError } from '../../../base/errors.ts';
import { principalOf } from '../../../http/principal.ts';
import type { ModuleServices } from '../../module.ts';
import { intakeOf, type Refused, type Submission } from '../intake/index.ts';
import { overloaded } from '../intake/writer.ts';
import { readBatch, readSingle } from './batch-runs.ts';
import { decompress, MOST_BODY_BYTES } from './decompress.ts';
import { boundaryOf, splitMultipart } from './multipart.ts';
import { readParts, type Said } from './multipart-runs.ts';
import { isRefused, type OpenOperation } from './run-fields.ts';

/** Bodies in memory at once, before they are unpacked. */
const MOST_BYTES_READ = 256 * 1_048_576;
/** Counted for a body that does not say its length. */
const UNSAID_BYTES = 1_048_576;

const door = (summary: string) => ({ config: { permission: 'traces:write' as const }, schema: { tags: ['langsmith'], summary } });

/** The doors through which LangSmith's SDKs send runs. Answers 202 once all of it is committed. */
export function addWriteRoutes(app: FastifyInstance, services: ModuleServices): void {
  const intake = intakeOf(services);
  app.addHook('onClose', () => intake.drain());
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
}

const one = (read: OpenOperation | Refused): Said =>
  isRefused(read) ? { operations: [], refused: [read], feedback: [] } : { operations: [read], refused: [], feedback: [] };

/** The projects that the key of a request may write to; null: all. */
export const mayWriteOf = (request: FastifyRequest): readonly string[] | null => principalOf(request).projects;

/** What was sent, unpacked. */
export async function bodyOf(request: FastifyRequest): Promise<Buffer> {
  const { body } = request;
  if (!Buffer.isBuffer(body) || body.length === 0)
    throw new MusterError('MALFORMED', 'the body is empty', { remedy: 'Send what is to be kept.' });
  return decompress(body, request.headers['content-encoding']);
}

/** Turns requests away before their body is read, while more is in memory than may be. */
export function boundBodies(app: FastifyInstance, isFull: () => boolean): void {
  let reading = 0;
  app.addHook('onRequest', async (request, reply) => {
    const length = Number(request.headers['content-length'] ?? UNSAID_BYTES);
    if (isFull() || (reading > 0 && reading + length > MOST_BYTES_READ)) throw overloaded();
    reading += length;
    // However the answer ends, also where the client goes away.
    let isCounted = true;
    const ended = (): void => {
      if (isCounted) reading -= length;
      isCounted = false;
    };
    reply.raw.once('close', ended).once('finish', ended);
  });
}
