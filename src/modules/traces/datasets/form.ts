import type { FastifyRequest } from 'fastify';
import { MusterError } from '../../../base/errors.ts';
import { boundaryOf, splitMultipart, type Part } from '../langsmith/multipart.ts';
import { bodyOf } from '../langsmith/write-routes.ts';

/** The parts of a form that was sent. Throws UNSUPPORTED_MEDIA where it is none. */
export async function formOf(request: FastifyRequest): Promise<readonly Part[]> {
  const boundary = boundaryOf(request.headers['content-type'] ?? '');
  if (boundary === undefined)
    throw new MusterError('UNSUPPORTED_MEDIA', 'this is no multipart/form-data with a boundary', {
      remedy: 'Send it as LangSmith SDKs do.',
    });
  return splitMultipart(await bodyOf(request), boundary);
}
