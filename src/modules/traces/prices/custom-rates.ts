import { z } from 'zod';
import type { Rate, Rates } from './rates.ts';

const Usd = z.number().min(0).max(1_000_000).describe('USD a million tokens');

/** Names of prices, and the kind of tokens each is for. */
const INPUT_KINDS = { cache_read: 'cache_read', cache_creation: 'cache_creation', cache_creation_1h: 'cache_creation_1h', input_audio: 'audio', input_image: 'image' } as const; // prettier-ignore
const OUTPUT_KINDS = { output_audio: 'audio', output_image: 'image', reasoning: 'reasoning' } as const;
const KINDS = [...Object.keys(INPUT_KINDS), ...Object.keys(OUTPUT_KINDS)] as readonly (
  | keyof typeof INPUT_KINDS
  | keyof typeof OUTPUT_KINDS
)[];

const byToken = {
  input: Usd.optional(),
  output: Usd.optional(),
  cache_read: Usd.optional(),
  cache_creation: Usd.optional(),
  cache_creation_1h: Usd.optional(),
  input_audio: Usd.optional(),
  input_image: Usd.optional(),
  output_audio: Usd.optional(),
  output_image: Usd.optional(),
  reasoning: Usd.optional(),
};

/** A price as people write it. What has no price of its own costs what its side costs. */
export const CustomRates = z
  .strictObject({
    ...byToken,
    request: z.number().min(0).max(1_000).optional().describe('USD a call'),
    above: z
      .array(z.strictObject({ tokens: z.number().int().min(1), ...byToken }))
      .max(8)
      .optional()
      .describe('What the whole call costs where its input is above so many tokens'),
  })
  .refine((rates) => rates.input !== undefined || rates.output !== undefined, 'a price of input or output is needed')
  .meta({ examples: [{ input: 0.15, cache_read: 0.075, output: 0.6 }] });
export type CustomRates = z.output<typeof CustomRates>;

const pico = (perMillion: number): number => Math.round(perMillion * 1e6);

export function ratesOf(custom: CustomRates): Rates {
  const tiers = (custom.above ?? []).toSorted((a, b) => a.tokens - b.tokens);
  const rate = (name: keyof typeof byToken): Rate | undefined => {
    const base = custom[name];
    if (base === undefined) return undefined;
    return { base: pico(base), tiers: tiers.map((tier) => ({ above: tier.tokens, rate: pico(tier[name] ?? base) })) };
  };
  const kinds = (of: Readonly<Record<string, string>>): ReadonlyMap<string, Rate> =>
    new Map(
      KINDS.flatMap((name) =>
        ((kind, price) => (kind === undefined || price === undefined ? [] : [[kind, price] as const]))(of[name], rate(name)),
      ),
    );
  return {
    input: rate('input'),
    output: rate('output'),
    inputKinds: kinds(INPUT_KINDS),
    outputKinds: kinds(OUTPUT_KINDS),
    request: Math.round((custom.request ?? 0) * 1e12),
  };
}
