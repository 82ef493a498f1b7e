import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { serving } from '../../../base/breather.ts';
import { systemClock } from '../../../base/clock.ts';
import { messageOf, MusterError } from '../../../base/errors.ts';
import { newRunId } from '../../../base/ids.ts';
import type { Logger } from '../../../base/logger.ts';
import { principalOf } from '../../../http/principal.ts';
import type { ModuleServices } from '../../module.ts';
import type { Intake } from '../intake/intake.ts';
import { priceBookOf, type PriceBook } from '../prices/index.ts';
import { currentSettings } from '../settings/index.ts';
import { AnswerStore } from './answer-store.ts';
import { readAsked } from './asked.ts';
import { Caller, type Answered } from './call.ts';
import { contextOf } from './context.ts';
import { hear, NOTHING_HEARD, operationOf } from './conversation.ts';
import { deferralOf, deferredView, urlOf } from './deferral.ts';
import { DeferredStore } from './deferred-store.ts';
import { directoryOf, type OpenProvider } from './directory.ts';
import { cachingOf, headersOf, noModel, one, refuseForeign, sentOn, type Began, type Given } from './exchange.ts';
import type { Face } from './face.ts';
import { Flights } from './flights.ts';
import type { Fresh } from './fresh.ts';
import { Gate } from './gate.ts';
import { KeptAnswers } from './kept-answers.ts';
import { Ledger } from './ledger.ts';
import { Losses } from './losses.ts';
import { ProviderHealth } from './provider-health.ts';
import { reckon, withEmbedding, type Reckoning } from './reckoning.ts';
import { Abandoned } from './record.ts';
import { relay } from './relay.ts';
import { targetsOf } from './routing.ts';
import { RunLog } from './run-log.ts';

/** Answers requests of OpenAI's protocol: from what is kept, with one that is under way, or by a provider; and says what was said, and paid. */
export class Gateway {
  readonly directory: Fresh<readonly OpenProvider[]>;
  readonly runs: RunLog;
  readonly caller: Caller;
  readonly answers: AnswerStore;
  readonly deferred: DeferredStore;
  readonly ledger: Ledger;
  readonly #kept: KeptAnswers;
  readonly #gate: Gate;
  readonly #losses: Losses;
  readonly #health: ProviderHealth;
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
    this.#health = new ProviderHealth({ database, log });
    this.caller = new Caller({ outbound, health: this.#health, sleep: (ms, signal) => systemClock.sleep(ms, signal) });
    this.answers = new AnswerStore(database);
    this.deferred = new DeferredStore(database);
    this.ledger = new Ledger({ database, answers: this.answers, log });
    const { answers, caller, directory, ledger } = this;
    this.#kept = new KeptAnswers({ state, answers, caller, directory, ledger, log, prices: this.#prices });
    currentSettings(services).onDeletion(() => this.#kept.forget());
    this.#gate = new Gate({ database, ledger: this.ledger, log });
    this.#losses = new Losses({ database, log, lost: () => ({ runs: this.runs.counts.lost, requests: this.ledger.lost }) });
    this.#unlisten = wake.on('gateway', () => {
      this.directory.forget();
      this.#gate.forget();
      this.#kept.forget();
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
    // Also on a refusal: who asks why finds it in the log.
    void reply.header('x-muster-run-id', began.runId);
    const over = new AbortController();
    const onClose = (): void => over.abort(new Abandoned());
    reply.raw.once('close', onClose);
    const withinMs = deferralOf(began.asked, one(request, 'x-muster-deferrable'));
    if (withinMs !== undefined) {
      await this.#gate.enter(began.principal.keyId);
      const told = await this.#defer(began, withinMs);
      await reply.code(202).header('location', urlOf(began.runId)).type('application/json').send(told);
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
    await Promise.all([this.#losses.stop(), this.#health.stop()]);
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
    const kept = caching.reads ? await this.#kept.exact(asked, caching) : undefined;
    if (kept !== undefined) return { ...kept, outcome: 'exact', caching };
    const meaning = await this.#kept.meaningOf(began, first, caching, signal);
    const similar = meaning === undefined || !caching.reads ? undefined : await this.#kept.similar(asked, caching, meaning);
    if (similar !== undefined) return { ...similar, outcome: 'semantic', caching, meaning };
    if (!caching.reads) return { answer: await ask(signal), outcome: 'provider', caching, ageMs: undefined, meaning };
    const { answer, isShared, land } = await this.#flights.join(`${caching.key.toString('base64')} ${asked.streams}`, signal, ask);
    return { answer, outcome: isShared ? 'coalesced' : 'provider', caching, ageMs: undefined, meaning, land };
  }

  /** After the client has its answer: reading it again must not keep it waiting. */
  #tell(began: Began, given: Given | undefined, error: string | undefined): void {
    const ended = performance.now();
    const telling = nextTurn()
      .then(() => this.#account({ began, given, error, ended }))
      .catch((thrown: unknown) => this.#log.error({ error: messageOf(thrown), run_id: began.runId }, 'a conversation is not accounted for'))
      .finally(() => {
        given?.land?.();
        this.#telling.delete(telling);
      });
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
    if (given !== undefined && answer !== undefined && given.outcome === 'provider') await this.#kept.keep(began, given, heard, ended);
  }
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
