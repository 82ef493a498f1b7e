import { isMusterError, messageOf } from '../../../base/errors.ts';

/** Why a request to a provider came to nothing: it refused its key (401, 403), had enough of it (429), or broke or was not there. */
export const FAILURE_REASONS = ['key_refused', 'over_limit', 'failed'] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** What a status says of a provider. Undefined: it answered; that a request is wrong is no fault of who says so. */
export function failureOf(status: number): FailureReason | undefined {
  if (status === 401 || status === 403) return 'key_refused';
  if (status === 429) return 'over_limit';
  return status >= 500 ? 'failed' : undefined;
}

const MOST_SAID = 300;

/** What a provider said of its failure, in short, and without the key it was sent: some repeat it. */
export function saidOf(status: number, body: string, sent: Readonly<Record<string, string>>): string {
  const words = wordsIn(body);
  const key = (sent['authorization'] ?? sent['api-key'] ?? '').replace(/^Bearer /, '');
  const kept = key === '' ? words : words.replaceAll(key, '…');
  return `it answered ${status}${kept === '' ? '' : `: ${kept.slice(0, MOST_SAID)}`}`;
}

/** The message of an error, or the text of a page. */
export function wordsIn(body: string): string {
  return messageIn(body).replaceAll(/\s+/g, ' ').trim();
}

function messageIn(body: string): string {
  try {
    const said = JSON.parse(body) as { readonly error?: { readonly message?: unknown } | string; readonly message?: unknown } | null;
    const error = said?.error;
    const message = typeof error === 'object' ? error.message : (error ?? said?.message);
    return typeof message === 'string' ? message : body;
  } catch {
    // Whatever stands before it may answer with a page.
    return body.replaceAll(/<style[\s\S]*?<\/style>|<[^>]*>/gi, ' ');
  }
}

/** How one request to a provider ended. */
export type Ended = { readonly ok: true } | { readonly ok: false; readonly reason: FailureReason; readonly said: string };

/** What an error of asking a provider says of it. Undefined: nothing. */
export function endedBy(error: unknown): Ended | undefined {
  if (isMusterError(error, 'PROVIDER_REFUSED')) return { ok: false, reason: 'key_refused', said: error.message };
  const status = isMusterError(error, 'PROVIDER_FAILED') ? error.data['status'] : undefined;
  if (typeof status !== 'number') return { ok: false, reason: 'failed', said: messageOf(error) };
  const reason = failureOf(status);
  return reason === undefined ? undefined : { ok: false, reason, said: messageOf(error) };
}
