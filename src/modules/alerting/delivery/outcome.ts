import { isMusterError, messageOf } from '../../../base/errors.ts';
import type { OutboundResponse } from '../../../outbound/index.ts';

/** What an attempt came to. */
export type Outcome =
  /** The receiver has it. */
  | { readonly kind: 'delivered'; readonly status?: number | undefined; readonly note?: string | undefined }
  /** It may work later. */
  | { readonly kind: 'retry'; readonly reason: string; readonly status?: number | undefined; readonly retryAfterMs?: number | undefined }
  /** The channel does not work until somebody mends it: a key that is refused, an address that is gone. */
  | { readonly kind: 'broken'; readonly reason: string; readonly status?: number | undefined }
  /** The receiver works, and does not want this message. */
  | { readonly kind: 'refused'; readonly reason: string; readonly status?: number | undefined };

/** Answers by which a receiver says that nobody is let in, or that nobody is there any more. */
const BROKEN = new Set([401, 402, 403, 407, 410]);
/** Answers that are about the message: it is malformed, too large, not understood. */
const REFUSED = new Set([400, 405, 406, 411, 413, 414, 415, 422, 431]);
const LONGEST_RETRY_AFTER_MS = 3_600_000;
const MOST_QUOTED = 200;

/** What an answer means. Whatever is not known to last may go away: 404 and 429 are tried again, as 5xx are. */
export function outcomeOf(response: OutboundResponse, now: number): Outcome {
  const { status } = response;
  if (status >= 200 && status < 300) return { kind: 'delivered', status };
  const reason = reasonOf(response);
  if (BROKEN.has(status)) return { kind: 'broken', reason, status };
  if (REFUSED.has(status)) return { kind: 'refused', reason, status };
  return { kind: 'retry', reason, status, retryAfterMs: retryAfterOf(response.headers['retry-after'] ?? saidInBody(response), now) };
}

/** What it means that there was no answer. */
export function outcomeOfError(error: unknown): Outcome {
  const reason = messageOf(error);
  if (isMusterError(error, 'OUTBOUND_REFUSED') || isMusterError(error, 'SECRET_UNREADABLE'))
    return { kind: 'broken', reason: `${reason}. ${error.remedy}` };
  return { kind: 'retry', reason };
}

/** Where a receiver's words say that it is not this message it does not want, but any: somebody has to mend the channel. */
export const brokenWhere = (outcome: Outcome, words: RegExp): Outcome =>
  outcome.kind === 'refused' && words.test(outcome.reason) ? { ...outcome, kind: 'broken' } : outcome;

function reasonOf({ body, headers, status }: OutboundResponse): string {
  if (status >= 300 && status < 400)
    return `it answered ${status} and would have us go to ${quoted(headers['location'] ?? 'another address')}; give that address instead`;
  const said = quoted(body);
  return said === '' ? `it answered ${status}` : `it answered ${status}: ${said}`;
}

// Text from outside: shown, so bounded and on one line.
const quoted = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/[^\P{C}]/gu, '')
    .trim()
    .slice(0, MOST_QUOTED);

/** Telegram and Discord say it in seconds in their answer, whether or not there is a header. */
const saidInBody = ({ body, status }: OutboundResponse): string | undefined =>
  status === 429 ? /"retry_after"\s*:\s*(\d+(?:\.\d+)?)/.exec(body)?.[1] : undefined;

/** Milliseconds of a Retry-After: seconds, or a date. Never longer than an hour. */
export function retryAfterOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}
