import { usageOf } from '../content/usage.ts';
import { decimal, picoOfDecimal } from '../prices/money.ts';
import { tierIn, tierOf, type Prices } from '../prices/index.ts';

/** How a request was answered. What is not `provider` cost nothing, or less. */
export type Outcome = 'provider' | 'exact' | 'coalesced' | 'semantic' | 'batch';

/** What an answer used and what that costs. */
export interface Reckoning {
  readonly promptTokens: number | undefined;
  readonly completionTokens: number | undefined;
  /** USD, exact. What was paid; undefined: nobody knows the price, or the usage. */
  readonly cost: string | undefined;
  /** USD, exact. What it would have cost without: undefined where the price is not known, so that nothing is claimed. */
  readonly saved: string | undefined;
  /** The price that applied. */
  readonly price: string | undefined;
}

/** What was paid to know what the question means is paid besides, and takes from what was saved. */
export function withEmbedding(reckoning: Reckoning, outcome: Outcome, paid: string | undefined): Reckoning {
  if (paid === undefined) return reckoning;
  const [extra, cost] = [picoOfDecimal(paid), reckoning.cost];
  if (outcome !== 'semantic') return { ...reckoning, cost: cost === undefined ? undefined : decimal(picoOfDecimal(cost) + extra) };
  const saved = reckoning.saved === undefined ? undefined : picoOfDecimal(reckoning.saved) - extra;
  return { ...reckoning, cost: paid, saved: saved === undefined ? undefined : decimal(saved > 0n ? saved : 0n) };
}

/** Prices an answer as of now. An answer that was not asked for anew costs nothing, and saves what it would have cost. */
export function reckon(
  {
    answer,
    model,
    outcome,
    provider,
  }: {
    readonly outcome: Outcome;
    readonly answer: Readonly<Record<string, unknown>> | undefined;
    readonly provider: string | null;
    readonly model: string;
  },
  prices: Prices,
): Reckoning {
  const usage = usageOf(answer?.['usage']);
  if (usage === undefined)
    return {
      promptTokens: undefined,
      completionTokens: undefined,
      cost: outcome === 'provider' ? undefined : '0',
      saved: undefined,
      price: undefined,
    };
  const tokens = { promptTokens: usage.input, completionTokens: usage.output };
  const answering = typeof answer?.['model'] === 'string' ? answer['model'] : model;
  const tier = tierOf(answer?.['service_tier']) ?? tierIn(undefined, usage.inputDetails, usage.outputDetails);
  const priceOf = (batch: boolean) =>
    [model, answering]
      .map((each) => prices.priceOf({ provider: provider ?? undefined, model: each, usage, batch, tier }))
      .find((price) => price !== undefined);
  const full = priceOf(false);
  if (full === undefined)
    return { ...tokens, cost: outcome === 'provider' || outcome === 'batch' ? undefined : '0', saved: undefined, price: undefined };
  if (outcome === 'provider') return { ...tokens, cost: full.totalCost, saved: undefined, price: full.source };
  if (outcome !== 'batch') return { ...tokens, cost: '0', saved: full.totalCost, price: full.source };
  const half = priceOf(true) ?? full;
  return {
    ...tokens,
    cost: half.totalCost,
    saved: decimal(picoOfDecimal(full.totalCost) - picoOfDecimal(half.totalCost)),
    price: half.source,
  };
}
