import { messageOf } from '../../../base/errors.ts';
import type { Service } from '../../../base/service.ts';
import type { HostSite } from '../../module.ts';
import type { Intake } from '../intake/intake.ts';
import { priceBookOf } from '../prices/index.ts';
import { BatchApi } from './batch-api.ts';
import { Courier } from './courier.ts';
import { DeferredStore } from './deferred-store.ts';
import { directoryOf } from './directory.ts';
import { account } from './ledger.ts';
import { ProviderHealth } from './provider-health.ts';

const SEND_EVERY_MS = 15_000;
/** Batches take minutes to hours. */
const COLLECT_EVERY_MS = 30_000;
const PRUNE_EVERY_MS = 3_600_000;
const WAIT_MS = 30_000;

/** Carries deferred requests, on every host: what one takes another leaves alone. */
export class DeferredService implements Service {
  readonly #site: Pick<HostSite, 'state' | 'wake' | 'outbound' | 'log'>;
  readonly #courier: Courier;
  readonly #store: DeferredStore;
  readonly #health: ProviderHealth;
  readonly #over = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> | undefined;
  #collectedAt = 0;
  #prunedAt = 0;

  constructor(site: Pick<HostSite, 'state' | 'wake' | 'outbound' | 'log'>, intake: Pick<Intake, 'submit'>) {
    this.#site = site;
    const { log, outbound, state } = site;
    this.#store = new DeferredStore(state.database);
    const directory = directoryOf(state, log);
    this.#health = new ProviderHealth({ database: state.database, log });
    this.#courier = new Courier({
      store: this.#store,
      api: new BatchApi(outbound, this.#over.signal),
      providers: () => directory.value(),
      intake,
      account: (entries) => account(state.database, entries),
      prices: priceBookOf(site),
      log,
      // That the host stops says nothing of a provider.
      health: { note: (name, ended) => (this.#over.signal.aborted ? undefined : this.#health.note(name, ended)) },
      waitMs: WAIT_MS,
    });
  }

  async start(): Promise<void> {
    this.#plan();
  }

  async stop(): Promise<void> {
    this.#over.abort(new Error('the host stops'));
    clearTimeout(this.#timer);
    await this.#turn;
    await this.#health.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #plan(): void {
    if (this.#over.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#turn = this.#move().finally(() => this.#plan());
    }, SEND_EVERY_MS);
  }

  async #move(): Promise<void> {
    try {
      while ((await this.#courier.send()) > 0 && !this.#over.signal.aborted);
      if (performance.now() - this.#collectedAt > COLLECT_EVERY_MS) {
        this.#collectedAt = performance.now();
        await this.#courier.collect();
      }
      if (performance.now() - this.#prunedAt > PRUNE_EVERY_MS) {
        this.#prunedAt = performance.now();
        await this.#store.prune();
      }
    } catch (error) {
      if (!this.#over.signal.aborted)
        this.#site.log.warn({ error: messageOf(error) }, 'deferred requests cannot be carried now; they wait');
    }
  }
}
