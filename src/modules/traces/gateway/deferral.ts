import { durationMs } from '../../../base/duration.ts';
import { MusterError } from '../../../base/errors.ts';
import type { Principal } from '../../../http/principal.ts';
import type { Asked } from './asked.ts';
import type { Deferred, DeferredStore } from './deferred-store.ts';

const MOST_MS = 7 * 86_400_000;
/** What providers take in batches. */
const FACES: readonly string[] = ['chat', 'responses', 'embeddings', 'completions'];

/** How long a request may wait; undefined: not at all. Throws INVALID_INPUT for what cannot wait. */
export function deferralOf(asked: Asked, header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const param = { param: 'x-muster-deferrable' };
  let ms: number;
  try {
    ms = durationMs(header.trim());
  } catch (cause) {
    throw new MusterError('INVALID_INPUT', 'x-muster-deferrable is no length of time', {
      remedy: 'Send x-muster-deferrable: 24h.',
      data: param,
      cause,
    });
  }
  if (ms === 0) return undefined;
  if (asked.streams || !FACES.includes(asked.face))
    throw new MusterError('INVALID_INPUT', 'a request that streams cannot wait', {
      remedy: 'Send it without stream, or without x-muster-deferrable.',
      data: param,
    });
  return Math.min(ms, MOST_MS);
}

/** What is said of a deferred request to whoever polls. */
export function deferredView({ answer, createdAt, deadline, error, id, state, status }: Deferred): string {
  const isOver = state === 'done' || state === 'failed';
  const head = {
    id,
    object: 'muster.deferred',
    status: isOver ? state : state === 'sent' ? 'in_progress' : 'waiting',
    created_at: Math.floor(createdAt / 1_000),
    expires_at: Math.floor(deadline / 1_000),
    url: urlOf(id),
    error: error === null ? null : { message: error, type: 'server_error', param: null, code: 'deferred_failed' },
  };
  // The answer is put in as the provider wrote it.
  const response = answer === null ? 'null' : `{"status_code":${status ?? 0},"body":${answer}}`;
  return `${JSON.stringify(head).slice(0, -1)},"response":${response}}`;
}

export const urlOf = (id: string): string => `/openai/v1/muster/deferred/${id}`;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** One of the caller's own. Throws NOT_FOUND, also for those of others. */
export async function ownDeferred(store: DeferredStore, id: string, { keyId }: Principal): Promise<Deferred> {
  const found = UUID.test(id) ? await store.get(id) : undefined;
  if (found !== undefined && found.keyId === keyId) return found;
  throw new MusterError('NOT_FOUND', `there is no deferred request ${id} of this key`, {
    remedy: 'Ask with the key that sent it; they are kept for 30 days.',
  });
}
