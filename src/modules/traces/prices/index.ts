import type { ModuleServices } from '../../module.ts';
import { BuiltInPrices } from './built-in.ts';
import { PriceBook } from './price-book.ts';
import type { Prices } from './prices.ts';

export type { PriceBook } from './price-book.ts';
export type { Prices } from './prices.ts';

/** The prices that come with Muster, without any of one's own. */
export const BUILT_IN_PRICES: Prices = new BuiltInPrices();

/** Said when prices of one's own were changed. */
export const PRICES_TOPIC = 'traces:prices';

const books = new WeakMap<object, { readonly book: PriceBook; hears: boolean }>();

/** The price book of this server. Await its `fresh()` before a batch of work: custom prices are read then, where that is due. */
export function priceBookOf({ state, wake }: Pick<ModuleServices, 'state'> & Partial<Pick<ModuleServices, 'wake'>>): PriceBook {
  const entry = books.get(state) ?? { book: new PriceBook(state.database, BUILT_IN_PRICES), hears: false };
  books.set(state, entry);
  if (wake !== undefined && !entry.hears) {
    entry.hears = true;
    wake.on(PRICES_TOPIC, () => entry.book.forget());
  }
  return entry.book;
}
export { tierIn, tierOf, type ServiceTier } from './tier.ts';
