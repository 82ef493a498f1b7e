import { BUILT_IN_PRICES, tierIn, type Prices, type ServiceTier } from '../prices/index.ts';
import { decimal, picoOf } from '../prices/money.ts';
import type { JsonText, Micros } from '../run/operation.ts';
import type { RunType } from '../run/run-type.ts';
import { firstTokenTime } from './first-token.ts';
import { answeringModel, usageIn } from './places.ts';
import type { Usage } from './usage.ts';
import { firstOf, nameOf, objectOf, parsed, type Json } from './values.ts';

export interface RunSaid {
  readonly runType?: RunType | undefined;
  readonly startTime?: Micros | undefined;
  readonly inputs?: JsonText | undefined;
  readonly outputs?: JsonText | undefined;
  readonly extra?: JsonText | undefined;
  readonly events?: JsonText | undefined;
  /** The share of runs that this server keeps, where it is among them: 0 < share < 1. Of those that failed it keeps all, where `keepsErrors`. */
  readonly kept?: { readonly share: number; readonly keepsErrors: boolean } | undefined;
}

/** What a run's JSON says that figures and filters need. Costs are USD, exact decimal texts. */
export interface RunFacts {
  readonly model?: string | undefined;
  readonly provider?: string | undefined;
  readonly promptTokens?: number | undefined;
  readonly completionTokens?: number | undefined;
  readonly totalTokens?: number | undefined;
  /** As usageText makes it. */
  readonly usage?: JsonText | undefined;
  readonly inputCost?: string | undefined;
  readonly outputCost?: string | undefined;
  readonly totalCost?: string | undefined;
  readonly threadId?: string | undefined;
  readonly userId?: string | undefined;
  readonly prompt?: string | undefined;
  readonly firstTokenTime?: Micros | undefined;
  /** The share of runs that the client sends, where it sends not all: 0 < rate < 1. */
  readonly sampleRate?: number | undefined;
}

const THREAD = ['thread_id', 'session_id', 'conversation_id'];
const USER = ['user_id', 'userId', 'ls_user_id', 'user'];
const PROMPT = ['prompt_name', 'ls_prompt_name', 'lc_hub_repo'];
/** Parsing is 200 MB/s: what is larger holds no such facts, or not for this price. */
const LONGEST_PARSED = 4_194_304;

const NOTHING: RunFacts = {};

/**
 * Reads them where the SDKs put them. Never throws, whatever is sent; about 8 µs for a run of 0.9 KB. Only calls of models carry tokens: a chain that
 * returns what its model returned would count them twice. Where the run's type is not said they are given, and whoever knows it decides.
 */
export function factsOf(said: RunSaid, prices: Prices = BUILT_IN_PRICES): RunFacts {
  const { runType, startTime } = said;
  const extra = objectOf(short(said.extra));
  const metadata = objectOf(extra?.['metadata']);
  const calls = runType === undefined || runType === 'llm' || runType === 'embedding';
  const outputs = calls && mayTell(said.outputs) ? objectOf(short(said.outputs)) : undefined;
  if (extra === undefined && outputs === undefined && said.events === undefined && said.kept === undefined) return NOTHING;
  const asked = calls && extra !== undefined ? askedModel(extra, metadata) : undefined;
  const answering = calls ? answeringModel(outputs) : undefined;
  const provider = nameOf(metadata?.['ls_provider'], 64);
  const usage = calls ? usageIn(metadata, outputs) : undefined;
  const model = asked ?? answering;
  const tier = usage === undefined ? undefined : tierIn(said.outputs, usage.inputDetails, usage.outputDetails);
  const cost = usage === undefined ? undefined : costOf(usage, prices, { provider, asked, answering, at: startTime, tier });
  const sampleRate = rateOf(metadata?.['ls_tracing_sample_rate']);
  return {
    model,
    provider,
    promptTokens: usage?.input,
    completionTokens: usage?.output,
    totalTokens: usage?.total,
    usage: usageText(usage, { price: cost?.source, tier }, sampleRate, said.kept),
    inputCost: cost?.inputCost,
    outputCost: cost?.outputCost,
    totalCost: cost?.totalCost,
    threadId: metadata && firstOf(metadata, THREAD, nameOf512),
    userId: metadata && firstOf(metadata, USER, nameOf512),
    prompt: metadata && firstOf(metadata, PROMPT, nameOf512),
    firstTokenTime: firstTokenTime(said.events, startTime),
    sampleRate,
  };
}

const nameOf512 = (value: unknown): string | undefined => nameOf(value, 512);

const short = (text: JsonText | undefined): unknown => (text !== undefined && text.length <= LONGEST_PARSED ? parsed(text) : undefined);

/** Whether parsing is worth its time. */
const mayTell = (outputs: JsonText | undefined): outputs is JsonText =>
  outputs !== undefined && (outputs.includes('"usage') || outputs.includes('"model') || outputs.includes('oken'));

function askedModel(extra: Json, metadata: Json | undefined): string | undefined {
  const named = nameOf(metadata?.['ls_model_name']);
  if (named !== undefined) return named;
  const params = objectOf(extra['invocation_params']) ?? objectOf(metadata?.['ls_invocation_params']);
  return params && firstOf(params, ['model', 'model_name', 'modelId', 'azure_deployment'], nameOf);
}

/** What the client says it cost; else what the table says of the model that was asked, or by its own words answered. */
function costOf(
  usage: Usage,
  prices: Prices,
  {
    answering,
    asked,
    at,
    provider,
    tier,
  }: {
    readonly provider: string | undefined;
    readonly asked: string | undefined;
    readonly answering: string | undefined;
    readonly at: Micros | undefined;
    readonly tier: ServiceTier | undefined;
  },
): { inputCost?: string | undefined; outputCost?: string | undefined; totalCost?: string | undefined; source: string } | undefined {
  const { inputCost, outputCost } = usage;
  const said = usage.totalCost ?? sum(inputCost, outputCost);
  if (said !== undefined) return { inputCost, outputCost, totalCost: said, source: 'client' };
  for (const model of asked === answering ? [asked] : [asked, answering]) {
    const price = model === undefined ? undefined : prices.priceOf({ provider, model, at, usage, tier });
    if (price !== undefined) return price;
  }
  return undefined;
}

function sum(a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined && b === undefined ? undefined : decimal((picoOf(a) ?? 0n) + (picoOf(b) ?? 0n));
}

function rateOf(value: unknown): number | undefined {
  const rate = typeof value === 'string' ? Number.parseFloat(value) : value;
  return typeof rate === 'number' && rate > 0 && rate < 1 ? rate : undefined;
}

/** What `trace_runs.usage` keeps: kinds of tokens and costs, which are subsets, where the price came from, and how the run was sampled. */
export function usageText(
  usage: Usage | undefined,
  { price, tier }: { readonly price: string | undefined; readonly tier: ServiceTier | undefined },
  sampleRate: number | undefined,
  sampled: RunSaid['kept'],
): JsonText | undefined {
  const kept: Record<string, unknown> = {};
  if (usage !== undefined) {
    if (hasKeys(usage.inputDetails)) kept['input_token_details'] = usage.inputDetails;
    if (hasKeys(usage.outputDetails)) kept['output_token_details'] = usage.outputDetails;
    if (price === 'client') {
      if (hasKeys(usage.inputCostDetails)) kept['input_cost_details'] = amounts(usage.inputCostDetails);
      if (hasKeys(usage.outputCostDetails)) kept['output_cost_details'] = amounts(usage.outputCostDetails);
    }
  }
  // Where the model comes later, its price is looked up with it.
  if (tier !== undefined) kept['service_tier'] = tier;
  if (price !== undefined) kept['price'] = price;
  const rate = (sampleRate ?? 1) * (sampled === undefined || sampled.keepsErrors ? 1 : sampled.share);
  if (rate < 1) kept['sample_rate'] = rate;
  if (sampled?.keepsErrors === true) kept['kept_share'] = sampled.share;
  return hasKeys(kept) ? JSON.stringify(kept) : undefined;
}

function hasKeys(object: Json | undefined): object is Json {
  for (const _ in object) return true;
  return false;
}

/** Numbers only, and not more than a few: a client may send anything. */
const amounts = (details: Json): Json =>
  Object.fromEntries(
    Object.entries(details)
      .filter(([kind, amount]) => kind.length <= 64 && typeof amount === 'number')
      .slice(0, 32),
  );
