import { messageOf } from '../../../../base/errors.ts';
import type { Outbound } from '../../../../outbound/index.ts';
import type { OwnFunction } from '../own-function.ts';
import type { Answered, Score, Scorer, Unscored } from './scorer.ts';

const MOST_BYTES = 1_048_576;

/** A function of the user's own: `({ inputs, expected, outputs, exampleId }) => score`. */
export const ownFunction =
  (key: string, score: OwnFunction): Scorer =>
  (answered, signal) =>
    said(key, signal, async () => score(shown(answered)));

/** A command: the same as JSON on its standard input, the score on its standard output. */
export const ownCommand =
  (
    key: string,
    line: string,
    options: {
      readonly outbound: Pick<Outbound, 'run'>;
      readonly timeoutMs: number;
      readonly environment: Readonly<Record<string, string>>;
    },
  ): Scorer =>
  (answered, signal) =>
    said(key, signal, async () => {
      const { environment, outbound, timeoutMs } = options;
      const input = JSON.stringify(shown(answered));
      const ran = await outbound.run({ command: line, input, environment, timeoutMs, mostBytes: MOST_BYTES, signal });
      if (ran.exitCode !== 0) throw new Error(`exit status ${ran.exitCode ?? 'none'}: ${ran.output.slice(-300).trim()}`);
      return JSON.parse(ran.printed) as unknown;
    });

const parsed = (text: string | null): unknown => (text === null ? null : JSON.parse(text));
const shown = ({ exampleId, inputs, expected, outputs }: Answered) => ({
  exampleId,
  inputs: parsed(inputs),
  expected: parsed(expected),
  outputs: parsed(outputs),
});

async function said(key: string, signal: AbortSignal, score: () => Promise<unknown>): Promise<readonly (Score | Unscored)[]> {
  try {
    return scoresIn(key, await score());
  } catch (error) {
    signal.throwIfAborted();
    return [{ key, unscored: messageOf(error).slice(0, 500) }];
  }
}

/**
 * What a scorer of the user's own may say: a number, true or false, `{"score": …, "key"?, "comment"?}` as LangSmith's evaluators do, a list of these, or
 * nothing (null).
 */
export function scoresIn(key: string, value: unknown): readonly (Score | Unscored)[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap((one) => scoresIn(key, one));
  if (typeof value === 'number' && Number.isFinite(value)) return [{ key, score: value, because: '' }];
  if (typeof value === 'boolean') return [{ key, score: Number(value), because: '' }];
  const { comment, key: named, score } = (typeof value === 'object' ? value : {}) as Readonly<Record<string, unknown>>;
  const under = typeof named === 'string' && named !== '' ? named.slice(0, 200) : key;
  if (score === null) return [];
  if ((typeof score === 'number' && Number.isFinite(score)) || typeof score === 'boolean')
    return [{ key: under, score: Number(score), because: typeof comment === 'string' ? comment.slice(0, 4_000) : '' }];
  return [{ key: under, unscored: `it said ${(JSON.stringify(value) ?? 'nothing').slice(0, 100)}, which is no score` }];
}
