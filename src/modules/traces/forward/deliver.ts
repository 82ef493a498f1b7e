import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { messageOf } from '../../../base/errors.ts';
import type { Outbound } from '../../../outbound/index.ts';
import type { Forward, ForwardSecrets } from './forward.ts';
import { SendLater } from './target.ts';
import { verdictOf } from './verdict.ts';

const packed = promisify(gzip);
/** An SDK waits for 90 s; a claim must outlive a request. */
const TIMEOUT_MS = 30_000;

/** What every target is made of. */
export interface TargetSite {
  readonly outbound: Outbound;
  readonly forward: Pick<Forward, 'endpoint' | 'targetProject' | 'options'>;
  readonly secrets: ForwardSecrets;
  /** Who we are to other Musters. */
  readonly origin: string;
}

/** Its address, without a slash at the end. */
export const baseOf = ({ forward }: TargetSite): string => forward.endpoint.replace(/\/+$/, '');

export const headersOf = ({ secrets: { apiKey, headers }, forward: { options } }: TargetSite): Readonly<Record<string, string>> => ({
  'user-agent': 'muster-forward',
  ...headers,
  ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }),
  ...(options.workspaceId === undefined ? {} : { 'x-tenant-id': options.workspaceId }),
});

export interface Delivery {
  readonly url: string;
  readonly contentType: string;
  readonly body: Buffer;
  readonly isPacked: boolean;
}

/** Why it was refused; undefined: it was taken. Throws SendLater where it must be tried again. */
export async function deliver(
  site: TargetSite,
  { url, contentType, body, isPacked }: Delivery,
  signal: AbortSignal,
): Promise<string | undefined> {
  const answer = await site.outbound
    .request({
      method: 'POST',
      url,
      headers: { ...headersOf(site), 'content-type': contentType, ...(isPacked ? { 'content-encoding': 'gzip' } : {}) },
      body: isPacked ? await packed(body) : body,
      timeoutMs: TIMEOUT_MS,
      signal,
    })
    .catch((error: unknown) => {
      if (signal.aborted) throw error;
      throw new SendLater(messageOf(error));
    });
  const verdict = verdictOf(answer.status, answer.headers, answer.body, Date.now());
  if (verdict.kind === 'later') throw new SendLater(verdict.why, verdict.afterMs);
  return verdict.kind === 'refused' ? verdict.why : undefined;
}
