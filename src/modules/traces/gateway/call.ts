import { durationMs } from '../../../base/duration.ts';
import { isMusterError, messageOf, MusterError } from '../../../base/errors.ts';
import type { Outbound, OutboundStream } from '../../../outbound/index.ts';
import { sentText, type Asked } from './asked.ts';
import { Breakers } from './breaker.ts';
import type { OpenProvider } from './directory.ts';
import { FACES } from './face.ts';
import { failureOf, saidOf, wordsIn } from './failure.ts';
import { addressOf, PROVIDER_KINDS } from './provider.ts';
import type { ProviderHealth } from './provider-health.ts';
import { record } from './record.ts';
import { backOffMs, isBroken, isRetried, PATIENCE_MS, PATIENCE_WITH_FALLBACK_MS, retryAfterMs } from './retry.ts';
import type { Target } from './routing.ts';
import { Tape } from './tape.ts';

/** An answer, while it may still come in. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Server-sent events. */
  readonly isStream: boolean;
  readonly tape: Tape;
  /** Who gave it. */
  readonly provider: string;
  /** As prices know them; null: the name says nothing about prices. */
  readonly priceProvider: string | null;
  /** As they call it. */
  readonly model: string;
  /** Requests that were sent, to whomever. */
  readonly attempts: number;
}

export interface CallOptions {
  readonly targets: readonly Target<OpenProvider>[];
  /** Of the client, as far as they are passed on. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface CallerOptions {
  readonly outbound: Pick<Outbound, 'stream'>;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told how every request ended. */
  readonly health?: Pick<ProviderHealth, 'note'> | undefined;
  readonly random?: () => number;
  readonly now?: () => number;
}

/** Sends requests to providers: again where that may help, to the next where it does not, and never once something was passed on. */
export class Caller {
  readonly #options: CallerOptions;
  readonly #breakers = new Breakers();

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the first piece of a good answer, or with the last bad one. Throws OUTBOUND_ errors where nobody could be reached,
   * PROVIDER_REFUSED where the last provider does not know its key, PROVIDER_UNAVAILABLE where all are left alone for now, or the signal's reason.
   */
  async call(asked: Asked, { headers, signal, targets }: CallOptions): Promise<Answered> {
    const { now = Date.now, random = Math.random, sleep } = this.#options;
    let attempts = 0;
    let last: Answered | MusterError | undefined;
    for (const [place, target] of targets.entries()) {
      const name = target.provider.name;
      const hasNext = place < targets.length - 1;
      for (let attempt = 1; attempt <= target.provider.settings.attempts; attempt++) {
        if (!this.#breakers.lets(name, now())) break;
        attempts += 1;
        const outcome = await this.#attempt(asked, target, { headers, signal, attempts });
        if (!(outcome instanceof MusterError) && !isRetried(outcome.status, outcome.headers)) return outcome;
        last = outcome;
        // Another time it would be the same key; another provider has its own.
        if (isMusterError(outcome, 'PROVIDER_REFUSED')) break;
        const asksMs = outcome instanceof MusterError ? undefined : retryAfterMs(outcome.headers, now());
        const waitMs = asksMs ?? backOffMs(attempt, random);
        if (attempt === target.provider.settings.attempts || waitMs > (hasNext ? PATIENCE_WITH_FALLBACK_MS : PATIENCE_MS)) break;
        await sleep(waitMs, signal);
      }
    }
    if (last === undefined) throw this.#allAlone(targets, now());
    if (last instanceof MusterError) throw last;
    return last;
  }

  /** An error where nothing came that a client could be given. */
  async #attempt(
    asked: Asked,
    target: Target<OpenProvider>,
    {
      attempts,
      headers,
      signal,
    }: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal; readonly attempts: number },
  ): Promise<Answered | MusterError> {
    const { provider } = target;
    const { health, now = Date.now } = this.#options;
    const broken = (error: unknown): void => health?.note(provider.name, { ok: false, reason: 'failed', said: messageOf(error) });
    try {
      const stream = await this.#open(asked, target, headers, signal);
      const isStream = stream.status < 400 && (stream.headers['content-type'] ?? '').includes('text/event-stream');
      const tape = new Tape();
      await record(stream, tape, {
        asEvents: isStream,
        marksUsage: FACES[asked.face].asksUsage,
        isRefusal: stream.status >= 400 || isPage(stream),
        onBroken: broken,
      });
      if (isPage(stream)) throw paged(provider.name, startOf(tape));
      const reason = failureOf(stream.status);
      health?.note(
        provider.name,
        reason === undefined ? { ok: true } : { ok: false, reason, said: saidOf(stream.status, startOf(tape), provider.sent) },
      );
      if (stream.status === 401 || stream.status === 403) throw refused(provider.name, stream.status, tape);
      if (isBroken(stream.status)) this.#breakers.failed(provider.name, now());
      else this.#breakers.succeeded(provider.name);
      return {
        status: stream.status,
        headers: stream.headers,
        isStream,
        tape,
        provider: provider.name,
        priceProvider: PROVIDER_KINDS[provider.kind].prices,
        model: target.model,
        attempts,
      };
    } catch (error) {
      if (signal.aborted) {
        this.#breakers.unknown(provider.name);
        throw error;
      }
      // Its answer shows that it is there.
      if (isMusterError(error, 'PROVIDER_REFUSED')) {
        this.#breakers.succeeded(provider.name);
        return error;
      }
      this.#breakers.failed(provider.name, now());
      broken(error);
      if (isMusterError(error, 'OUTBOUND_REFUSED')) throw error;
      return error instanceof MusterError
        ? error
        : new MusterError('PROVIDER_FAILED', `${provider.name} broke off: ${messageOf(error)}`, { cause: error });
    }
  }

  #open(
    asked: Asked,
    { model, provider }: Target<OpenProvider>,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<OutboundStream> {
    const { connect_timeout: connect, first_byte_timeout: firstByte, idle_timeout: idle, ask_usage: asksUsage } = provider.settings;
    return this.#options.outbound.stream({
      url: addressOf(provider.baseUrl, FACES[asked.face].path, model),
      headers: {
        ...headers,
        'content-type': 'application/json',
        accept: asked.streams ? 'text/event-stream' : 'application/json',
        ...provider.sent,
      },
      body: Buffer.from(sentText(asked, { model, asksUsage })),
      connectTimeoutMs: durationMs(connect),
      firstByteTimeoutMs: durationMs(firstByte),
      idleTimeoutMs: durationMs(idle),
      signal,
    });
  }

  #allAlone(targets: readonly Target<OpenProvider>[], now: number): MusterError {
    const names = [...new Set(targets.map(({ provider }) => provider.name))];
    const waitMs = Math.min(...names.map((name) => this.#breakers.waitMs(name, now)));
    return new MusterError('PROVIDER_UNAVAILABLE', `${names.join(', ')} failed again and again and is left alone for a moment`, {
      data: { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)) },
    });
  }
}

/** What a provider says of its key is for whoever runs the gateway: a client would take it for its own key. */
function refused(provider: string, status: number, tape: Tape): MusterError {
  const said = startOf(tape).slice(0, 500);
  return new MusterError('PROVIDER_REFUSED', `${provider} answered ${status}: it does not accept the key it was given, or not for this`, {
    remedy: `Check the key with \`muster gateway test ${provider}\`.`,
    data: { said },
  });
}

/** What stands before a provider, a proxy or a sign-in, answers with a page and says 200. */
const isPage = ({ headers, status }: OutboundStream): boolean =>
  status < 300 && /^(text\/html|application\/xhtml)/.test(headers['content-type'] ?? '');

const paged = (provider: string, page: string): MusterError =>
  new MusterError('PROVIDER_FAILED', `${provider} answered with a page instead of an answer: ${wordsIn(page).slice(0, 200)}`, {
    remedy: 'Look at base_url and at what stands before the provider: `muster gateway list`.',
  });

const startOf = (tape: Tape): string => Buffer.concat(tape.pieces.map(({ bytes }) => bytes)).toString('utf8', 0, 10_000);
