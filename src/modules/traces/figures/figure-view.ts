import { z } from 'zod';
import { decimal } from '../prices/money.ts';
import type { Sketch } from './sketch.ts';
import { isCostKnown, type Tally } from './tally.ts';

const count = (what: string) => z.number().describe(what);
const seconds = (what: string) => z.number().nullable().describe(`${what}; null: of no run`);
const usd = (what: string) =>
  z.string().nullable().describe(`${what}, USD, an exact decimal; null: there are calls, and the cost of none is known`);

/** What some runs add up to, as the API says it. */
export const FigureView = z.object({
  runs: count('Runs; an estimate where a client samples'),
  traces: count('Of them, roots'),
  calls: count('Of them, calls of models'),
  errors: count('Of them, failed'),
  error_rate: z.number().nullable(),
  latency_p50_seconds: seconds('Half of the runs took no longer'),
  latency_p90_seconds: seconds('90 % took no longer'),
  latency_p95_seconds: seconds('95 % took no longer'),
  latency_p99_seconds: seconds('99 % took no longer'),
  first_token_p50_seconds: seconds('Half of those that stream had their first token by then'),
  first_token_p95_seconds: seconds('95 % had their first token by then'),
  first_token_p99_seconds: seconds('99 % had their first token by then'),
  streamed: count('Runs that tell when their first token came'),
  prompt_tokens: count('Tokens of the prompts'),
  completion_tokens: count('Tokens of the answers'),
  total_tokens: count('Both'),
  cached_tokens: count('Of the prompts: read from the provider’s cache'),
  cache_write_tokens: count('Of the prompts: written to the provider’s cache'),
  reasoning_tokens: count('Of the answers: thoughts'),
  audio_tokens: count('Of both: audio'),
  prompt_cost: usd('What the prompts cost'),
  completion_cost: usd('What the answers cost'),
  total_cost: usd('What the calls cost whose price is known'),
  cost_per_hour: usd('The same by hour of the range'),
  unpriced_runs: count('Calls whose cost nobody knows: they are not in the costs'),
});
export type Figures = z.output<typeof FigureView>;

export function figureView(tally: Tally, hours: number): Figures {
  const { counts, costs, latency, firstToken } = tally;
  const cost = (pico: bigint): string | null => (isCostKnown(tally) ? decimal(pico) : null);
  return {
    runs: tidy(counts.runs),
    traces: tidy(counts.traces),
    calls: tidy(counts.calls),
    errors: tidy(counts.errors),
    error_rate: counts.runs > 0 ? Number((counts.errors / counts.runs).toPrecision(6)) : null,
    latency_p50_seconds: quantile(latency, 0.5),
    latency_p90_seconds: quantile(latency, 0.9),
    latency_p95_seconds: quantile(latency, 0.95),
    latency_p99_seconds: quantile(latency, 0.99),
    first_token_p50_seconds: quantile(firstToken, 0.5),
    first_token_p95_seconds: quantile(firstToken, 0.95),
    first_token_p99_seconds: quantile(firstToken, 0.99),
    streamed: tidy(counts.streamed),
    prompt_tokens: tidy(counts.prompt_tokens),
    completion_tokens: tidy(counts.completion_tokens),
    total_tokens: tidy(counts.total_tokens),
    cached_tokens: tidy(counts.cached_tokens),
    cache_write_tokens: tidy(counts.cache_write_tokens),
    reasoning_tokens: tidy(counts.reasoning_tokens),
    audio_tokens: tidy(counts.audio_tokens),
    prompt_cost: cost(costs.prompt_cost),
    completion_cost: cost(costs.completion_cost),
    total_cost: cost(costs.total_cost),
    cost_per_hour: cost(hours > 0 ? BigInt(Math.round(Number(costs.total_cost) / hours)) : 0n),
    unpriced_runs: Math.max(0, tidy(counts.unpriced)),
  };
}

/** Estimates come as 333.3333333: nobody wants their digits. */
const tidy = (value: number): number => Math.round(value * 100) / 100;

function quantile(sketch: Sketch, q: number): number | null {
  const micros = sketch.quantile(q);
  return micros === undefined ? null : Number((micros / 1e6).toPrecision(4));
}
