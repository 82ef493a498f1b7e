import type { Micros } from '../run/operation.ts';
import type { Cost, Rates, Used } from './rates.ts';
import type { ServiceTier } from './tier.ts';

/** A call to a model, to be priced at the time it was made. */
export interface Call {
  readonly provider?: string | undefined;
  readonly model: string;
  /** Default: now. */
  readonly at?: Micros | undefined;
  readonly usage: Used;
  /** It went through the provider's batch API: half the price, where the provider gives that. */
  readonly batch?: boolean | undefined;
  /** The answer says that it came in this tier. */
  readonly tier?: ServiceTier | undefined;
}

export interface Price extends Cost {
  /**
   * `openai/gpt-4o-mini` of the built-in table, `custom/NAME`; with `:batch` or `:flex` where that price applied, and `:standard` where the call came in
   * another tier, whose price nobody knows.
   */
  readonly source: string;
  readonly rates: Rates;
}

export interface Prices {
  /** Undefined where nobody knows the model's price: unknown is not nothing. */
  priceOf(call: Call): Price | undefined;
}
