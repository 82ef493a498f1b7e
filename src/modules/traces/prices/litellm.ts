import { MusterError } from '../../../base/errors.ts';
import { CustomRates } from './custom-rates.ts';
import type { NewPrice } from './custom-prices.ts';
import { providerFamily } from './provider.ts';

/** USD a token there, a million tokens here. */
const NAMES = {
  input: 'input_cost_per_token',
  output: 'output_cost_per_token',
  cache_read: 'cache_read_input_token_cost',
  cache_creation: 'cache_creation_input_token_cost',
  cache_creation_1h: 'cache_creation_input_token_cost_above_1hr',
  input_audio: 'input_cost_per_audio_token',
  output_audio: 'output_cost_per_audio_token',
  reasoning: 'output_cost_per_reasoning_token',
} as const;

const MOST_MODELS = 10_000;

/** The list that LiteLLM keeps, model_prices_and_context_window.json. Models that are not priced by the token are left out. Throws INVALID_INPUT. */
export function pricesOfLitellm(text: string): readonly Omit<NewPrice, 'validFrom'>[] {
  const list = read(text);
  const prices: Omit<NewPrice, 'validFrom'>[] = [];
  for (const [key, entry] of Object.entries(list).slice(0, MOST_MODELS)) {
    if (key === 'sample_spec' || typeof entry !== 'object' || entry === null) continue;
    const of = entry as Readonly<Record<string, unknown>>;
    const model = modelOf(key, of['litellm_provider']);
    if (model.length === 0 || model.length > 240 || model.endsWith('*')) continue;
    const provider = typeof of['litellm_provider'] === 'string' ? providerFamily(of['litellm_provider'].slice(0, 64)) : null;
    const add = (name: string, found: Readonly<Record<string, unknown>>): void => {
      const rates = CustomRates.safeParse(found);
      if (rates.success) prices.push({ provider, model: name, rates: rates.data });
    };
    add(model, ratesIn(of));
    for (const tier of ['priority', 'flex']) add(`${model}@${tier}`, perMillion(of, `_${tier}`));
  }
  return [...new Map(prices.map((price) => [`${price.provider ?? ''} ${price.model}`, price])).values()];
}

function read(text: string): Readonly<Record<string, unknown>> {
  try {
    const list: unknown = JSON.parse(text);
    if (typeof list === 'object' && list !== null && !Array.isArray(list)) return list as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw noList(cause);
  }
  throw noList();
}

const noList = (cause?: unknown): MusterError =>
  new MusterError('INVALID_INPUT', 'that is no list of prices as LiteLLM keeps it', {
    remedy: 'Take model_prices_and_context_window.json of the LiteLLM repository: a JSON object by model.',
    cause,
  });

function ratesIn(entry: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const rates = perMillion(entry, '');
  const above = [...new Set(Object.keys(entry).flatMap((name) => /^\w+_above_(\d{1,4})k_tokens$/.exec(name)?.[1] ?? []))].map(
    (thousands) => ({
      tokens: Number(thousands) * 1_000,
      ...perMillion(entry, `_above_${thousands}k_tokens`),
    }),
  );
  return above.length === 0 ? rates : { ...rates, above: above.slice(0, 8) };
}

function perMillion(entry: Readonly<Record<string, unknown>>, ending: string): Record<string, number> {
  const rates: Record<string, number> = {};
  for (const [name, theirs] of Object.entries(NAMES)) {
    const price = entry[`${theirs}${ending}`];
    // Twelve digits: 1.5e-7 × 1e6 is 0.15 and not 0.15000000000000002.
    if (typeof price === 'number' && Number.isFinite(price)) rates[name] = Number((price * 1e6).toPrecision(12));
  }
  return rates;
}

/** `azure/gpt-4o` is Azure's gpt-4o: callers name the model without its seller. */
function modelOf(key: string, provider: unknown): string {
  const lower = key.toLowerCase();
  const slash = lower.indexOf('/');
  if (slash <= 0 || typeof provider !== 'string') return lower;
  return providerFamily(lower.slice(0, slash)) === providerFamily(provider) ? lower.slice(slash + 1) : lower;
}
