import { isObject } from '../conversation/json.ts';

export interface Detail {
  readonly name: string;
  readonly amount: number;
}

export interface Usage {
  /** Parts of the tokens, which the totals hold already: cached, audio, reasoning. */
  readonly prompt: readonly Detail[];
  readonly completion: readonly Detail[];
  readonly inputCosts: readonly Detail[];
  readonly outputCosts: readonly Detail[];
  /** Whose price it is: the client's own, a provider's list, or a custom one. */
  readonly price: string | undefined;
  readonly sampleRate: number | undefined;
}

const names: Readonly<Record<string, string>> = {
  cache_read: 'from the cache',
  cache_creation: 'into the cache',
  reasoning: 'reasoning',
  audio: 'audio',
  image: 'images',
  video: 'video',
};

/** What stands in a run's `usage`. */
export function usageOf(usage: unknown): Usage {
  const given = isObject(usage) ? usage : {};
  const price = given['price'];
  const rate = given['sample_rate'];
  return {
    prompt: details(given['input_token_details']),
    completion: details(given['output_token_details']),
    inputCosts: details(given['input_cost_details']),
    outputCosts: details(given['output_cost_details']),
    price: typeof price === 'string' ? price : undefined,
    sampleRate: typeof rate === 'number' ? rate : undefined,
  };
}

function details(value: unknown): readonly Detail[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, amount]) => {
    const figure = Number(amount);
    return Number.isFinite(figure) && figure !== 0
      ? [{ name: Object.hasOwn(names, key) ? (names[key] ?? key) : key.replaceAll('_', ' '), amount: figure }]
      : [];
  });
}

/** Where a price came from, in words. */
export function priceSource(price: string | undefined): string {
  if (price === undefined) return '';
  if (price === 'client') return 'as the application said';
  return price.startsWith('custom/') ? `your price ${price.slice('custom/'.length)}` : `list price ${price}`;
}
