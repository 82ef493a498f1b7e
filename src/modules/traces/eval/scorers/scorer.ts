import type { JsonText } from '../../run/operation.ts';

/** What is scored: an example, and what the target made of it. */
export interface Answered {
  readonly exampleId: string;
  /** The run under which it is kept. */
  readonly runId: string;
  readonly inputs: JsonText;
  /** What should have come; null: nobody said. */
  readonly expected: JsonText | null;
  /** What came; null: the target failed. */
  readonly outputs: JsonText | null;
}

export interface Score {
  readonly key: string;
  /** 0 to 1 where 1 is good, but for scorers of the user's own. */
  readonly score: number;
  readonly because: string;
  /** Who says so, where it is not a program: the run of the model's call. */
  readonly saidIn?: string | undefined;
}

/** A score that should be there and could not be given, and why. It is missing, and not zero. */
export interface Unscored {
  readonly key: string;
  readonly unscored: string;
}

/** Nothing where there is nothing to judge: the target failed, or nobody said what was expected. Throws only where the signal ended it. */
export type Scorer = (answered: Answered, signal: AbortSignal) => Promise<readonly (Score | Unscored)[]>;

/** Of one text or value, decided here and at once. */
export type Plain = (answered: Answered) => Omit<Score, 'key'> | undefined;

export const plain =
  (key: string, score: Plain): Scorer =>
  (answered) => {
    const found = score(answered);
    return Promise.resolve(found === undefined ? [] : [{ key, ...found }]);
  };

export const yesOrNo = (isGood: boolean, good: string, bad: string): Omit<Score, 'key'> => ({
  score: Number(isGood),
  because: isGood ? good : bad,
});
