import type { Micros } from '../run/operation.ts';
import type { Cost, Rates, Used } from './rates.ts';

/** A call to a model, to be priced at the time it was made. */
export interface Call {
  readonly provider?: string | undefined;
  readonly model: string;
  /** Default: now. */
  readonly at?: Micros | undefined;
  readonly usage: Used;
  /** It went through the provider's batch API: half the price, where the provider gives that. */
  readonly batch?: boolean | undefined;
}

export interface Price extends Cost {
  /** `openai/gpt-4o-mini` of the built-in table, `custom/NAME`; with `:batch` where that price applied. */
  readonly source: string;
  readonly rates: Rates;
}

export interface Prices {
  /** Undefined where nobody knows the model's price: unknown is not nothing. */
  priceOf(call: Call): Price | undefined;
}
