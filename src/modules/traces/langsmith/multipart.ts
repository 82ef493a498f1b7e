import { MusterError } from '../../../base/errors.ts';

export interface Part {
  readonly name: string;
  readonly contentType: string;
  /** A view of the request's body. */
  readonly body: Buffer;
}

const HEAD_END = Buffer.from('\r\n\r\n');
/** A head holds a name and a type. */
const MOST_HEAD_BYTES = 8_192;
const MOST_PARTS = 100_000;

/** The boundary that a content type names. */
export function boundaryOf(contentType: string): string | undefined {
  const match = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(contentType);
  return match?.[1] ?? match?.[2];
}

/**
 * Splits multipart/form-data. A part that says its length is taken by it where a delimiter follows there, so that a body may hold what looks
 * like one; otherwise it ends at the next delimiter. Throws MALFORMED where the end is missing: what was cut off must be sent again whole.
 */
export function splitMultipart(body: Buffer, boundary: string): readonly Part[] {
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  const parts: Part[] = [];
  // The first delimiter needs no line before it.
  let at = body.indexOf(delimiter.subarray(2));
  if (at === -1) throw malformed('holds no part');
  at += delimiter.length - 2;
  for (;;) {
    if (body[at] === 0x2d && body[at + 1] === 0x2d) return parts;
    const headEnd = body.indexOf(HEAD_END, at);
    if (headEnd === -1) throw malformed('ends within a part');
    if (headEnd - at > MOST_HEAD_BYTES) throw malformed('holds a part whose head is too long');
    const head = body.toString('utf8', at, headEnd);
    const start = headEnd + HEAD_END.length;
    const end = endOfPart(body, delimiter, start, lengthOf(head));
    if (end === -1) throw malformed('ends within a part');
    if (parts.length >= MOST_PARTS) throw malformed('has too many parts');
    parts.push({ name: /\bname="((?:[^"\\]|\\.)*)"/i.exec(head)?.[1] ?? '', contentType: typeOf(head), body: body.subarray(start, end) });
    at = end + delimiter.length;
  }
}

function endOfPart(body: Buffer, delimiter: Buffer, start: number, length: number | undefined): number {
  const end = start + (length ?? 0);
  if (
    length !== undefined &&
    end + delimiter.length <= body.length &&
    body.compare(delimiter, 0, delimiter.length, end, end + delimiter.length) === 0
  )
    return end;
  return body.indexOf(delimiter, start);
}

/** As a header of its own, or as the parameter that SDKs put behind the type. */
function lengthOf(head: string): number | undefined {
  const match = /^content-length:\s*(\d{1,10})\s*$/im.exec(head) ?? /;\s*length=(\d{1,10})/i.exec(head);
  return match === null ? undefined : Number(match[1]);
}

const typeOf = (head: string): string => /^content-type:\s*([^;\r\n]+)/im.exec(head)?.[1]?.trim() ?? 'application/octet-stream';

const malformed = (what: string): MusterError =>
  new MusterError('MALFORMED', `the multipart body ${what}`, {
    remedy: 'Send multipart/form-data (RFC 7578) whole; nothing of this request was kept.',
  });
