import { BuiltInPrices } from './built-in.ts';
import type { Prices } from './prices.ts';

export type { Call, Price, Prices } from './prices.ts';

/** The prices that come with Muster, without any of one's own. */
export const BUILT_IN_PRICES: Prices = new BuiltInPrices();
