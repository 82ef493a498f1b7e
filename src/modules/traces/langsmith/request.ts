import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MusterError } from '../../../base/errors.ts';
import { principalOf } from '../../../http/principal.ts';
import { overloaded } from '../intake/writer.ts';
import { decompress } from './decompress.ts';

/** Bodies in memory at once, before they are unpacked. */
const MOST_BYTES_READ = 256 * 1_048_576;
/** Counted for a body that does not say its length. */
const UNSAID_BYTES = 1_048_576;

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
