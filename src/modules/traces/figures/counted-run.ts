import { picoOf } from '../prices/money.ts';
import { RUN_TYPES, type RunType } from '../run/run-type.ts';
import { BY_MINUTE, GRAINS, LONGEST_VALUE, MOST_TAGS, ROOTS, type Dimension, type Grain } from './dimension.ts';
import { binOf } from './sketch.ts';
import type { Tallies, Tally } from './tally.ts';

/** Of a run, what figures are made of. Times are microseconds since 1970. */
export interface CountedRun {
  readonly projectNo: number;
  readonly isRoot: boolean;
  readonly runType: RunType;
  readonly isError: boolean;
  readonly startTime: number;
  readonly endTime: number;
  readonly firstTokenTime: number | null;
  readonly name: string | null;
  readonly model: string | null;
  readonly user: string | null;
  readonly prompt: string | null;
  readonly tags: readonly string[];
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly totalTokens: number | null;
  readonly promptCost: string | null;
  readonly completionCost: string | null;
  readonly totalCost: string | null;
  /** trace_runs.usage */
  readonly usage: string | null;
}

/** What a run adds, ready to be added wherever it belongs. */
interface Addition {
  readonly run: CountedRun;
  /** How many runs it stands for: a client that sends one in ten sends it for ten. */
  readonly weight: number;
  readonly isCall: boolean;
  readonly latencyBin: number;
  readonly firstTokenBin: number | null;
  readonly costs: readonly [bigint, bigint, bigint];
  readonly details: { readonly cached: number; readonly written: number; readonly reasoning: number; readonly audio: number };
}

/** The rarest sample that is believed: one run in a million. */
const MOST_WEIGHT = 1e6;

export const isCallOf = (runType: RunType): boolean => runType === 'llm' || runType === 'embedding';
export const runTypeOf = (no: number): RunType => RUN_TYPES[no] ?? 'chain';

/** Counts a completed run wherever it belongs: in every dimension, by hour and day, and by minute where it began after `minutesFrom` (µs). */
export function count(tallies: Tallies, run: CountedRun, minutesFrom: number): void {
  const addition = additionOf(run);
  visit(tallies, run, minutesFrom, (tally, dimension) =>
    // Of a user or a tag, how long whole traces took: a mixture of tools and models would say nothing.
    addTo(tally, addition, (dimension !== 'user' && dimension !== 'tag') || run.isRoot),
  );
}

/** A run that was counted without a price has one now. */
export function countPrice(tallies: Tallies, run: CountedRun, minutesFrom: number): void {
  const { weight, costs } = additionOf(run);
  visit(tallies, run, minutesFrom, (tally) => {
    tally.counts.unpriced -= weight;
    addCosts(tally, costs);
  });
}

/** Counts a run in one place. `times`: its latency too. */
export const countIn = (tally: Tally, run: CountedRun, times: boolean): void => addTo(tally, additionOf(run), times);

/** The grains by which a run is counted: by minute only where it began after `minutesFrom` (µs). */
export const grainsOf = (startTime: number, minutesFrom: number): readonly Grain[] => (startTime < minutesFrom ? COARSE : GRAINS);
const COARSE = GRAINS.filter((grain) => grain !== 60);

/** The stretch of a grain that holds a time (µs), by its beginning in milliseconds since 1970. */
export const bucketOf = (startTime: number, grain: Grain): number => Math.floor(startTime / 1_000 / (grain * 1_000)) * grain * 1_000;

function visit(tallies: Tallies, run: CountedRun, minutesFrom: number, each: (tally: Tally, dimension: Dimension) => void): void {
  const { projectNo, startTime } = run;
  for (const grain of grainsOf(startTime, minutesFrom)) {
    const bucket = bucketOf(startTime, grain);
    const stretch = tallies.stretch(projectNo, grain, bucket);
    const at = (dimension: Dimension, value: string | null): void => {
      if (value !== null && (grain !== 60 || BY_MINUTE.has(dimension)))
        each(tallies.in(stretch, projectNo, grain, dimension, bucket, cut(value)), dimension);
    };
    if (run.isRoot) at('trace', ROOTS);
    at('run_type', run.runType);
    if (isCallOf(run.runType)) at('model', run.model);
    at('name', run.name);
    at('prompt', run.prompt);
    at('user', run.user);
    if (run.tags.length > 0 && grain !== 60) for (const tag of new Set(run.tags.slice(0, MOST_TAGS).map(cut))) at('tag', tag);
  }
}

/** Not in the middle of a character. Nothing would mean "the others". */
const cut = (value: string): string =>
  value === '' ? ' ' : value.length <= LONGEST_VALUE ? value : value.slice(0, LONGEST_VALUE).replace(/[\ud800-\udbff]$/, '');

function additionOf(run: CountedRun): Addition {
  const usage = run.usage === null ? undefined : usageOf(run.usage);
  const weight = Math.min(MOST_WEIGHT, timesOf(usage?.sample_rate) * (run.isError ? 1 : timesOf(usage?.kept_share)));
  const isCall = isCallOf(run.runType);
  const scaled = (cost: string | null): bigint => {
    const pico = cost === null || !isCall ? 0n : (picoOf(cost) ?? 0n);
    return weight === 1 ? pico : BigInt(Math.round(Number(pico) * weight));
  };
  return {
    run,
    weight,
    isCall,
    latencyBin: binOf(run.endTime - run.startTime),
    firstTokenBin: run.firstTokenTime === null ? null : binOf(run.firstTokenTime - run.startTime),
    costs: [scaled(run.promptCost), scaled(run.completionCost), scaled(run.totalCost)],
    details: {
      cached: usage?.input_token_details?.['cache_read'] ?? 0,
      written: usage?.input_token_details?.['cache_creation'] ?? 0,
      reasoning: usage?.output_token_details?.['reasoning'] ?? 0,
      audio: (usage?.input_token_details?.['audio'] ?? 0) + (usage?.output_token_details?.['audio'] ?? 0),
    },
  };
}

const timesOf = (share: unknown): number => (typeof share === 'number' && share > 0 && share < 1 ? 1 / share : 1);

interface KeptUsage {
  readonly input_token_details?: Readonly<Record<string, number>>;
  readonly output_token_details?: Readonly<Record<string, number>>;
  readonly price?: string;
  readonly service_tier?: string;
  readonly sample_rate?: number;
  /** Of those that did not fail. */
  readonly kept_share?: number;
}

/** As content/ wrote it; what another wrote there counts as nothing. */
export function usageOf(text: string): KeptUsage | undefined {
  try {
    return (JSON.parse(text) as KeptUsage | null) ?? undefined;
  } catch {
    return undefined;
  }
}

function addTo(tally: Tally, { run, weight, isCall, latencyBin, firstTokenBin, costs, details }: Addition, times: boolean): void {
  const { counts, latency, firstToken } = tally;
  counts.runs += weight;
  counts.counted += 1;
  if (run.isRoot) counts.traces += weight;
  if (run.isError) counts.errors += weight;
  const sketched = Math.max(1, Math.round(weight));
  if (times) latency.addTo(latencyBin, sketched);
  if (firstTokenBin !== null) {
    counts.streamed += weight;
    firstToken.addTo(firstTokenBin, sketched);
  }
  if (!isCall) return;
  counts.calls += weight;
  // A call that failed before it used anything costs nothing that anybody should look for.
  if (run.totalCost === null && (run.totalTokens !== null || !run.isError)) counts.unpriced += weight;
  counts.prompt_tokens += (run.promptTokens ?? 0) * weight;
  counts.completion_tokens += (run.completionTokens ?? 0) * weight;
  counts.total_tokens += (run.totalTokens ?? 0) * weight;
  counts.cached_tokens += details.cached * weight;
  counts.cache_write_tokens += details.written * weight;
  counts.reasoning_tokens += details.reasoning * weight;
  counts.audio_tokens += details.audio * weight;
  addCosts(tally, costs);
}

function addCosts({ costs }: Tally, [prompt, completion, total]: Addition['costs']): void {
  costs.prompt_cost += prompt;
  costs.completion_cost += completion;
  costs.total_cost += total;
}
