import { usdOf } from '../prices/money.ts';
import { firstOf, MOST_TOKENS, objectOf, tokensOf, type Json } from './values.ts';

/** Tokens by kind. Kinds are subsets of the total they stand beside: what is in none of them is plain text. */
export type Details = Readonly<Record<string, number>>;

/** What a call used: tokens, and what the client says they cost (USD, decimal). */
export interface Usage {
  readonly input: number;
  readonly output: number;
  readonly total: number;
  readonly inputDetails: Details;
  readonly outputDetails: Details;
  readonly inputCost?: string | undefined;
  readonly outputCost?: string | undefined;
  readonly totalCost?: string | undefined;
  readonly inputCostDetails?: Json | undefined;
  readonly outputCostDetails?: Json | undefined;
}

const INPUT = ['input_tokens', 'prompt_tokens', 'promptTokens', 'inputTokens', 'promptTokenCount'];
const OUTPUT = ['output_tokens', 'completion_tokens', 'completionTokens', 'outputTokens', 'candidatesTokenCount'];
const TOTAL = ['total_tokens', 'totalTokens', 'totalTokenCount'];
const INPUT_DETAILS = ['input_token_details', 'prompt_tokens_details', 'input_tokens_details', 'prompt_token_details', 'inputTokenDetails'];
const OUTPUT_DETAILS = [
  'output_token_details',
  'completion_tokens_details',
  'output_tokens_details',
  'completion_token_details',
  'outputTokenDetails',
];
const CACHE_READ = ['cache_read_input_tokens', 'cachedInputTokens', 'cachedContentTokenCount', 'cached_tokens'];
const CACHE_WRITE = ['cache_creation_input_tokens', 'cache_write_input_tokens'];
const REASONING = ['reasoning_tokens', 'reasoningTokens', 'thoughtsTokenCount'];

const SAME_KIND = new Map([
  ['cached', 'cache_read'],
  ['cache_write', 'cache_creation'],
  ['cached_input', 'cache_read'],
  ['cache_read_input', 'cache_read'],
  ['cache_creation_input', 'cache_creation'],
]);
const MOST_KINDS = 32;

/** One shape for what the vendors and SDKs call usage: LangSmith's own, OpenAI's two, Anthropic's, Gemini's, LangChain's, the AI SDK's. */
export function usageOf(value: unknown): Usage | undefined {
  const said = objectOf(value);
  if (said === undefined) return undefined;
  const input = firstOf(said, INPUT, countOf);
  const output = firstOf(said, OUTPUT, countOf);
  const total = firstOf(said, TOTAL, tokensOf);
  if (input === undefined && output === undefined && total === undefined) return undefined;
  const inputDetails = detailsIn(said, INPUT_DETAILS, INPUT);
  const outputDetails = detailsIn(said, OUTPUT_DETAILS, OUTPUT);
  keep(inputDetails, 'cache_read', firstOf(said, CACHE_READ, tokensOf));
  keep(inputDetails, 'cache_creation', firstOf(said, CACHE_WRITE, tokensOf));
  keepLifetimes(inputDetails, objectOf(said['cache_creation']));
  keep(outputDetails, 'reasoning', firstOf(said, REASONING, tokensOf));
  // Gemini counts its thoughts beside the answer; everybody else within it.
  const thoughts = tokensOf(said['thoughtsTokenCount']) ?? 0;
  const answered = (output ?? Math.max(0, (total ?? 0) - (input ?? 0) - thoughts)) + thoughts;
  const read = (input ?? Math.max(0, (total ?? 0) - answered)) + besideTheInput(said, inputDetails, input ?? 0, answered, total);
  return {
    input: bounded(read),
    output: bounded(answered),
    total: bounded(Math.max(total ?? 0, read + answered)),
    inputDetails: Object.fromEntries(inputDetails),
    outputDetails: Object.fromEntries(outputDetails),
    inputCost: usdOf(said['input_cost']),
    outputCost: usdOf(said['output_cost']),
    totalCost: usdOf(said['total_cost']),
    inputCostDetails: objectOf(said['input_cost_details']),
    outputCostDetails: objectOf(said['output_cost_details']),
  };
}

/** Several calls in one run, as one. */
export function added(a: Usage | undefined, b: Usage | undefined): Usage | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return {
    input: bounded(a.input + b.input),
    output: bounded(a.output + b.output),
    total: bounded(a.total + b.total),
    inputDetails: addedDetails(a.inputDetails, b.inputDetails),
    outputDetails: addedDetails(a.outputDetails, b.outputDetails),
  };
}

const bounded = (tokens: number): number => Math.min(tokens, MOST_TOKENS);

function addedDetails(a: Details, b: Details): Details {
  const sum = new Map(Object.entries(a));
  for (const [kind, tokens] of Object.entries(b)) sum.set(kind, (sum.get(kind) ?? 0) + tokens);
  return Object.fromEntries(sum);
}

/**
 * Anthropic's own figures leave what was cached out of `input_tokens`; then it is added, so that details are subsets everywhere. Told by the names
 * it uses, by a total that only so adds up, or by more having been cached than there was input.
 */
function besideTheInput(
  said: Json,
  details: ReadonlyMap<string, number>,
  input: number,
  output: number,
  total: number | undefined,
): number {
  const cached = (details.get('cache_read') ?? 0) + (details.get('cache_creation') ?? 0);
  if (cached === 0) return 0;
  const itsNames =
    Object.hasOwn(said, 'input_tokens') && (Object.hasOwn(said, CACHE_READ[0] ?? '') || Object.hasOwn(said, CACHE_WRITE[0] ?? ''));
  const exclusive = cached > input || (total === undefined ? itsNames : total === input + output + cached);
  return exclusive ? cached : 0;
}

/** A count, or the AI SDK's `{ total, cacheRead, … }`. */
const countOf = (value: unknown): number | undefined => tokensOf(value) ?? tokensOf(objectOf(value)?.['total']);

function detailsIn(said: Json, places: readonly string[], totals: readonly string[]): Map<string, number> {
  const details = new Map<string, number>();
  const given = firstOf(said, places, objectOf) ?? firstOf(said, totals, objectOf);
  if (given === undefined) return details;
  let seen = 0;
  for (const key in given) {
    if (++seen > MOST_KINDS) break;
    const kind = kindOf(key);
    if (kind !== undefined) keep(details, kind, tokensOf(given[key]));
  }
  return details;
}

/** `cached_tokens`, `cacheReadTokens` and `cache_read` are one kind. */
function kindOf(key: string): string | undefined {
  if (key === 'total' || key.length > 64 || !/^[a-zA-Z][a-zA-Z0-9_]*$/.test(key)) return undefined;
  const plain = /[A-Z]/.test(key) ? key.replaceAll(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`) : key;
  const kind = plain.endsWith('_tokens') ? plain.slice(0, -7) : plain;
  // The rest, by another name: it is what the kinds leave.
  if (kind === 'no_cache' || kind === 'text') return undefined;
  return SAME_KIND.get(kind) ?? kind;
}

function keep(details: Map<string, number>, kind: string, tokens: number | undefined): void {
  if (tokens !== undefined && tokens > 0 && !details.has(kind)) details.set(kind, tokens);
}

/** Anthropic says how long what it wrote to its cache lives: an hour costs more than five minutes. `cache_creation_1h` is part of `cache_creation`. */
function keepLifetimes(details: Map<string, number>, lifetimes: Json | undefined): void {
  const of = (key: string): number => details.get(`${key}_input`) ?? tokensOf(lifetimes?.[`${key}_input_tokens`]) ?? 0;
  const [short, long] = [of('ephemeral_5m'), of('ephemeral_1h')];
  details.delete('ephemeral_5m_input');
  details.delete('ephemeral_1h_input');
  if (short + long > (details.get('cache_creation') ?? 0)) details.set('cache_creation', short + long);
  keep(details, 'cache_creation_1h', long);
}
