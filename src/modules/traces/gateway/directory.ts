import type { Logger } from '../../../base/logger.ts';
import { messageOf } from '../../../base/errors.ts';
import type { Wake } from '../../../base/wake.ts';
import type { SharedState } from '../../../state/shared-state.ts';
import { PROVIDER_KINDS, sealedAs, type ProviderRecord } from './provider.ts';
import { Providers } from './providers.ts';

/** A provider as requests need it: with the headers that carry its key. */
export interface OpenProvider extends ProviderRecord {
  readonly sent: Readonly<Record<string, string>>;
}

/** Without a wake-up the table is read again so often. */
const FRESH_MS = 5_000;

/** The providers, in memory: a request waits for the database only where nothing was ever read. */
export class Directory {
  readonly #state: SharedState;
  readonly #log: Logger;
  readonly #unlisten: () => void;
  #known: readonly OpenProvider[] | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<readonly OpenProvider[]> | undefined;
  /** Somebody changed them: the next request waits for what they are now. */
  #isOutdated = false;

  constructor({ state, wake, log }: { readonly state: SharedState; readonly wake: Wake; readonly log: Logger }) {
    this.#state = state;
    this.#log = log;
    this.#unlisten = wake.on('gateway', () => this.forget());
  }

  /** As they were a few seconds ago at most, or when the database was last there. */
  async providers(): Promise<readonly OpenProvider[]> {
    const known = this.#known;
    if (known === undefined) return this.#read();
    const isOutdated = this.#isOutdated;
    if (!isOutdated && performance.now() - this.#readAt < FRESH_MS) return known;
    const reading = this.#read().catch((error: unknown) => {
      this.#log.warn({ error: messageOf(error) }, 'the providers of the gateway could not be read again');
      return known;
    });
    return isOutdated ? reading : known;
  }

  /** Reads anew before the next request. */
  forget(): void {
    this.#isOutdated = true;
  }

  close(): void {
    this.#unlisten();
  }

  #read(): Promise<readonly OpenProvider[]> {
    this.#reading ??= this.#load().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #load(): Promise<readonly OpenProvider[]> {
    const at = performance.now();
    this.#isOutdated = false;
    const rows = await new Providers(this.#state.database).list();
    const opened = await Promise.all(rows.map((row) => this.#open(row)));
    this.#known = opened.filter((each) => each !== undefined);
    this.#readAt = at;
    return this.#known;
  }

  async #open(row: ProviderRecord): Promise<OpenProvider | undefined> {
    try {
      return await openProvider(row, this.#state);
    } catch (error) {
      // One whose key was sealed elsewhere must not take the others with it.
      this.#log.error({ provider: row.name, error: messageOf(error) }, 'the key of a provider cannot be opened; it is left out');
      return undefined;
    }
  }
}

/** Throws SECRET_UNREADABLE. */
export async function openProvider(row: ProviderRecord, { secrets }: Pick<SharedState, 'secrets'>): Promise<OpenProvider> {
  if (row.apiKey === null) return { ...row, sent: row.headers };
  const key = await secrets.open(row.apiKey, sealedAs(row.name));
  const { keyHeader } = PROVIDER_KINDS[row.kind];
  return { ...row, sent: { ...row.headers, [keyHeader]: keyHeader === 'authorization' ? `Bearer ${key}` : key } };
}
