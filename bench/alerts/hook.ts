import { answering, Receiver, type Behaviour, type Received } from '../../test/alerting/support/receiver.ts';

/** Says what a request is about: everything that one message tells, by names of the caller's own. */
export type Topics = (body: unknown) => readonly string[];

/** A receiver of webhooks that says when word of a topic came in, accepted or not. */
export class Hook implements AsyncDisposable {
  readonly #receiver = new Receiver();
  readonly #topicsOf: Topics;
  readonly #attempts = new Map<string, number[]>();
  readonly #accepted = new Map<string, number[]>();
  readonly #next = new Map<string, Behaviour>();
  readonly #interrupted: AbortSignal;
  #waiting = new Set<() => void>();

  private constructor(topicsOf: Topics, interrupted: AbortSignal) {
    this.#topicsOf = topicsOf;
    this.#interrupted = interrupted;
    this.#receiver.always = (received, response) => this.#note(received, response);
  }

  /** `interrupted` ends whatever is waited for. */
  static async listen(topicsOf: Topics, interrupted: AbortSignal): Promise<Hook> {
    const hook = new Hook(topicsOf, interrupted);
    await hook.up();
    return hook;
  }

  get url(): string {
    return this.#receiver.url;
  }

  /** Answers the next word of this topic so, and everything else with 200. */
  next(topic: string, behaviour: Behaviour): void {
    this.#next.set(topic, behaviour);
  }

  up(): Promise<unknown> {
    return this.#receiver.start();
  }

  /** Nobody listens any more, until it is up again at the same address. */
  down(): Promise<void> {
    return this.#receiver.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.down();
  }

  /** When each attempt to tell it came in, on the clock of `performance.now()`. */
  attempts(topic: string): readonly number[] {
    return this.#attempts.get(topic) ?? [];
  }

  /** The same of those that were answered with 200. */
  accepted(topic: string): readonly number[] {
    return this.#accepted.get(topic) ?? [];
  }

  /** When the attempt after the first `known` came in. */
  async attempt(topic: string, withinMs: number, known = 0): Promise<number> {
    await this.#until(`word of ${topic}`, withinMs, () => this.attempts(topic).length > known);
    return this.attempts(topic)[known] ?? Number.NaN;
  }

  /** When the first attempt to tell each of these came in, once all did. */
  async allAttempted(topics: readonly string[], withinMs: number): Promise<readonly number[]> {
    await this.#until(`word of ${topics.length} alerts`, withinMs, () => topics.every((topic) => this.#attempts.has(topic)));
    return topics.map((topic) => this.attempts(topic)[0] ?? Number.NaN);
  }

  /** When each of these was accepted first, once all of them were. */
  async allAccepted(topics: readonly string[], withinMs: number): Promise<readonly number[]> {
    await this.#until(`word of ${topics.length} alerts`, withinMs, () => topics.every((topic) => this.accepted(topic).length > 0));
    return topics.map((topic) => this.accepted(topic)[0] ?? Number.NaN);
  }

  /** Looks whenever something came in. Rejects where that takes too long, or the bench is interrupted. */
  async #until(what: string, withinMs: number, is: () => boolean): Promise<void> {
    const late = AbortSignal.timeout(withinMs);
    const over = AbortSignal.any([late, this.#interrupted]);
    over.addEventListener('abort', () => this.#look(), { once: true });
    while (!is()) {
      if (late.aborted) throw new Error(`${what} did not come within ${withinMs / 1_000} s`);
      over.throwIfAborted();
      await new Promise<void>((resolve) => void this.#waiting.add(resolve));
    }
  }

  #note(received: Received, response: Parameters<Behaviour>[1]): void {
    const topics = this.#topicsOf(received.body);
    for (const topic of topics) add(this.#attempts, topic, received.at);
    response.on('finish', () => {
      if (response.statusCode === 200) for (const topic of topics) add(this.#accepted, topic, performance.now());
      this.#look();
    });
    this.#look();
    const special = topics.find((topic) => this.#next.has(topic)) ?? '';
    const behaviour = this.#next.get(special) ?? answering(200);
    this.#next.delete(special);
    behaviour(received, response);
  }

  #look(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const look of waiting) look();
  }
}

function add(to: Map<string, number[]>, topic: string, at: number): void {
  const times = to.get(topic);
  if (times === undefined) to.set(topic, [at]);
  else times.push(at);
}

interface MusterEvent {
  readonly data?: {
    readonly kind?: string;
    readonly alert?: { readonly rule?: string; readonly labels?: Readonly<Record<string, string>> } | null;
  };
}

/** `firing rule agent` of a message of Muster. */
export const musterTopics: Topics = (body) => {
  const { kind = '', alert } = (body as MusterEvent | undefined)?.data ?? {};
  return alert === undefined || alert === null ? [] : [topicOf(kind, alert.rule ?? '', alert.labels?.['agent'] ?? '')];
};

interface PeerEvent {
  readonly alerts?: readonly { readonly status?: string; readonly labels?: Readonly<Record<string, string>> }[];
}

/** `firing alertname n` for each alert of a message of Alertmanager. */
export const peerTopics: Topics = (body) =>
  ((body as PeerEvent | undefined)?.alerts ?? []).map(({ labels = {}, status = '' }) =>
    topicOf(status, labels['alertname'] ?? '', labels['n'] ?? ''),
  );

export const topicOf = (kind: string, rule: string, about: string | number): string => `${kind} ${rule} ${about}`;
