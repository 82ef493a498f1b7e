import type { FastifyReply } from 'fastify';

/** JSON that is text already. */
export const sendJson = (reply: FastifyReply, json: string): FastifyReply =>
  reply.header('cache-control', 'no-store').type('application/json; charset=utf-8').send(json);

/** Shown in the page only where a browser can do nothing with it but show it: a page or a drawing from outside may carry a script. */
const SHOWN = /^(image\/(png|jpeg|gif|webp|avif)|audio\/[\w.+-]+|video\/[\w.+-]+|text\/plain)$/;

export function sendAttachment(
  reply: FastifyReply,
  { name, mimeType, body }: { readonly name: string; readonly mimeType: string; readonly body: Buffer },
): FastifyReply {
  const isShown = SHOWN.test(mimeType);
  return reply
    .header('cache-control', 'private, max-age=300')
    .header('x-content-type-options', 'nosniff')
    .header('content-disposition', `${isShown ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeURIComponent(name)}`)
    .type(isShown ? mimeType : 'application/octet-stream')
    .send(body);
}
