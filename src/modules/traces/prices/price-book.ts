import type { Queryable } from '../../../db/database.ts';
import { costAt, type Rates } from './rates.ts';
import { ratesOf } from './custom-rates.ts';
import { listPrices, type CustomPrice } from './custom-prices.ts';
import type { Call, Price, Prices } from './prices.ts';
import { providerFamily } from './provider.ts';

/** A change made on another server is seen so soon, also where no hint told of it. */
const FRESH_MS = 30_000;

interface Entry {
  readonly provider: string | null;
  /** Microseconds since 1970. */
  readonly from: number;
  readonly rates: Rates;
}

/** The prices of one's own, and behind them the built-in ones. Asked in memory; read again now and then. */
export class PriceBook implements Prices {
  readonly #db: Queryable;
  readonly #behind: Prices;
  /** By model in lower case; the latest first. */
  #exact = new Map<string, readonly Entry[]>();
  /** By the beginning of a model; the longest first. */
  #prefixes: readonly (readonly [string, readonly Entry[]])[] = [];
  #freshUntil = 0;
  #changes = 0;
  #reading: Promise<void> | undefined;

  constructor(db: Queryable, behind: Prices) {
    this.#db = db;
    this.#behind = behind;
  }

  /** Resolves when what is known is not older than half a minute. Throws the errors of the database. */
  async fresh(): Promise<void> {
    while (performance.now() >= this.#freshUntil) {
      this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
      await this.#reading;
    }
  }

  /** Prices were changed: the next `fresh` reads them. */
  forget(): void {
    this.#changes += 1;
    this.#freshUntil = 0;
  }

  priceOf(call: Call): Price | undefined {
    if (this.#exact.size === 0 && this.#prefixes.length === 0) return this.#behind.priceOf(call);
    const ofTier = call.tier === undefined ? undefined : this.#findExactly(call, `${call.model}@${call.tier}`.toLowerCase());
    const rates = ofTier ?? this.#find(call);
    if (rates === undefined) return this.#behind.priceOf(call);
    const { inputCost, outputCost, totalCost } = costAt(rates, call.usage);
    const ending = call.tier === undefined ? '' : ofTier === undefined ? ':standard' : `@${call.tier}`;
    return { inputCost, outputCost, totalCost, source: `custom/${call.model}${ending}`, rates };
  }

  #findExactly({ at, provider }: Call, name: string): Rates | undefined {
    return pick(this.#exact.get(name), provider === undefined ? undefined : providerFamily(provider), at ?? Date.now() * 1_000);
  }

  #find({ provider, model, at }: Call): Rates | undefined {
    const name = model.toLowerCase();
    const when = at ?? Date.now() * 1_000;
    const family = provider === undefined ? undefined : providerFamily(provider);
    const found = pick(this.#exact.get(name), family, when);
    if (found !== undefined) return found;
    for (const [prefix, entries] of this.#prefixes) {
      const rates = name.startsWith(prefix) ? pick(entries, family, when) : undefined;
      if (rates !== undefined) return rates;
    }
    return undefined;
  }

  async #read(): Promise<void> {
    const changes = this.#changes;
    const exact = new Map<string, Entry[]>();
    const prefixes = new Map<string, Entry[]>();
    for (const price of await listPrices(this.#db)) {
      const [into, name] = price.model.endsWith('*') ? [prefixes, price.model.slice(0, -1)] : [exact, price.model];
      into.set(name, [...(into.get(name) ?? []), entryOf(price)]);
    }
    for (const entries of [...exact.values(), ...prefixes.values()]) entries.sort((a, b) => b.from - a.from);
    this.#exact = exact;
    this.#prefixes = [...prefixes].toSorted(([a], [b]) => b.length - a.length);
    // Changed while it was read: once more.
    if (changes === this.#changes) this.#freshUntil = performance.now() + FRESH_MS;
  }
}

const entryOf = ({ provider, validFrom, rates }: CustomPrice): Entry => ({
  provider: provider === null ? null : providerFamily(provider),
  from: validFrom === null ? Number.NEGATIVE_INFINITY : validFrom * 1_000,
  rates: ratesOf(rates),
});

/** The one that held then: of this very provider before one of any. */
function pick(entries: readonly Entry[] | undefined, family: string | undefined, at: number): Rates | undefined {
  if (entries === undefined) return undefined;
  const held = (of: string | null): Rates | undefined => entries.find(({ provider, from }) => provider === of && from <= at)?.rates;
  return (family === undefined ? undefined : held(family)) ?? held(null);
}
