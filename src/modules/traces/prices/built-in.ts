import { calcPrice, type ConditionalPrice, type ModelPrice } from '@pydantic/genai-prices';
import type { Call, Price, Prices } from './prices.ts';
import { costAt, type Rate, type Rates } from './rates.ts';
import type { ServiceTier } from './tier.ts';

/** Names that instrumentation uses for a provider and the table does not know. */
const PROVIDERS = new Map([
  ['azure_openai', 'azure'],
  ['azure-openai', 'azure'],
  ['azureopenai', 'azure'],
  ['az.ai.openai', 'azure'],
  ['azure.ai.openai', 'azure'],
  ['az.ai.inference', 'azure'],
  ['azure.ai.inference', 'azure'],
  ['x_ai', 'x-ai'],
  ['fireworks_ai', 'fireworks'],
  ['together', 'together'],
]);

/** Whose batch API costs half, by their own pages. */
const HALF_PRICE_BATCHES = new Set(['openai', 'azure', 'anthropic', 'google', 'mistral', 'groq', 'aws']);

/** Who prices flex as it does batches, by their own page. */
const FLEX_AS_BATCH = new Set(['openai']);

const INPUT_KINDS = new Map([
  ['cache_read_mtok', 'cache_read'],
  ['cache_write_mtok', 'cache_creation'],
  ['cache_write_1h_mtok', 'cache_creation_1h'],
  ['input_audio_mtok', 'audio'],
  ['input_image_mtok', 'image'],
  ['input_video_mtok', 'video'],
]);
const OUTPUT_KINDS = new Map([
  ['output_reasoning_mtok', 'reasoning'],
  ['output_audio_mtok', 'audio'],
  ['output_image_mtok', 'image'],
  ['output_video_mtok', 'video'],
]);

interface Known {
  readonly source: string;
  readonly provider: string;
  /** In the table's order: the last whose time it is holds, the first where none does. */
  readonly prices: readonly { readonly holds: (at: number) => boolean; readonly rates: Rates }[];
}

/** As many models as a fleet uses, and no more than that where names are made up. */
const MOST_REMEMBERED = 5_000;

/** The table of @pydantic/genai-prices, as unit rates: looking a model up there takes 80 µs, and is done once for each. */
export class BuiltInPrices implements Prices {
  readonly #known = new Map<string, Known | null>();

  priceOf({ provider, model, at, usage, tier, batch = false }: Call): Price | undefined {
    const known = this.#find(provider, model);
    if (known === null) return undefined;
    const rates = ratesAt(known, at === undefined ? Date.now() : at / 1_000);
    if (rates === undefined) return undefined;
    const isFlex = tier === 'flex' && FLEX_AS_BATCH.has(known.provider);
    const half = (batch && HALF_PRICE_BATCHES.has(known.provider)) || isFlex;
    const { inputCost, outputCost, totalCost } = costAt(rates, usage, half);
    return { inputCost, outputCost, totalCost, source: `${known.source}${endingOf(half, isFlex, tier)}`, rates };
  }

  #find(provider: string | undefined, model: string): Known | null {
    const key = `${provider ?? ''}\0${model}`;
    const found = this.#known.get(key);
    if (found !== undefined) return found;
    const known = lookUp(provider, model);
    if (this.#known.size >= MOST_REMEMBERED) this.#known.clear();
    this.#known.set(key, known);
    return known;
  }
}

function endingOf(half: boolean, isFlex: boolean, tier: ServiceTier | undefined): string {
  if (half) return isFlex ? ':flex' : ':batch';
  return tier === undefined ? '' : ':standard';
}

function ratesAt({ prices }: Known, at: number): Rates | undefined {
  for (let i = prices.length - 1; i >= 0; i--) {
    const price = prices[i];
    if (price?.holds(at) === true) return price.rates;
  }
  return prices[0]?.rates;
}

function lookUp(provider: string | undefined, model: string): Known | null {
  for (const [providerId, name] of spellings(provider, model)) {
    const found = calcPrice({}, name, providerId === undefined ? {} : { providerId });
    if (found === null) continue;
    const dated: readonly ConditionalPrice[] = Array.isArray(found.model.prices) ? found.model.prices : [{ prices: found.model.prices }];
    const prices = dated.map(({ constraint, prices: price }) => ({ holds: holdsWhen(constraint), rates: ratesOf(price) }));
    // Priced by the hour, the page or the search only: its tokens have no price.
    if (prices.every(({ rates }) => rates.input === undefined && rates.output === undefined)) return null;
    return { source: `${found.provider.id}/${found.model.id}`, provider: found.provider.id, prices };
  }
  return null;
}

/** What to look for, the surest first: a router's `openai/gpt-4o`, Gemini's `models/…`, and the AI SDK's `openai.chat` are known by their parts. */
function* spellings(provider: string | undefined, model: string): Iterable<readonly [string | undefined, string]> {
  const given = provider?.toLowerCase();
  const id = given === undefined ? undefined : (PROVIDERS.get(given) ?? given);
  yield [id, model];
  const dot = id?.indexOf('.') ?? -1;
  if (id !== undefined && dot > 0) yield [PROVIDERS.get(id.slice(0, dot)) ?? id.slice(0, dot), model];
  const slash = model.indexOf('/');
  if (slash <= 0) return;
  const [before, after] = [model.slice(0, slash), model.slice(slash + 1)];
  if (before === 'models') yield [id, after];
  else if (id === undefined || id === before) yield [before, after];
}

function holdsWhen(constraint: ConditionalPrice['constraint']): (at: number) => boolean {
  if (constraint === undefined) return () => true;
  if (constraint.type === 'start_date') {
    const from = Date.parse(constraint.start_date);
    return (at) => at >= from;
  }
  const [from, to] = [secondOfDay(constraint.start_time), secondOfDay(constraint.end_time)];
  return (at) => {
    const second = (at / 1_000) % 86_400;
    return to < from ? second >= from || second < to : second >= from && second < to;
  };
}

/** `16:30:00Z`: the table has no other zone. */
function secondOfDay(time: string): number {
  const [hour = 0, minute = 0, second = 0] = time.replace('Z', '').split(':').map(Number);
  return hour * 3_600 + minute * 60 + second;
}

function ratesOf(price: ModelPrice): Rates {
  const kinds = (names: ReadonlyMap<string, string>): ReadonlyMap<string, Rate> =>
    new Map([...names].flatMap(([key, kind]) => ((rate) => (rate === undefined ? [] : [[kind, rate] as const]))(perToken(price[key]))));
  const perThousand = price['requests_kcount'];
  return {
    input: perToken(price['input_mtok']),
    output: perToken(price['output_mtok']),
    inputKinds: kinds(INPUT_KINDS),
    outputKinds: kinds(OUTPUT_KINDS),
    request: typeof perThousand === 'number' ? Math.round(perThousand * 1e9) : 0,
  };
}

/** USD a million tokens is 1e-6 USD a token. */
export const picoPerToken = (perMillion: number): number => Math.round(perMillion * 1e6);

function perToken(price: ModelPrice[string]): Rate | undefined {
  if (price === undefined) return undefined;
  if (typeof price === 'number') return { base: picoPerToken(price), tiers: [] };
  return {
    base: picoPerToken(price.base),
    tiers: price.tiers.map(({ start, price: rate }) => ({ above: start, rate: picoPerToken(rate) })),
  };
}
