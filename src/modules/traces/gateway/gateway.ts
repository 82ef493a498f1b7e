import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { serving } from '../../../base/breather.ts';
import { systemClock } from '../../../base/clock.ts';
import { messageOf, MusterError } from '../../../base/errors.ts';
import { newRunId } from '../../../base/ids.ts';
import type { Logger } from '../../../base/logger.ts';
import { mayUseProject, principalOf, type Principal } from '../../../http/principal.ts';
import type { ModuleServices } from '../../module.ts';
import type { Intake } from '../intake/intake.ts';
import { priceBookOf, type PriceBook } from '../prices/index.ts';
import { currentSettings } from '../settings/index.ts';
import { AnswerStore, MOST_ANSWER_BYTES } from './answer-store.ts';
import { readAsked, type Asked } from './asked.ts';
import { cacheDecision, type CacheDecision } from './cache-policy.ts';
import { Caller, type Answered } from './call.ts';
import { contextOf, type Context } from './context.ts';
import { hear, NOTHING_HEARD, operationOf, type Heard } from './conversation.ts';
import { deferralOf, deferredView, urlOf } from './deferral.ts';
import { DeferredStore } from './deferred-store.ts';
import { directoryOf, type OpenProvider } from './directory.ts';
import type { Face } from './face.ts';
import { embed } from './embedder.ts';
import { fingerprintOf, type FingerprintOptions } from './fingerprint.ts';
import { Flights } from './flights.ts';
import type { Fresh } from './fresh.ts';
import { Gate } from './gate.ts';
import { Ledger } from './ledger.ts';
import { Losses } from './losses.ts';
import { questionOf } from './question.ts';
import { recentAnswersOf, type RecentAnswers } from './recent-answers.ts';
import { reckon, withEmbedding, type Outcome, type Reckoning } from './reckoning.ts';
import { Abandoned } from './record.ts';
import { relay } from './relay.ts';
import { replay } from './replay.ts';
import { targetsOf, type Target } from './routing.ts';
import { RunLog } from './run-log.ts';
import { VectorStore } from './vector-store.ts';

/** What clients say that providers may know of. Never a credential: theirs is for the gateway. */
const SENT_ON = ['openai-beta', 'anthropic-beta', 'anthropic-version', 'http-referer', 'x-title', 'user-agent'];

/** Who asks for similar answers does not wait longer than this to know what is similar. */
const EMBEDDING_MS = 3_000;

/** A request that was let in. */
interface Began {
  readonly asked: Asked;
  readonly context: Context;
  readonly principal: Principal;
  readonly runId: string;
  readonly beganAt: number;
  readonly began: number;
}

/** What may be kept of its answer, and under which name. */
interface Caching extends CacheDecision {
  readonly key: Buffer;
}

/** How a request was answered. */
interface Given {
  readonly answer: Answered;
  readonly outcome: Outcome;
  readonly caching: Caching | undefined;
  readonly ageMs: number | undefined;
  readonly meaning?: Meaning | undefined;
}

/** What the question of a request means. */
interface Meaning {
  readonly bucket: Buffer;
  readonly vector: Float32Array;
  /** What it cost to know, USD. */
  readonly paid: string | undefined;
}

/** Answers requests of OpenAI's protocol: from what is kept, with one that is under way, or by a provider; and says what was said, and paid. */
export class Gateway {
  readonly directory: Fresh<readonly OpenProvider[]>;
  readonly runs: RunLog;
  readonly caller: Caller;
  readonly answers: AnswerStore;
  readonly deferred: DeferredStore;
  readonly ledger: Ledger;
  readonly #recent: RecentAnswers;
  readonly #vectors: VectorStore;
  readonly #gate: Gate;
  readonly #losses: Losses;
  readonly #flights = new Flights();
  readonly #prices: PriceBook;
  readonly #log: Logger;
  /** What is still to be told of answers that were given. */
  readonly #telling = new Set<Promise<void>>();
  readonly #unlisten: () => void;

  constructor(services: ModuleServices, intake: Pick<Intake, 'submit'>) {
    const { log, outbound, state, wake } = services;
    const { database } = state;
    this.#log = log;
    this.#prices = priceBookOf(services);
    this.directory = directoryOf(state, log);
    this.runs = new RunLog({ intake, log });
    this.caller = new Caller({ outbound, sleep: (ms, signal) => systemClock.sleep(ms, signal) });
    this.answers = new AnswerStore(database);
    this.#recent = recentAnswersOf(state);
    currentSettings(services).onErasure(() => this.#recent.forget());
    this.deferred = new DeferredStore(database);
    this.#vectors = new VectorStore(database);
    this.ledger = new Ledger({ database, answers: this.answers, log });
    this.#gate = new Gate({ database, ledger: this.ledger, log });
    this.#losses = new Losses({ database, log, lost: () => ({ runs: this.runs.counts.lost, requests: this.ledger.lost }) });
    this.#unlisten = wake.on('gateway', () => {
      this.directory.forget();
      this.#gate.forget();
      this.#recent.forget();
    });
  }

  async answer(face: Face, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    serving();
    const began: Began = {
      asked: readAsked(face, request.body as Buffer | undefined),
      context: contextOf(request.headers),
      principal: principalOf(request),
      runId: newRunId(Date.now()),
      beganAt: Date.now(),
      began: performance.now(),
    };
    refuseForeign(began);
    const over = new AbortController();
    const onClose = (): void => over.abort(new Abandoned());
    reply.raw.once('close', onClose);
    const withinMs = deferralOf(began.asked, one(request, 'x-muster-deferrable'));
    if (withinMs !== undefined) {
      await this.#gate.enter(began.principal.keyId);
      const told = await this.#defer(began, withinMs);
      await reply
        .code(202)
        .header('x-muster-run-id', began.runId)
        .header('location', urlOf(began.runId))
        .type('application/json')
        .send(told);
      return;
    }
    let given: Given;
    let warning: string | undefined;
    try {
      warning = await this.#gate.enter(began.principal.keyId);
      given = await this.#give(began, request, over.signal);
    } catch (error) {
      this.#tell(began, undefined, messageOf(error));
      // Nobody is there to be told.
      if (!over.signal.aborted) throw error;
      reply.hijack();
      return;
    } finally {
      reply.raw.off('close', onClose);
    }
    reply.hijack();
    await relay(given.answer, reply.raw, {
      face,
      wantsUsage: began.asked.wantsUsage,
      headers: {
        ...(reply.getHeaders() as Record<string, string>),
        ...headersOf(began, given),
        ...(warning === undefined ? {} : { 'x-muster-warning': warning }),
      },
    });
    this.#tell(began, given, undefined);
  }

  /** Takes a request that may wait. Its answer comes with a batch: what is said now is where to ask for it. */
  async #defer({ asked, context, principal, runId }: Began, withinMs: number): Promise<string> {
    const [target] = targetsOf(asked.model, await this.directory.value());
    if (target === undefined) throw noModel(asked.model);
    const { keyId, projects } = principal;
    const { face, text: body } = asked;
    await this.deferred.add(
      { id: runId, keyId, projects, context, face, provider: target.provider.name, model: target.model, body },
      withinMs,
    );
    const added = await this.deferred.get(runId);
    if (added === undefined) throw new MusterError('NOT_FOUND', `the deferred request ${runId} has gone`);
    return deferredView(added);
  }

  async close(): Promise<void> {
    this.#unlisten();
    await this.settled();
    await Promise.all([this.runs.stop(), this.ledger.stop()]);
    await this.#losses.stop();
  }

  /** Resolves when all that was answered is handed to the log and the account. */
  async settled(): Promise<void> {
    await Promise.all(this.#telling);
  }

  async #give(began: Began, request: FastifyRequest, signal: AbortSignal): Promise<Given> {
    const { asked } = began;
    const targets = targetsOf(asked.model, await this.directory.value());
    const [first] = targets;
    if (first === undefined) throw noModel(asked.model);
    const headers = sentOn(request);
    const ask = (until: AbortSignal): Promise<Answered> => this.caller.call(asked, { targets, headers, signal: until });
    const caching = cachingOf(began, first, request);
    if (caching === undefined) return { answer: await ask(signal), outcome: 'provider', caching, ageMs: undefined };
    const kept = caching.reads ? await this.#kept(asked, caching.key) : undefined;
    if (kept !== undefined) return { ...kept, outcome: 'exact', caching };
    const meaning = await this.#meaningOf(began, first, caching, signal);
    const similar = meaning === undefined || !caching.reads ? undefined : await this.#similar(asked, caching, meaning);
    if (similar !== undefined) return { ...similar, outcome: 'semantic', caching, meaning };
    if (!caching.reads) return { answer: await ask(signal), outcome: 'provider', caching, ageMs: undefined, meaning };
    const { answer, isShared } = await this.#flights.join(`${caching.key.toString('base64')} ${asked.streams}`, signal, ask);
    return { answer, outcome: isShared ? 'coalesced' : 'provider', caching, ageMs: undefined, meaning };
  }

  /** What a question means, where the request asks to be answered by what is similar. Undefined where that cannot be known now. */
  async #meaningOf(began: Began, target: Target<OpenProvider>, caching: Caching, signal: AbortSignal): Promise<Meaning | undefined> {
    const model = target.provider.settings.cache.similar_model;
    if (caching.similar === undefined || model === null) return undefined;
    const question = questionOf(began.asked, naming(began, target, caching.scope));
    if (question === undefined) return undefined;
    try {
      const providers = await this.directory.value();
      const until = AbortSignal.any([signal, AbortSignal.timeout(EMBEDDING_MS)]);
      const { cost, vectors } = await embed([question.text], {
        caller: this.caller,
        model,
        prices: this.#prices,
        providers,
        signal: until,
      });
      const [vector] = vectors;
      return vector === undefined ? undefined : { bucket: question.bucket, vector, paid: cost };
    } catch (error) {
      if (signal.aborted) throw error;
      this.#log.warn({ error: messageOf(error), model }, 'what a question means cannot be known now; the provider is asked');
      return undefined;
    }
  }

  async #similar(
    asked: Asked,
    { similar = 1 }: Caching,
    { bucket, vector }: Meaning,
  ): Promise<Pick<Given, 'answer' | 'ageMs'> | undefined> {
    try {
      const nearest = await this.#vectors.nearest(bucket, vector);
      return nearest === undefined || nearest.similarity < similar ? undefined : await this.#kept(asked, nearest.key);
    } catch (error) {
      this.#log.warn({ error: messageOf(error) }, 'kept questions cannot be compared now');
      return undefined;
    }
  }

  async #kept(asked: Asked, key: Buffer): Promise<Pick<Given, 'answer' | 'ageMs'> | undefined> {
    try {
      const kept = await this.#recent.get(key);
      const replayed = kept === undefined ? undefined : replay(asked, kept);
      if (kept === undefined || replayed === undefined) return undefined;
      this.ledger.used(key);
      const { ageMs, model, priceProvider, provider } = kept;
      const contentType = replayed.isStream ? 'text/event-stream' : 'application/json';
      const headers = { 'content-type': replayed.isStream === kept.isStream ? kept.contentType : contentType };
      return { ageMs, answer: { ...replayed, status: 200, headers, provider, priceProvider, model, attempts: 0 } };
    } catch (error) {
      // A cache that cannot be read is an empty one.
      this.#log.warn({ error: messageOf(error) }, 'kept answers cannot be read now');
      return undefined;
    }
  }

  /** After the client has its answer: reading it again must not keep it waiting. */
  #tell(began: Began, given: Given | undefined, error: string | undefined): void {
    const ended = performance.now();
    const telling = nextTurn()
      .then(() => this.#account({ began, given, error, ended }))
      .catch((thrown: unknown) => this.#log.error({ error: messageOf(thrown), run_id: began.runId }, 'a conversation is not accounted for'))
      .finally(() => this.#telling.delete(telling));
    this.#telling.add(telling);
  }

  async #account({
    began,
    ended,
    error,
    given,
  }: {
    readonly began: Began;
    readonly given: Given | undefined;
    readonly error: string | undefined;
    readonly ended: number;
  }): Promise<void> {
    const { asked, context, principal } = began;
    const answer = given?.answer;
    const heard = answer === undefined ? NOTHING_HEARD : hear(asked, answer);
    await this.#prices
      .fresh()
      .catch((thrown: unknown) => this.#log.warn({ error: messageOf(thrown) }, 'prices of one’s own cannot be read now'));
    const outcome = given?.outcome ?? 'provider';
    const reckoning =
      answer === undefined
        ? { promptTokens: undefined, completionTokens: undefined, cost: undefined, saved: undefined, price: undefined }
        : reckon({ outcome, answer: heard.answer, provider: answer.priceProvider, model: answer.model }, this.#prices);
    // Half an answer that somebody else asked for has saved nobody anything.
    const priced = withEmbedding(reckoning, outcome, given?.meaning?.paid);
    const accounted = heard.error === undefined ? priced : { ...priced, saved: undefined };
    this.runs.add(
      operationOf({
        ...began,
        keyId: principal.keyId,
        ended,
        answer,
        error,
        heard,
        notes: {
          muster_attempts: answer?.attempts,
          muster_cache:
            given === undefined ? undefined : given.outcome === 'provider' ? (given.caching === undefined ? 'off' : 'miss') : given.outcome,
          muster_saved_usd: accounted.saved,
          ...(outcome === 'provider' || accounted.promptTokens === undefined ? {} : { usage_metadata: freeUsage(accounted) }),
        },
      }),
      principal.projects,
    );
    this.ledger.add({
      ...accounted,
      runId: began.runId,
      at: began.beganAt,
      keyId: principal.keyId,
      project: context.project,
      face: asked.face,
      provider: answer?.provider,
      model: answer?.model ?? asked.model,
      outcome,
      status: answer?.status,
    });
    if (given !== undefined && answer !== undefined && given.outcome === 'provider') await this.#keep(began, given, heard);
  }

  async #keep({ asked, context, principal }: Began, { answer, caching, meaning }: Given, heard: Heard): Promise<void> {
    const { headers, isStream, model, priceProvider, provider, status, tape } = answer;
    if (caching?.writes !== true || status !== 200 || heard.error !== undefined || tape.state !== 'ended' || !tape.isWhole) return;
    if (tape.bytes === 0 || tape.bytes > MOST_ANSWER_BYTES || isStream !== asked.streams) return;
    const keyId = caching.scope === 'key' ? principal.keyId : null;
    const body = Buffer.concat(tape.pieces.map(({ bytes }) => bytes));
    const contentType = headers['content-type'] ?? 'application/json';
    const { key, ttlMs } = caching;
    await this.answers.put({
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
    });
    this.#recent.forget(key);
    if (meaning !== undefined) await this.#vectors.put(key, meaning.bucket, meaning.vector);
  }
}

/** The name its answer would be kept under. The provider asked first is part of it, not the one that answered in its place. */
function cachingOf(began: Began, target: Target<OpenProvider>, request: FastifyRequest): Caching | undefined {
  const header = request.headers['x-muster-cache'];
  const decision = cacheDecision(began.asked, Array.isArray(header) ? header.join(',') : header, target.provider.settings.cache);
  if (!decision.writes) return undefined;
  const key = fingerprintOf(began.asked, naming(began, target, decision.scope));
  return key === undefined ? undefined : { ...decision, key };
}

/** What belongs to the name of a request besides itself. */
const naming = (
  { context, principal }: Began,
  { model, provider }: Target<OpenProvider>,
  scope: CacheDecision['scope'],
): FingerprintOptions => ({
  scope: scope === 'key' ? `${context.project} ${principal.subject}` : context.project,
  target: { provider: provider.name, model },
});

function one(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

const sentOn = (request: FastifyRequest): Readonly<Record<string, string>> =>
  Object.fromEntries(
    SENT_ON.flatMap((name) => {
      const value = request.headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );

function headersOf({ runId }: Began, { ageMs, answer, caching, outcome }: Given): Readonly<Record<string, string>> {
  return {
    'x-muster-run-id': runId,
    'x-muster-provider': answer.provider,
    'x-muster-model': encodeURI(answer.model),
    'x-muster-attempts': String(answer.attempts),
    'x-muster-cache': outcome === 'provider' ? (caching === undefined ? 'off' : 'miss') : outcome,
    ...(ageMs === undefined ? {} : { age: String(Math.floor(ageMs / 1_000)) }),
  };
}

/** What a run says of tokens that nobody paid for again: LangSmith's own words, which figures believe before all others. */
const freeUsage = ({ completionTokens = 0, cost = '0', promptTokens = 0 }: Reckoning) => ({
  input_tokens: promptTokens,
  output_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
  input_cost: 0,
  output_cost: 0,
  total_cost: Number(cost),
});

/** Kept answers are shared within a project: who may not write there may not be answered from there either. */
function refuseForeign({ context, principal }: Began): void {
  if (mayUseProject(principal, context.project)) return;
  throw new MusterError('FORBIDDEN', `this key may not write to the project ${context.project}`, {
    remedy: `Send x-muster-project with one of its projects: ${principal.projects?.join(', ') ?? ''}.`,
    data: { param: 'x-muster-project' },
  });
}

const noModel = (model: string): MusterError =>
  new MusterError('NOT_FOUND', `no provider serves the model ${model}`, {
    remedy: '`muster gateway list` shows the providers and the models they serve; `muster gateway add` adds one.',
    data: { param: 'model', code: 'model_not_found' },
  });
