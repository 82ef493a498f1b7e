import { setTimeout as sleep } from 'node:timers/promises';
import { trailIn, type Trail } from '../../origin/trail.ts';
import { uuidOf } from '../../run/uuid.ts';
import { Allowance, REQUESTS_A_MINUTE } from '../allowance.ts';
import { baseOf, deliver, headersOf, type TargetSite } from '../deliver.ts';
import type { OutgoingFeedback } from '../outgoing-feedback.ts';
import type { OutgoingItem, Target } from '../target.ts';
import { feedbackItem, feedbackJson, multipartBody, requestsOf, runItem, type Item } from './body.ts';

const INFO_FRESH_MS = 3_600_000;

/** What the other side says of itself. */
interface Info {
  readonly takesGzip: boolean;
  /** Of another Muster: who it is. */
  readonly origin: string | undefined;
}

/** An endpoint that speaks LangSmith's protocol: theirs, or another Muster. One for each forward, since it counts its requests. */
export class LangsmithTarget implements Target {
  readonly #site: TargetSite;
  readonly #allowance: Allowance;
  #info: { readonly said: Info; readonly at: number } | undefined;

  constructor(site: TargetSite) {
    this.#site = site;
    this.#allowance = new Allowance(REQUESTS_A_MINUTE, performance.now());
  }

  async send(
    items: readonly OutgoingItem[],
    feedback: readonly OutgoingFeedback[],
    signal: AbortSignal,
  ): Promise<{ readonly refusals: readonly string[] }> {
    const refusals: string[] = [];
    const { origin } = await this.#askInfo(signal);
    // Whoever has it already is not sent it again; LangSmith itself is told nothing of this.
    const isNews = (trail: Trail): boolean => origin === undefined || !trail.includes(origin);
    const longer = (trail: Trail): Trail | undefined => (origin === undefined ? undefined : [...trail, this.#site.origin]);
    const runs = items.flatMap(({ run, verb }) =>
      isNews(run.trail) ? [runItem(run, verb, this.#site.forward.targetProject ?? run.project, longer(run.trail))] : [],
    );
    const said = feedback.map((one) => ({ one, trail: trailIn(one.extra) })).filter(({ trail }) => isNews(trail));
    const withTrace = said.flatMap(({ one, trail }) => (one.traceId === null ? [] : [feedbackItem(one, longer(trail))]));
    for (const request of requestsOf([...runs, ...withTrace])) await this.#sendItems(request, refusals, signal);
    // Feedback without a trace has no place among the parts.
    for (const { one, trail } of said)
      if (one.traceId === null) {
        const refusal = await this.#post('/feedback', 'application/json', Buffer.from(feedbackJson(one, longer(trail))), signal);
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
    const { takesGzip } = await this.#askInfo(signal);
    const waitMs = this.#allowance.take(performance.now());
    if (waitMs > 0) await sleep(waitMs, undefined, { signal });
    return deliver(this.#site, { url: `${baseOf(this.#site)}${path}`, contentType, body, isPacked: takesGzip }, signal);
  }

  /** Asked for, as the SDKs do. Where nobody answers it is sent as it is. */
  async #askInfo(signal: AbortSignal): Promise<Info> {
    const now = performance.now();
    if (this.#info !== undefined && now - this.#info.at < INFO_FRESH_MS) return this.#info.said;
    let said: Info = { takesGzip: false, origin: undefined };
    try {
      const { status, body } = await this.#site.outbound.request({
        url: `${baseOf(this.#site)}/info`,
        headers: headersOf(this.#site),
        signal,
      });
      if (status === 200) said = infoIn(body);
    } catch (error) {
      if (signal.aborted) throw error;
      // Sending itself will say what is wrong, and this is asked again then.
      return said;
    }
    this.#info = { said, at: now };
    return said;
  }
}

function infoIn(body: string): Info {
  const { instance_flags: flags, muster_origin: origin } = JSON.parse(body) as {
    instance_flags?: { gzip_body_enabled?: unknown };
    muster_origin?: unknown;
  };
  return { takesGzip: flags?.gzip_body_enabled === true, origin: uuidOf(origin) };
}
