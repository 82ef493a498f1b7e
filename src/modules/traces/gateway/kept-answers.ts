import { messageOf } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { SharedState } from '../../../state/shared-state.ts';
import type { Prices } from '../prices/index.ts';
import { MOST_ANSWER_BYTES, type AnswerStore } from './answer-store.ts';
import type { Asked } from './asked.ts';
import type { Caller } from './call.ts';
import type { Heard } from './conversation.ts';
import type { OpenProvider } from './directory.ts';
import { embed } from './embedder.ts';
import { naming, type Began, type Caching, type Given, type Meaning } from './exchange.ts';
import type { Fresh } from './fresh.ts';
import type { Ledger } from './ledger.ts';
import { questionOf } from './question.ts';
import { recentAnswersOf, type RecentAnswers } from './recent-answers.ts';
import { replay } from './replay.ts';
import type { Target } from './routing.ts';
import { Turns } from './turns.ts';
import { VectorStore } from './vector-store.ts';

/** Who asks for similar answers does not wait longer than this to know what is similar. */
const EMBEDDING_MS = 3_000;

export interface KeptAnswersOptions {
  readonly state: Pick<SharedState, 'database'>;
  readonly answers: AnswerStore;
  readonly caller: Caller;
  readonly directory: Fresh<readonly OpenProvider[]>;
  readonly ledger: Pick<Ledger, 'used'>;
  readonly log: Logger;
  readonly prices: Prices;
}

/** Answers that were given before, and are given again. While they cannot be read there are none: the provider is asked. */
export class KeptAnswers {
  readonly #options: KeptAnswersOptions;
  readonly #recent: RecentAnswers;
  readonly #vectors: VectorStore;
  readonly #turns = new Turns();

  constructor(options: KeptAnswersOptions) {
    this.#options = options;
    this.#recent = recentAnswersOf(options.state);
    this.#vectors = new VectorStore(options.state.database);
  }

  /** Some may have been removed. */
  forget(): void {
    this.#recent.forget();
  }

  /** What a question means, where the request asks to be answered by what is similar. Undefined where that cannot be known now. */
  async meaningOf(began: Began, target: Target<OpenProvider>, caching: Caching, signal: AbortSignal): Promise<Meaning | undefined> {
    const model = target.provider.settings.cache.similar_model;
    if (caching.similar === undefined || model === null) return undefined;
    const question = questionOf(began.asked, naming(began, target, caching.scope));
    if (question === undefined) return undefined;
    try {
      const providers = await this.#options.directory.value();
      const until = AbortSignal.any([signal, AbortSignal.timeout(EMBEDDING_MS)]);
      const { cost, vectors } = await embed([question.text], {
        caller: this.#options.caller,
        model,
        prices: this.#options.prices,
        providers,
        signal: until,
      });
      const [vector] = vectors;
      return vector === undefined ? undefined : { bucket: question.bucket, vector, paid: cost };
    } catch (error) {
      if (signal.aborted) throw error;
      this.#options.log.warn({ error: messageOf(error), model }, 'what a question means cannot be known now; the provider is asked');
      return undefined;
    }
  }

  /** One that was kept for a question that means the same. */
  async similar(asked: Asked, caching: Caching, { bucket, vector }: Meaning): Promise<Pick<Given, 'answer' | 'ageMs'> | undefined> {
    try {
      const nearest = await this.#vectors.nearest(bucket, vector);
      return nearest === undefined || nearest.similarity < (caching.similar ?? 1)
        ? undefined
        : await this.exact(asked, { ...caching, key: nearest.key });
    } catch (error) {
      this.#options.log.warn({ error: messageOf(error) }, 'kept questions cannot be compared now');
      return undefined;
    }
  }

  /** One that was kept under this name, and is young enough. */
  async exact(
    asked: Asked,
    { key, mostAgeMs = Infinity }: Pick<Caching, 'key' | 'mostAgeMs'>,
  ): Promise<Pick<Given, 'answer' | 'ageMs'> | undefined> {
    try {
      const kept = await this.#recent.get(key);
      const replayed = kept === undefined || kept.ageMs > mostAgeMs ? undefined : replay(asked, kept);
      if (kept === undefined || replayed === undefined) return undefined;
      this.#options.ledger.used(key);
      const { ageMs, model, priceProvider, provider } = kept;
      const contentType = replayed.isStream ? 'text/event-stream' : 'application/json';
      const headers = { 'content-type': replayed.isStream === kept.isStream ? kept.contentType : contentType };
      return { ageMs, answer: { ...replayed, status: 200, headers, provider, priceProvider, model, attempts: 0 } };
    } catch (error) {
      // A cache that cannot be read is an empty one.
      this.#options.log.warn({ error: messageOf(error) }, 'kept answers cannot be read now');
      return undefined;
    }
  }

  /** Keeps what came whole and well, where its request allows it. `ended` in milliseconds of the monotonic clock. */
  async keep({ asked, context, principal }: Began, { answer, caching, meaning }: Given, heard: Heard, ended: number): Promise<void> {
    const { headers, isStream, model, priceProvider, provider, status, tape } = answer;
    if (caching?.writes !== true || status !== 200 || heard.error !== undefined || tape.state !== 'ended' || !tape.isWhole) return;
    if (tape.bytes === 0 || tape.bytes > MOST_ANSWER_BYTES || isStream !== asked.streams) return;
    const keyId = caching.scope === 'key' ? principal.keyId : null;
    const body = Buffer.concat(tape.pieces.map(({ bytes }) => bytes));
    const contentType = headers['content-type'] ?? 'application/json';
    const { key, ttlMs } = caching;
    // A connection that is slow to come must not let an answer overwrite the one that came after it.
    await this.#turns.take(key.toString('base64'), () =>
      this.#options.answers.put({
        key,
        project: context.project,
        keyId,
        face: asked.face,
        provider,
        priceProvider,
        model,
        isStream,
        contentType,
        body,
        ttlMs,
        sinceMs: performance.now() - ended,
      }),
    );
    this.#recent.forget(key);
    if (meaning !== undefined) await this.#vectors.put(key, meaning.bucket, meaning.vector);
  }
}
