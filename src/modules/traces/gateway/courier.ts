import { isMusterError, messageOf, type MusterError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Intake } from '../intake/intake.ts';
import type { Prices } from '../prices/index.ts';
import { readAsked } from './asked.ts';
import type { BatchApi } from './batch-api.ts';
import { hear, operationOf } from './conversation.ts';
import type { Deferred, DeferredEnd, DeferredStore, SentBatch } from './deferred-store.ts';
import type { OpenProvider } from './directory.ts';
import { endedBy } from './failure.ts';
import type { Entry } from './ledger.ts';
import { PROVIDER_KINDS } from './provider.ts';
import type { ProviderHealth } from './provider-health.ts';
import { reckon } from './reckoning.ts';
import { Tape } from './tape.ts';

export interface CourierOptions {
  readonly store: DeferredStore;
  readonly api: Pick<BatchApi, 'send' | 'state' | 'results'>;
  readonly providers: () => Promise<readonly OpenProvider[]>;
  readonly intake: Pick<Intake, 'submit'>;
  readonly account: (entries: readonly Entry[]) => Promise<void>;
  readonly prices: Prices & { fresh(): Promise<void> };
  readonly log: Logger;
  readonly health: Pick<ProviderHealth, 'note'>;
  /** So long a request waits for company. */
  readonly waitMs: number;
}

/** Brings requests that may wait to their provider's batch API, and their answers back. Each step may be taken by any host, and again. */
export class Courier {
  readonly #options: CourierOptions;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** Sends what is due, one batch at most. How many requests were in it. */
  async send(): Promise<number> {
    const { api, health, log, store, waitMs } = this.#options;
    await this.#expire();
    const requests = await store.take(waitMs);
    const [first] = requests;
    if (first === undefined) return 0;
    const ids = requests.map(({ id }) => id);
    const provider = await this.#provider(first.provider);
    if (provider === undefined) {
      await this.#end(requests, new Map(), `there is no provider ${first.provider} any more`);
      return 0;
    }
    try {
      await store.sent(ids, await api.send(provider, requests));
      health.note(provider.name, { ok: true });
    } catch (error) {
      this.#fault(provider.name, error);
      log.warn({ provider: first.provider, requests: ids.length, error: messageOf(error) }, 'a batch could not be sent');
      // What a provider refuses for good is not sent again and again until its time is over.
      if (isForGood(error)) await this.#end(requests, new Map(), `${messageOf(error)}. ${(error as MusterError).remedy}`);
      else await store.giveBack(ids);
      return 0;
    }
    return ids.length;
  }

  /** Asks after the batches that are under way, and brings back what is over. */
  async collect(): Promise<number> {
    let collected = 0;
    for (const batch of await this.#options.store.batches()) {
      try {
        collected += await this.#collect(batch);
      } catch (error) {
        this.#fault(batch.provider, error);
        this.#options.log.warn(
          { provider: batch.provider, batch: batch.batchId, error: messageOf(error) },
          'a batch could not be collected',
        );
      }
    }
    return collected;
  }

  async #collect(batch: SentBatch): Promise<number> {
    const { api, store } = this.#options;
    const provider = await this.#provider(batch.provider);
    if (provider === undefined) return this.#end(await store.inBatch(batch), new Map(), `there is no provider ${batch.provider} any more`);
    const { isOver, results, status } = await api.state(provider, batch.batchId);
    if (!isOver) return 0;
    const ends = new Map<string, DeferredEnd>();
    for (const file of results) for (const end of await api.results(provider, file)) ends.set(end.id, end);
    return this.#end(await store.inBatch(batch), ends, `the batch is ${status}, and holds no answer to this request`, provider);
  }

  #fault(provider: string, error: unknown): void {
    const ended = endedBy(error);
    if (ended !== undefined) this.#options.health.note(provider, ended);
  }

  async #expire(): Promise<void> {
    const ids = await this.#options.store.overdue();
    if (ids.length === 0) return;
    const requests = (await Promise.all(ids.map((id) => this.#options.store.get(id)))).filter((each) => each !== undefined);
    await this.#end(requests, new Map(), 'it could not be sent within its time');
  }

  /**
   * Logs and accounts for requests, then writes their ends down. In this order: whoever dies in between does it again, and neither a run nor
   * a row of the account is there twice.
   */
  async #end(
    requests: readonly Deferred[],
    ends: ReadonlyMap<string, DeferredEnd>,
    otherwise: string,
    provider?: OpenProvider,
  ): Promise<number> {
    if (requests.length === 0) return 0;
    const { account, intake, prices, store } = this.#options;
    await prices.fresh();
    const told = requests.map((request) =>
      this.#tell(request, ends.get(request.id) ?? { id: request.id, status: null, answer: null, error: otherwise }, provider),
    );
    for (const { operation, request } of told)
      await intake.submit({ source: 'gateway', operations: [operation], mayWrite: request.projects });
    await account(told.map(({ entry }) => entry));
    return (await store.end(told.map(({ end }) => end))).size;
  }

  #tell(request: Deferred, end: DeferredEnd, provider: OpenProvider | undefined) {
    const asked = readAsked(request.face, Buffer.from(request.body));
    const tape = new Tape();
    if (end.answer !== null) tape.write({ bytes: Buffer.from(end.answer), at: 0, isUsage: false });
    tape.end();
    const priceProvider = provider === undefined ? null : PROVIDER_KINDS[provider.kind].prices;
    const status = end.status ?? 0;
    const answer = {
      status,
      headers: {},
      isStream: false,
      tape,
      provider: request.provider,
      priceProvider,
      model: request.model,
      attempts: 1,
    };
    const heard =
      end.answer === null ? { answer: undefined, text: undefined, error: undefined, firstTokenAt: undefined } : hear(asked, answer);
    const reckoning = reckon(
      { outcome: 'batch', answer: heard.answer, provider: priceProvider, model: request.model },
      this.#options.prices,
    );
    const { completionTokens = 0, cost, price, promptTokens = 0, saved } = reckoning;
    const operation = operationOf({
      runId: request.id,
      asked,
      context: request.context,
      keyId: request.keyId,
      beganAt: request.createdAt,
      began: 0,
      ended: Math.max(0, Date.now() - request.createdAt),
      answer,
      heard,
      error: end.error ?? undefined,
      notes: {
        muster_cache: 'off',
        muster_batch: true,
        muster_saved_usd: saved,
        ...(cost === undefined || price === undefined
          ? {}
          : {
              usage_metadata: {
                input_tokens: promptTokens,
                output_tokens: completionTokens,
                total_tokens: promptTokens + completionTokens,
                total_cost: Number(cost),
              },
            }),
      },
    });
    const entry: Entry = {
      ...reckoning,
      runId: request.id,
      at: request.createdAt,
      keyId: request.keyId,
      project: request.context.project,
      face: request.face,
      provider: request.provider,
      model: request.model,
      outcome: 'batch',
      status: end.status ?? undefined,
    };
    return { request, end, operation, entry };
  }

  async #provider(name: string): Promise<OpenProvider | undefined> {
    return (await this.#options.providers()).find((provider) => provider.name === name);
  }
}

/** The provider does not want it, now or later. */
function isForGood(error: unknown): boolean {
  if (isMusterError(error, 'OUTBOUND_REFUSED')) return true;
  const status = isMusterError(error, 'PROVIDER_FAILED') ? error.data['status'] : undefined;
  return typeof status === 'number' && status >= 400 && status < 500 && ![408, 409, 425, 429].includes(status);
}
