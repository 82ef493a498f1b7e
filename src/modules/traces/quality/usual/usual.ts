import { fail, pass, type Verdict } from '../checks/check.ts';

/** What is usual for a model in a project. */
export interface Usual {
  /** Runs it is known from. */
  readonly runs: number;
  /** The 99th percentile of what they took. */
  readonly seconds: number;
  /** Of them, runs whose cost is known. */
  readonly priced: number;
  /** USD; the 99th percentile. */
  readonly cost: number | null;
}

/** Of fewer runs the 99th percentile is one or two of them. */
export const FEWEST_RUNS = 200;
/** Beyond so many times the 99th percentile: waiting times have long tails, and one run in a hundred lies above it by definition. */
const TIMES = 2;
/** Nobody looks at what took or cost less, however rare it is. */
const LEAST_SECONDS = 1;
const LEAST_USD = 0.001;

export const USUAL_KEYS = ['usual_latency', 'usual_cost'] as const;
export type UsualKey = (typeof USUAL_KEYS)[number];

interface Measured {
  readonly model: string | null;
  readonly seconds: number;
  /** USD; null: nobody knows. */
  readonly cost: number | null;
}

const RULES: Readonly<Record<UsualKey, (run: Measured, usual: Usual) => Verdict | undefined>> = {
  usual_latency: ({ model, seconds }, usual) =>
    usual.runs < FEWEST_RUNS
      ? undefined
      : seconds > Math.max(LEAST_SECONDS, TIMES * usual.seconds)
        ? fail(
            0,
            `it took ${seconds.toFixed(1)} s; of the last ${usual.runs} runs of ${model} here 99 % took ${usual.seconds.toFixed(1)} s at most`,
          )
        : pass('it took no longer than usual'),
  usual_cost: ({ cost, model }, usual) =>
    cost === null || usual.cost === null || usual.priced < FEWEST_RUNS
      ? undefined
      : cost > Math.max(LEAST_USD, TIMES * usual.cost)
        ? fail(
            0,
            `it cost $${cost.toFixed(4)}; of the last ${usual.priced} runs of ${model} here 99 % cost $${usual.cost.toFixed(4)} at most`,
          )
        : pass('it cost no more than usual'),
};

/** Judges a run by what is usual for its model in its project; where too little is known of that, says nothing. */
export const judgeByUsual = (
  run: Measured,
  usual: Usual | undefined,
  keys: readonly UsualKey[],
): readonly (Verdict & { readonly key: UsualKey })[] =>
  usual === undefined
    ? []
    : keys.flatMap((key) => {
        const verdict = RULES[key](run, usual);
        return verdict === undefined ? [] : [{ key, ...verdict }];
      });
