import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../../base/errors.ts';
import type { Outbound } from '../../../../outbound/index.ts';
import { Allowance, REQUESTS_A_MINUTE } from '../allowance.ts';
import type { Forward, ForwardSecrets } from '../forward.ts';
import type { OutgoingFeedback } from '../outgoing-feedback.ts';
import { SendLater, type OutgoingItem, type Target } from '../target.ts';
import { verdictOf } from '../verdict.ts';
import { feedbackItem, feedbackJson, multipartBody, requestsOf, runItem, type Item } from './body.ts';

const packed = promisify(gzip);
/** An SDK waits for 90 s; a claim must outlive a request. */
const TIMEOUT_MS = 30_000;
const INFO_FRESH_MS = 3_600_000;

/** An endpoint that speaks LangSmith's protocol: theirs, or another Muster. One for each forward, since it counts its requests. */
export class LangsmithTarget implements Target {
  readonly #outbound: Outbound;
  readonly #forward: Pick<Forward, 'endpoint' | 'targetProject' | 'options'>;
  readonly #secrets: ForwardSecrets;
  readonly #allowance: Allowance;
  #takesGzip: { readonly yes: boolean; readonly at: number } | undefined;

  constructor(outbound: Outbound, forward: Pick<Forward, 'endpoint' | 'targetProject' | 'options'>, secrets: ForwardSecrets) {
    this.#outbound = outbound;
    this.#forward = forward;
    this.#secrets = secrets;
    this.#allowance = new Allowance(REQUESTS_A_MINUTE, performance.now());
  }

  async send(
    items: readonly OutgoingItem[],
    feedback: readonly OutgoingFeedback[],
    signal: AbortSignal,
  ): Promise<{ readonly refusals: readonly string[] }> {
    const refusals: string[] = [];
    const runs = items.map(({ run, verb }) => runItem(run, verb, this.#forward.targetProject ?? run.project));
    const withTrace = feedback.filter(({ traceId }) => traceId !== null).map(feedbackItem);
    for (const request of requestsOf([...runs, ...withTrace])) await this.#sendItems(request, refusals, signal);
    // Feedback without a trace has no place among the parts.
    for (const one of feedback)
      if (one.traceId === null) {
        const refusal = await this.#post('/feedback', 'application/json', Buffer.from(feedbackJson(one)), signal);
        if (refusal !== undefined) refusals.push(`feedback ${one.feedbackId}: ${refusal}`);
      }
    return { refusals };
  }

  /** Where a request is refused for one thing in it, the others are found by halves. */
  async #sendItems(items: readonly Item[], refusals: string[], signal: AbortSignal): Promise<void> {
    const { contentType, body } = multipartBody(items);
    const refusal = await this.#post('/runs/multipart', contentType, body, signal);
    if (refusal === undefined) return;
    const [only] = items;
    if (items.length === 1 && only !== undefined) refusals.push(`${only.what} ${only.id}: ${refusal}`);
    else {
      const half = Math.ceil(items.length / 2);
      await this.#sendItems(items.slice(0, half), refusals, signal);
      await this.#sendItems(items.slice(half), refusals, signal);
    }
  }

  /** Why it was refused; undefined: it was taken. */
  async #post(path: string, contentType: string, body: Buffer, signal: AbortSignal): Promise<string | undefined> {
    const takesGzip = await this.#gzipTaken(signal);
    const waitMs = this.#allowance.take(performance.now());
    if (waitMs > 0) await sleep(waitMs, undefined, { signal });
    const answer = await this.#outbound
      .request({
        method: 'POST',
        url: `${this.#base()}${path}`,
        headers: { ...this.#headers(), 'content-type': contentType, ...(takesGzip ? { 'content-encoding': 'gzip' } : {}) },
        body: takesGzip ? await packed(body) : body,
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

  /** Asked for, as the SDKs do. Where nobody answers it is sent as it is. */
  async #gzipTaken(signal: AbortSignal): Promise<boolean> {
    const now = performance.now();
    if (this.#takesGzip !== undefined && now - this.#takesGzip.at < INFO_FRESH_MS) return this.#takesGzip.yes;
    let yes = false;
    try {
      const { status, body } = await this.#outbound.request({ url: `${this.#base()}/info`, headers: this.#headers(), signal });
      const info = status === 200 ? (JSON.parse(body) as { instance_flags?: { gzip_body_enabled?: unknown } }) : undefined;
      yes = info?.instance_flags?.gzip_body_enabled === true;
    } catch (error) {
      if (signal.aborted) throw error;
      // Sending itself will say what is wrong, and this is asked again then.
      return false;
    }
    this.#takesGzip = { yes, at: now };
    return yes;
  }

  #base(): string {
    return this.#forward.endpoint.replace(/\/+$/, '');
  }

  #headers(): Readonly<Record<string, string>> {
    const { apiKey, headers } = this.#secrets;
    const { workspaceId } = this.#forward.options;
    return {
      'user-agent': 'muster-forward',
      ...headers,
      ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }),
      ...(workspaceId === undefined ? {} : { 'x-tenant-id': workspaceId }),
    };
  }
}
