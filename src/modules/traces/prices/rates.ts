import type { Details } from '../content/usage.ts';
import { decimal, type PicoUsd } from './money.ts';

/** What a token costs, in whole 1e-12 USD: so much, or more where the call's input is above a mark. */
export interface Rate {
  readonly base: number;
  /** Ascending. The whole call is at the highest whose mark its input exceeds. */
  readonly tiers: readonly { readonly above: number; readonly rate: number }[];
}

/** A model's prices at one time. Kinds are the more specific prices of tokens that are part of the input or output. */
export interface Rates {
  readonly input: Rate | undefined;
  readonly output: Rate | undefined;
  readonly inputKinds: ReadonlyMap<string, Rate>;
  readonly outputKinds: ReadonlyMap<string, Rate>;
  readonly request: number;
}

export interface Used {
  readonly input: number;
  readonly output: number;
  readonly inputDetails?: Details | undefined;
  readonly outputDetails?: Details | undefined;
}

/** USD, exact decimal texts. */
export interface Cost {
  readonly inputCost: string;
  readonly outputCost: string;
  readonly totalCost: string;
}

const NONE: Details = {};

/** What a call costs at these rates. `half` is the price of a provider's batch API. */
export function costAt(rates: Rates, used: Used, half = false): Cost {
  const shareOf = half ? 2 : 1;
  const input = summed(charged(rates.input, rates.inputKinds, used.input, used.inputDetails ?? NONE, used.input), shareOf);
  const output = summed(charged(rates.output, rates.outputKinds, used.output, used.outputDetails ?? NONE, used.input), shareOf);
  return { inputCost: decimal(input), outputCost: decimal(output), totalCost: decimal(sumOf(sumOf(input, output), rates.request)) };
}

/** How many tokens at which rate, one after the other. */
type Charges = readonly number[];

/**
 * LangSmith's rule: tokens of a kind that has a price cost that, the rest the base price. Kinds that add up to more than there was are cut, so that
 * nothing is paid for twice.
 */
function charged(base: Rate | undefined, kinds: ReadonlyMap<string, Rate>, tokens: number, details: Details, context: number): Charges {
  const charges: number[] = [];
  let rest = tokens;
  for (const kind in details) {
    const rate = kinds.get(kind) ?? kinds.get(withoutTier(kind));
    if (rate === undefined) continue;
    const said = details[kind] ?? 0;
    const own = kind === 'cache_creation' && kinds.has('cache_creation_1h') ? said - (details['cache_creation_1h'] ?? 0) : said;
    const taken = Math.min(own, rest);
    if (!(taken > 0)) continue;
    charges.push(taken, at(rate, context));
    rest -= taken;
  }
  if (base !== undefined && rest > 0) charges.push(rest, at(base, context));
  return charges;
}

/** In plain numbers while they are exact, which is up to 9,007 USD; 5 times as fast as whole numbers of any size. */
function summed(charges: Charges, shareOf: 1 | 2): PicoUsd {
  let sum = 0;
  for (let i = 0; i < charges.length; i += 2) sum += (charges[i] ?? 0) * (charges[i + 1] ?? 0);
  if (Number.isSafeInteger(sum)) return Math.floor(sum / shareOf);
  let exact = 0n;
  for (let i = 0; i < charges.length; i += 2) exact += BigInt(charges[i] ?? 0) * BigInt(charges[i + 1] ?? 0);
  return exact / BigInt(shareOf);
}

function sumOf(a: PicoUsd, b: PicoUsd): PicoUsd {
  if (typeof a === 'number' && typeof b === 'number' && Number.isSafeInteger(a + b)) return a + b;
  return BigInt(a) + BigInt(b);
}

/** `priority_cache_read` is `cache_read`: what a faster or slower service adds or takes off is in no table of prices. */
const withoutTier = (kind: string): string =>
  kind.startsWith('priority_') ? kind.slice(9) : kind.startsWith('flex_') ? kind.slice(5) : kind;

function at({ base, tiers }: Rate, context: number): number {
  let rate = base;
  for (const tier of tiers) if (context > tier.above) rate = tier.rate;
  return rate;
}
