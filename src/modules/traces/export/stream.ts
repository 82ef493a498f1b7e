import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** How an answer without an end in sight is sent: a piece when the one before was taken, compressed where that is understood. */
export function sendStream(
  request: FastifyRequest,
  reply: FastifyReply,
  { pieces, contentType, fileName }: { readonly pieces: AsyncIterable<string>; readonly contentType: string; readonly fileName: string },
): FastifyReply {
  void reply
    .header('content-type', contentType)
    .header('content-disposition', `attachment; filename="${fileName}"`)
    .header('cache-control', 'no-store')
    .header('vary', 'accept-encoding');
  const body = Readable.from(pieces, { objectMode: true, highWaterMark: 1 });
  if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(body);
  const gzip = createGzip({ level: 1 });
  body.once('error', (error) => gzip.destroy(error));
  gzip.once('close', () => body.destroy());
  return reply.header('content-encoding', 'gzip').send(body.pipe(gzip));
}
