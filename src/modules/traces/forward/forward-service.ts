import { randomUUID } from 'node:crypto';
import { messageOf } from '../../../base/errors.ts';
import { systemClock, type Clock } from '../../../base/clock.ts';
import type { Service } from '../../../base/service.ts';
import { Loop } from '../../../fleet/loop.ts';
import { FEED_TOPIC } from '../feed/feed-service.ts';
import type { ModuleServices } from '../../module.ts';
import { originOf } from '../origin/origin.ts';
import { ForwardStore } from './forward-store.ts';
import { sealedAs, type Forward, type ForwardSecrets } from './forward.ts';
import { forwardRound } from './forwarder.ts';
import { LangsmithTarget } from './langsmith/target.ts';
import { OtlpTarget } from './otlp/target.ts';
import type { Target } from './target.ts';

/** A forward was made or changed. */
export const FORWARDS_TOPIC = 'traces:forwards';

const LOOK_EVERY_MS = 10_000;
const AT_MOST_EVERY_MS = 250;
/** Of one forward in a row, before the others have their turn. */
const ROUNDS = 20;

/** A key that cannot be opened needs somebody to mend it. */
const SECRET_REST_MS = 60_000;

type Site = Pick<ModuleServices, 'state' | 'wake' | 'log' | 'outbound'>;

/** Passes runs on. Runs on every host; a forward is in the hands of one, which its row says. */
export class ForwardService implements Service {
  readonly #site: Site;
  readonly #hostId = randomUUID();
  readonly #store: ForwardStore;
  readonly #loop: Loop;
  readonly #over = new AbortController();
  /** Kept while they are the same: a target counts its requests. */
  readonly #targets = new Map<string, { readonly key: string; readonly target: Target }>();
  readonly #failing = new Set<string>();
  #unlisten: readonly (() => void)[] = [];

  constructor(site: Site, clock: Clock = systemClock) {
    this.#site = site;
    this.#store = new ForwardStore(site.state.database);
    this.#loop = new Loop({
      everyMs: LOOK_EVERY_MS,
      minGapMs: AT_MOST_EVERY_MS,
      clock,
      step: () => this.step(),
      failed: (error) => this.#failed('', error),
    });
  }

  async start(): Promise<void> {
    this.#unlisten = [FEED_TOPIC, FORWARDS_TOPIC].map((topic) => this.#site.wake.on(topic, () => this.#loop.wake()));
    await this.#loop.start();
  }

  async stop(): Promise<void> {
    for (const unlisten of this.#unlisten) unlisten();
    this.#over.abort();
    await this.#loop.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** One turn of every forward that is due: side by side, so that a slow target holds up nobody but itself. */
  async step(): Promise<void> {
    const forwards = await this.#store.claim(this.#hostId);
    await Promise.all(
      forwards.map(async (forward) => {
        try {
          await this.#turn(forward);
          this.#failing.delete(forward.name);
        } catch (error) {
          if (!this.#over.signal.aborted) this.#failed(forward.name, error);
        }
      }),
    );
  }

  async #turn(forward: Forward): Promise<void> {
    const site = { database: this.#site.state.database, store: this.#store, hostId: this.#hostId, signal: this.#over.signal };
    const target = await this.#targetOf(forward).catch(async (error: unknown) => {
      await this.#store.fail(forward.name, this.#hostId, messageOf(error), SECRET_REST_MS);
      throw error;
    });
    let current: Forward | undefined = forward;
    for (let round = 0; round < ROUNDS && current?.enabled === true; round += 1) {
      if (!(await forwardRound(site, current, target))) break;
      current = await this.#store.get(forward.name);
    }
    await this.#store.release(forward.name, this.#hostId);
  }

  async #targetOf(forward: Forward): Promise<Target> {
    const key = JSON.stringify([forward.kind, forward.endpoint, forward.secrets, forward.targetProject, forward.options]);
    const known = this.#targets.get(forward.name);
    if (known?.key === key) return known.target;
    const { secrets, name, kind } = forward;
    const opened = secrets === null ? {} : (JSON.parse(await this.#site.state.secrets.open(secrets, sealedAs(name))) as ForwardSecrets);
    const { outbound, state } = this.#site;
    const origin = await originOf(state.database);
    const target = new { langsmith: LangsmithTarget, otlp: OtlpTarget }[kind]({ outbound, forward, secrets: opened, origin });
    this.#targets.set(name, { key, target });
    return target;
  }

  /** Said once a failure; its row says the rest. */
  #failed(name: string, error: unknown): void {
    if (!this.#failing.has(name))
      this.#site.log.warn({ err: error, forward: name }, `runs could not be passed on, it is tried again: ${messageOf(error)}`);
    this.#failing.add(name);
  }
}
